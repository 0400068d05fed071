//! Scopes of grants: for each, what is inside of it works, and what is outside is refused with a code that stays.
//!
//! It attacks nothing else of the kernel: the other groups do.

use serde_json::json;

use super::TURN;
use crate::kernel::{Answer, Kernel, Setup, wait_until};

/// One thing that is tried with a grant.
pub struct Case {
    /// `sql.tables`.
    pub scope: &'static str,
    /// What is granted, as documented.
    pub granted: &'static str,
    /// What is tried, as documented.
    pub tried: &'static str,
    how: How,
    gets: Gets,
}

enum How {
    /// A request to this path.
    Path(&'static str),
    /// A statement of the plugin with the tables, as its own login.
    Own(&'static str),
    /// A statement in this mode, of the plugin that was granted `own` only.
    Mode(&'static str),
    /// What the plugin with `dispatch` asks: a method and a path.
    Ask(&'static str, &'static str),
    /// Loading a plugin. Its code, its manifest, what it is granted.
    Load(&'static str, &'static str, &'static str),
}

pub enum Gets {
    /// It works.
    Inside,
    /// It is refused with this code.
    Outside(&'static str),
}

const fn inside(scope: &'static str, granted: &'static str, tried: &'static str, how: How) -> Case {
    Case { scope, granted, tried, how, gets: Gets::Inside }
}

const fn outside(
    scope: &'static str,
    granted: &'static str,
    tried: &'static str,
    how: How,
    code: &'static str,
) -> Case {
    Case { scope, granted, tried, how, gets: Gets::Outside(code) }
}

const DENIED: &str = "42501";
const NOT_GRANTED: &str = "plugin.not-granted";

/// The plugin with the tables: one table for each verb, and one in another schema.
const TABLES: &str = "modes = [\"own\"]\ntables = { \"public.seen\" = [\"select\"], \"public.added\" = [\"insert\"], \
    \"public.changed\" = [\"update\"], \"public.deleted\" = [\"delete\"], \"shop.item\" = [\"select\"] }";

const PREPARE: &str = "create schema shop; create schema other;
    create table seen (id int); create table added (id int); create table changed (id int); create table deleted (id int);
    create table closed (id int); create table shop.item (id int); create table shop.price (id int);
    create table other.item (id int);
    alter table seen enable row level security; alter table added enable row level security;
    alter table changed enable row level security; alter table deleted enable row level security;
    create table orders (id int); create table shop.orders (id int);";

const fn own(scope: &'static str, granted: &'static str, sql: &'static str) -> Case {
    inside(scope, granted, sql, How::Own(sql))
}

const fn own_not(scope: &'static str, granted: &'static str, sql: &'static str) -> Case {
    outside(scope, granted, sql, How::Own(sql), DENIED)
}

const SELECT: &str = "\"public.seen\" = [\"select\"]";
const INSERT: &str = "\"public.added\" = [\"insert\"]";
const UPDATE: &str = "\"public.changed\" = [\"update\"]";
const DELETE: &str = "\"public.deleted\" = [\"delete\"]";
const ITEM: &str = "\"shop.item\" = [\"select\"]";
const SCHEMAS: &str = "schemas = [\"public\"]";
const MODES: &str = "modes = [\"own\"]";

const ROUTES: &str = "routes = [\"GET /grant/echo/{what}\"]";
const NAMES: &str = "names = [\"kept_word\"]";

const HTTP: &str = "[want.http]\n";
const FILTER: &str = "[filter]\nphases = [\"after\"]\nmounts = [\"/grant/filtered\"]\n[want.http]\nfilter = true\n";
const CALLER: &str = "[want.http]\n[want.sql]\nmodes = [\"caller\"]\n";
const SCHEMA: &str = "[want.http]\n[want.schema]\nschemas = [\"public\"]\n";
const DISPATCH: &str = "[want.http]\n[want.dispatch]\nroutes = [\"GET /grant/echo/{what}\"]\n";
const SECRET: &str = "[want.http]\n[want.secret]\nnames = [\"kept_word\"]\n";

const fn ask_not(tried: &'static str, method: &'static str, path: &'static str) -> Case {
    outside("dispatch.routes", ROUTES, tried, How::Ask(method, path), "dispatch.not-granted")
}

const fn secret_not(tried: &'static str, path: &'static str) -> Case {
    outside("secret.names", NAMES, tried, How::Path(path), "secret.not-granted")
}

pub const CASES: &[Case] = &[
    own("sql.tables", SELECT, "select id from public.seen"),
    own_not("sql.tables", SELECT, "insert into public.seen values (1)"),
    own_not("sql.tables", SELECT, "update public.seen set id = 2"),
    own_not("sql.tables", SELECT, "delete from public.seen"),
    own("sql.tables", INSERT, "insert into public.added values (1)"),
    own_not("sql.tables", INSERT, "select id from public.added"),
    own_not("sql.tables", INSERT, "insert into public.added values (1) returning id"),
    own_not("sql.tables", INSERT, "update public.added set id = 2"),
    own("sql.tables", UPDATE, "update public.changed set id = 2"),
    own_not("sql.tables", UPDATE, "update public.changed set id = id + 1"),
    own_not("sql.tables", UPDATE, "insert into public.changed values (1)"),
    own_not("sql.tables", UPDATE, "delete from public.changed"),
    own("sql.tables", DELETE, "delete from public.deleted"),
    own_not("sql.tables", DELETE, "select id from public.deleted"),
    own_not("sql.tables", DELETE, "truncate public.deleted"),
    own_not("sql.tables", DELETE, "update public.deleted set id = 2"),
    own("sql.tables", ITEM, "select id from shop.item"),
    own_not("sql.tables", ITEM, "select id from shop.price"),
    own_not("sql.tables", ITEM, "select id from other.item"),
    own_not("sql.tables", ITEM, "create table shop.mine (id int)"),
    own_not("sql.tables", ITEM, "alter table shop.item disable row level security"),
    own_not("sql.tables", ITEM, "grant select on shop.price to current_user"),
    inside("sql.modes", MODES, "a statement as `own`", How::Mode("own")),
    outside("sql.modes", MODES, "a statement as `caller`", How::Mode("caller"), "sql.not-granted"),
    outside("sql.modes", MODES, "a statement as `service`", How::Mode("service"), "sql.not-granted"),
    outside(
        "sql.modes",
        "modes = [\"caller\"], not trusted",
        "loading what wants `caller`",
        How::Load("sql", CALLER, "grant = { http = {}, sql = { modes = [\"caller\"] } }"),
        NOT_GRANTED,
    ),
    inside("schema.schemas", SCHEMAS, "a table of `public`", How::Path("/grant/schema/public/orders")),
    outside(
        "schema.schemas",
        SCHEMAS,
        "a table of `shop`",
        How::Path("/grant/schema/shop/orders"),
        "schema.not-granted",
    ),
    outside("schema.schemas", SCHEMAS, "the names in `shop`", How::Path("/grant/schema/shop/-"), "schema.not-granted"),
    outside(
        "schema.schemas",
        SCHEMAS,
        "a table of `shop`, looked up now",
        How::Path("/grant/schema/shop/now:orders"),
        "schema.not-granted",
    ),
    outside(
        "schema.schemas",
        "schemas = [\"shop\"]",
        "loading what wants `public`",
        How::Load("schema", SCHEMA, "grant = { http = {}, schema = { schemas = [\"shop\"] } }"),
        NOT_GRANTED,
    ),
    inside("dispatch.routes", ROUTES, "`GET /grant/echo/echo`", How::Ask("GET", "/grant/echo/echo")),
    ask_not("`DELETE /grant/echo/echo`", "DELETE", "/grant/echo/echo"),
    ask_not("`GET /grant/echo/echo/more`", "GET", "/grant/echo/echo/more"),
    ask_not("`GET /grant/echo/`", "GET", "/grant/echo/"),
    ask_not("`GET /grant/%65cho/echo`, the same route spelled otherwise", "GET", "/grant/%65cho/echo"),
    ask_not("`GET /grant/echo/../secret/kept_word`", "GET", "/grant/echo/../secret/kept_word"),
    ask_not("`GET /grant/secret/kept_word`, a route of another plugin", "GET", "/grant/secret/kept_word"),
    ask_not("`GET /api/v1/admin/plugins`, an endpoint of the kernel", "GET", "/api/v1/admin/plugins"),
    outside(
        "dispatch.routes",
        "routes = [\"POST /grant/echo/{what}\"]",
        "loading what wants `GET /grant/echo/{what}`",
        How::Load("dispatch", DISPATCH, "grant = { http = {}, dispatch = { routes = [\"POST /grant/echo/{what}\"] } }"),
        NOT_GRANTED,
    ),
    outside(
        "dispatch.routes",
        "routes = [\"GET /grant/echo/echo\"]",
        "loading what wants `GET /grant/echo/{what}`",
        How::Load("dispatch", DISPATCH, "grant = { http = {}, dispatch = { routes = [\"GET /grant/echo/echo\"] } }"),
        NOT_GRANTED,
    ),
    inside("secret.names", NAMES, "the secret `kept_word`", How::Path("/grant/secret/kept_word")),
    secret_not("the secret `other_word`, which is set", "/grant/secret/other_word"),
    secret_not("the secret `kept_wor`", "/grant/secret/kept_wor"),
    secret_not("the secret `KEPT_WORD`", "/grant/secret/KEPT_WORD"),
    secret_not("the secret `*`", "/grant/secret/*"),
    outside(
        "secret.names",
        "names = [\"other_word\"]",
        "loading what wants `kept_word`",
        How::Load("secret", SECRET, "grant = { http = {}, secret = { names = [\"other_word\"] } }"),
        NOT_GRANTED,
    ),
    inside(
        "http.filter",
        "filter = [\"/grant\"]",
        "a filter in front of `/grant/filtered`",
        How::Load("filter", FILTER, "grant = { http = { filter = [\"/grant\"] } }"),
    ),
    outside(
        "http.filter",
        "nothing",
        "a filter in front of `/grant/filtered`",
        How::Load("filter", FILTER, "grant = { http = {} }"),
        NOT_GRANTED,
    ),
    outside(
        "http.filter",
        "filter = [\"/grant/filtered/a\"]",
        "a filter in front of `/grant/filtered`",
        How::Load("filter", FILTER, "grant = { http = { filter = [\"/grant/filtered/a\"] } }"),
        NOT_GRANTED,
    ),
    outside(
        "http.filter",
        "filter = [\"/grant/filter\"]",
        "a filter in front of `/grant/filtered`",
        How::Load("filter", FILTER, "grant = { http = { filter = [\"/grant/filter\"] } }"),
        NOT_GRANTED,
    ),
    inside(
        "http.routes",
        "routes = [\"/grant/{*rest}\"]",
        "a route below `/grant`",
        How::Load("http", HTTP, "grant = { http = { routes = [\"/grant/{*rest}\"] } }"),
    ),
    outside(
        "http.routes",
        "routes = []",
        "a route below `/grant`",
        How::Load("http", HTTP, "grant = { http = { routes = [] } }"),
        NOT_GRANTED,
    ),
    outside(
        "http.routes",
        "routes = [\"/gran/{*rest}\"]",
        "a route below `/grant`",
        How::Load("http", HTTP, "grant = { http = { routes = [\"/gran/{*rest}\"] } }"),
        NOT_GRANTED,
    ),
    outside(
        "http.routes",
        "routes = [\"/grant/a/b/{what}\"]",
        "a route that takes in more of `/grant`",
        How::Load("http", HTTP, "grant = { http = { routes = [\"/grant/a/b/{what}\"] } }"),
        NOT_GRANTED,
    ),
];

fn route(name: &str) -> String {
    format!("[[route]]\nname = \"main\"\npath = \"/{name}\"\nmounts = [\"/grant\"]\n")
}

/// The plugin that a case loads.
fn id(at: usize) -> String {
    format!("case-{at}")
}

fn start() -> Kernel {
    let setup = Setup::new(&[], "");
    setup.sql(PREPARE);
    let mut config = String::new();
    let mut add = |id: &str, code: &str, manifest: &str, grant: &str| {
        setup.variant(code, id, manifest);
        config.push_str(&format!("[plugins.{id}]\n{grant}\n"));
    };
    let grant = |scope: &str| format!("grant.http = {{}}\n{scope}");
    let tables = TABLES.replace('\n', ", ");
    let manifest = format!("{}{HTTP}[want.sql]\n{TABLES}", route("own"));
    add("own", "neighbour", &manifest, &grant(&format!("grant.sql = {{ {tables} }}")));
    let manifest = format!("{}{HTTP}[want.sql]\n{MODES}", route("mode"));
    add("mode", "sql", &manifest, &grant(&format!("grant.sql = {{ {MODES} }}")));
    let manifest = format!("{}{SCHEMA}", route("schema/{schema}/{relation}"));
    add("schema", "schema", &manifest, &grant(&format!("grant.schema = {{ {SCHEMAS} }}")));
    add("echo", "http", &format!("{}{HTTP}", route("echo/{what}")), &grant(""));
    let manifest = format!("{}{DISPATCH}", route("ask"));
    add("ask", "dispatch", &manifest, &grant(&format!("grant.dispatch = {{ {ROUTES} }}")));
    let manifest = format!("{}{SECRET}", route("secret/{name}"));
    add("secret", "secret", &manifest, &grant(&format!("grant.secret = {{ {NAMES} }}")));
    for (at, case) in CASES.iter().enumerate() {
        if let How::Load(code, manifest, grant) = case.how {
            // A filter alone exports no handler.
            let route = if code == "filter" { String::new() } else { route(&format!("{}/{{what}}", id(at))) };
            add(&id(at), code, &format!("{route}{manifest}"), grant);
        }
    }
    setup.configure(&config);
    let kernel = setup.start();
    for name in ["kept_word", "other_word"] {
        assert_eq!(kernel.operate("PUT", &format!("secrets/{name}"), b"quiet").status, 204);
    }
    kernel
}

fn ask(kernel: &Kernel, how: &How) -> Answer {
    match how {
        How::Path(path) => kernel.get(path),
        How::Own(sql) => kernel.ask("POST", "/grant/own", &[], sql.as_bytes()),
        How::Mode(mode) => {
            kernel.post("/grant/mode", &json!({ "mode": mode, "end": "one", "statements": [["select 1", []]] }))
        }
        How::Ask(method, target) => kernel.post("/grant/ask", &json!({ "method": method, "target": target })),
        How::Load(..) => unreachable!("loading is no request"),
    }
}

/// What keeps a plugin from running, as the log says it at the start; empty when nothing does.
fn refusal(kernel: &Kernel, id: &str) -> String {
    let log = kernel.log.lock();
    let is_it = |line: &&str| line.contains("is not running") && line.contains(&format!("\"{id}\""));
    log.lines().find(is_it).unwrap_or_default().to_owned()
}

fn attempt(kernel: &Kernel, at: usize, case: &Case) -> Result<(), String> {
    let code = match case.gets {
        Gets::Inside => "",
        Gets::Outside(code) => code,
    };
    let (holds, found) = if matches!(case.how, How::Load(..)) {
        let found = refusal(kernel, &id(at));
        (if code.is_empty() { found.is_empty() } else { found.contains(code) }, found)
    } else {
        let answer = ask(kernel, &case.how);
        // Who asks answers with what it got, a problem too.
        let works = answer.status < 300 && !answer.text().contains("\"problem\"");
        let holds = if code.is_empty() { works } else { answer.text().contains(&format!("\"{code}\"")) };
        (holds, format!("{} {}", answer.status, answer.text()))
    };
    let Case { scope, granted, tried, .. } = case;
    if holds { Ok(()) } else { Err(format!("{scope}, granted {granted}: {tried}: {found}")) }
}

#[test]
fn what_is_inside_a_grant_works_and_what_is_outside_is_refused() {
    let _turn = TURN.lock();
    let kernel = start();
    // The log is read beside the kernel: the last plugin to be refused is the last line to wait for.
    let loads =
        CASES.iter().filter(|case| matches!((&case.how, &case.gets), (How::Load(..), Gets::Outside(_)))).count();
    wait_until("every refusal is logged", || kernel.log.lock().matches("is not running").count() >= loads);
    let attempts = CASES.iter().enumerate().map(|(at, case)| attempt(&kernel, at, case));
    let faults: Vec<_> = attempts.filter_map(Result::err).collect();
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), CASES.len(), faults.join("\n"));
}

#[test]
fn each_scope_has_a_case_inside_and_three_outside() {
    let scopes: std::collections::BTreeSet<_> = CASES.iter().map(|case| (case.scope, case.tried_with())).collect();
    for scope in scopes {
        let of = CASES.iter().filter(|case| (case.scope, case.tried_with()) == scope);
        let inside = of.clone().filter(|case| matches!(case.gets, Gets::Inside)).count();
        assert!(inside >= 1 && of.count() - inside >= 3, "{scope:?}");
    }
}

impl Case {
    /// Tables are granted one by one; the scopes of other capabilities as a whole.
    fn tried_with(&self) -> &'static str {
        if self.scope == "sql.tables" { self.granted } else { "" }
    }

    /// What it comes to, as documented.
    pub fn outcome(&self) -> String {
        match self.gets {
            Gets::Inside => "works".to_owned(),
            Gets::Outside(code) => format!("`{code}`"),
        }
    }
}
