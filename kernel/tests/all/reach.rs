//! Tables that are granted to a plugin's own login: by verb, past row-level security, and no longer than they are granted.

use serde_json::{Value, json};

use crate::kernel::{Kernel, Setup};

/// Code that runs the statement in the request's body as its own login.
const CODE: &str = "neighbour";

const ROUTE: &str = "[[route]]\nname = \"main\"\npath = \"/\"\nmounts = [\"/shop\"]\n[want.http]\n";

const SECURED: &str = "create table orders (id serial primary key, owner text default 'shop');
    insert into orders (owner) values ('ann'), ('bob');
    alter table orders enable row level security;
    create policy own on orders to authenticated using (owner = current_setting('request.jwt.claims')::json->>'sub');
    grant select on orders to authenticated;";

/// Wants these tables, and is granted the same.
fn want(setup: &Setup, tables: &str) {
    let sql = format!("modes = [\"own\"]\ntables = {{ {tables} }}");
    setup.variant(CODE, "shop", &format!("{ROUTE}[want.sql]\n{sql}"));
    let grant = format!("sql = {{ modes = [\"own\"], tables = {{ {tables} }} }}");
    setup.configure(&format!("[plugins.shop.grant]\nhttp = {{}}\n{grant}\n"));
}

/// A database with the roles of requests, which policies are for.
fn prepared(sql: &str) -> Setup {
    let setup = Setup::new(&[], "");
    assert!(setup.run(&["migrate"]).status.success());
    setup.sql(sql);
    setup
}

fn start(tables: &str, prepare: &str) -> Kernel {
    let setup = prepared(prepare);
    want(&setup, tables);
    setup.start()
}

/// The kernel once more, wanting and granting something else.
fn restart(kernel: Kernel, tables: &str) -> Kernel {
    let setup = kernel.stop();
    want(&setup, tables);
    setup.start()
}

/// What the plugin gets for a statement: its rows, or the code of its error.
fn run(kernel: &Kernel, sql: &str) -> Value {
    let answer = kernel.ask("POST", "/shop/", &[], sql.as_bytes()).json();
    if answer.is_array() { answer } else { answer["code"].clone() }
}

/// What Postgres says that the plugin's login holds outside of its schema.
fn held(kernel: &Kernel) -> String {
    kernel.sql(
        "select string_agg(held, ' ' order by held) from (
           select c.relname || ':' || lower(a.privilege_type) as held from pg_class c, aclexplode(c.relacl) a
             join pg_roles r on r.oid = a.grantee where r.rolname like '%plugin_shop' and c.relowner <> r.oid
           union all select 'policy:' || polname from pg_policy where polname <> 'own'
           union all select n.nspname || ':' || lower(a.privilege_type) from pg_namespace n, aclexplode(n.nspacl) a
             join pg_roles r on r.oid = a.grantee where r.rolname like '%plugin_shop' and n.nspowner <> r.oid) _",
    )
}

#[test]
fn a_granted_table_is_granted_with_every_row_and_others_keep_their_policies() {
    let kernel = start("\"public.orders\" = [\"select\", \"insert\"]", SECURED);
    assert_eq!(run(&kernel, "select owner from public.orders order by id"), json!([["ann"], ["bob"]]));
    assert_eq!(run(&kernel, "insert into public.orders default values returning id::text"), json!([["3"]]));
    assert_eq!(run(&kernel, "update public.orders set owner = 'eve'"), "42501");
    assert_eq!(run(&kernel, "delete from public.orders"), "42501");
    let as_ann = "begin; set local role authenticated; set local request.jwt.claims = '{\"sub\":\"ann\"}';
                  select count(*) || ' row' from orders; commit";
    assert!(kernel.sql(as_ann).contains("1 row"), "policies for others are theirs");
}

#[test]
fn what_is_no_longer_granted_is_taken_back_and_what_is_missing_given() {
    let both = "\"public.orders\" = [\"select\", \"update\"], \"public.item\" = [\"delete\"]";
    let kernel = start(both, &format!("{SECURED} create table item (id int)"));
    let all =
        "item:delete orders:select orders:update policy:basalt_shop_select policy:basalt_shop_update public:usage";
    assert!(held(&kernel).contains(all), "{}", held(&kernel));
    let stamp = |kernel: &Kernel| {
        kernel.sql("select string_agg(xmin::text, ' ' order by oid) from pg_class where relname in ('orders', 'item')")
    };
    let before = stamp(&kernel);
    let kernel = restart(kernel, both);
    assert_eq!(stamp(&kernel), before, "nothing to do, nothing done");
    kernel.sql(
        "do $$ begin execute 'grant insert on orders to ' || (select nspowner::regrole from pg_namespace
           where nspname = 'plugin_shop'); end $$",
    );
    assert!(held(&kernel).contains("orders:insert"), "by hand, where no prompt shows it");
    let kernel = restart(kernel, "\"public.orders\" = [\"select\"]");
    let rest = held(&kernel);
    assert!(rest.contains("\norders:select policy:basalt_shop_select public:usage"), "{rest}");
    let kernel = restart(kernel, "");
    assert!(!held(&kernel).contains(':'), "{}", held(&kernel));
    assert_eq!(run(&kernel, "select owner from public.orders"), "42501");
}

#[test]
fn a_table_that_does_not_exist_keeps_its_plugin_from_running_and_nobody_else() {
    let setup = Setup::new(&["http"], "");
    want(&setup, "\"public.later\" = [\"select\"]");
    let config = std::fs::read_to_string(setup.path("basalt.toml")).expect("a configuration");
    setup.configure(&format!("{config}[plugins.test-http.grant]\nhttp = {{}}\n"));
    let kernel = setup.start();
    kernel.get("/shop/").refuses(503, "plugin.unavailable");
    assert_eq!(kernel.get("/test/http/echo").status, 200);
    kernel.wait_for_log("the table public.later, which does not exist");
    kernel.sql("create table later (id text); insert into later values ('now')");
    let kernel = kernel.stop().start();
    assert_eq!(run(&kernel, "select * from public.later"), json!([["now"]]));
}

#[test]
fn row_level_security_that_is_switched_on_later_is_passed_after_the_next_load() {
    let tables = "\"public.note\" = [\"select\"]";
    let kernel = start(tables, "create table note (id text); insert into note values ('1')");
    assert_eq!(run(&kernel, "select id from public.note"), json!([["1"]]));
    kernel.sql("alter table note enable row level security");
    assert_eq!(run(&kernel, "select id from public.note"), json!([]), "nobody made a policy yet");
    let kernel = restart(kernel, tables);
    assert_eq!(run(&kernel, "select id from public.note"), json!([["1"]]));
    kernel.sql("alter table note disable row level security");
    let kernel = restart(kernel, tables);
    assert!(!held(&kernel).contains("policy"), "a policy without use is dropped");
}

#[test]
fn without_superuser_the_owner_of_a_table_can_grant_it() {
    let setup = Setup::new(&[], "").without_superuser();
    // Until Postgres 15 the owner of a database does not own its schema `public`.
    setup.sql(
        "create schema stock; create table stock.item (id text); insert into stock.item values ('1');
               alter table stock.item enable row level security",
    );
    want(&setup, "\"stock.item\" = [\"select\"]");
    let kernel = setup.start();
    assert_eq!(run(&kernel, "select id from stock.item"), json!([["1"]]));
    let kernel = restart(kernel, "");
    assert_eq!(run(&kernel, "select id from stock.item"), "42501");
}

#[test]
fn a_table_that_the_admin_may_not_grant_is_refused_with_what_its_owner_has_to_run() {
    let setup = Setup::new(&[], "").without_superuser();
    // Something is granted to the admin: then Postgres only warns that it cannot pass that on.
    setup.sql_as_superuser(&format!("{SECURED} grant select on orders to public"));
    want(&setup, "\"public.orders\" = [\"select\"]");
    let kernel = setup.start();
    kernel.get("/shop/").refuses(503, "plugin.unavailable");
    kernel.wait_for_log("store.privilege");
    let log = kernel.log.lock().clone();
    let (_, hint) = log.split_once("as the owner of these tables: ").expect("a hint");
    let (sql, _) = hint.split_once(";)").expect("an end");
    let setup = kernel.stop();
    setup.sql_as_superuser(&sql.replace("\\\"", "\""));
    let kernel = setup.start();
    assert_eq!(run(&kernel, "select owner from public.orders order by id"), json!([["ann"], ["bob"]]));
}

#[test]
fn service_is_a_mode_of_its_own_that_takes_trust() {
    let setup = prepared(&format!("{SECURED} grant select on orders to service_role"));
    let manifest = ROUTE.replace("/shop", "/service");
    setup.variant("sql", "service", &format!("{manifest}[want.sql]\nmodes = [\"service\"]"));
    let grant = "grant = { http = {}, sql = { modes = [\"service\"] } }\n";
    setup.configure(&format!("[plugins.service]\n{grant}"));
    let kernel = setup.start();
    kernel.get("/service/").refuses(503, "plugin.unavailable");
    kernel.wait_for_log("only a trusted plugin");
    let setup = kernel.stop();
    setup.configure(&format!("[plugins.service]\ntrusted = true\n{grant}"));
    let kernel = setup.start();
    let ann = kernel.bearer("authenticated", "ann");
    let ask = |mode: &str| {
        let sql = "select current_user, count(*)::text, current_setting('request.jwt.claims')::json->>'sub' from public.orders";
        let order = json!({ "mode": mode, "end": "one", "statements": [[sql, []]] }).to_string();
        kernel.ask("POST", "/service/", &[("authorization", &ann)], order.as_bytes())
    };
    assert_eq!(ask("service").ok()[0]["rows"], json!([["service_role", "2", "ann"]]), "and it is known who asked");
    ask("caller").refuses(500, "sql.not-granted");
    ask("own").refuses(500, "sql.not-granted");
}

#[test]
fn a_section_for_a_plugin_that_nobody_has_is_said() {
    let kernel = Kernel::start(&[], "[plugins.shpo]\nenabled = true\n");
    kernel.wait_for_log("there is no plugin of this id");
}
