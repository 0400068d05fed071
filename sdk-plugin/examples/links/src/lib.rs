//! Short links: `POST /go` with `{"url": "https://…"}` makes one, `GET /go/{code}` follows it and counts. It deliberately lets nobody
//! change where one leads.

use sdk_plugin::sql::{Access, Mode};
use sdk_plugin::{Params, Problem, Request, Response, Router, log, plugin, random, settings, sql};
use serde::{Deserialize, Serialize};

plugin!(handle, log);

const MAX_BODY: u64 = 4 << 10;
const MAX_URL: usize = 2000;
/// Without those that look alike.
const LETTERS: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Two links of one code will not be met twice in a row.
const ATTEMPTS: u32 = 3;

const MAKE: &str = "insert into link (code, url) values ($1, $2) on conflict do nothing";
const FOLLOW: &str = "update link set visits = visits + 1 where code = $1 returning url";

fn handle(request: Request) -> Result<Response, Problem> {
    Router::new().route("make", make).route("follow", follow).answer(&request)
}

#[derive(Deserialize)]
struct Wish {
    url: String,
}

#[derive(Serialize)]
struct Link<'a> {
    code: &'a str,
    path: String,
}

fn make(request: &Request, _params: &Params) -> Result<Response, Problem> {
    // Whoever may make links can send people anywhere under this name.
    if !request.authenticated() {
        return Ok(Response::new(401).text("sign in to make links\n"));
    }
    let Wish { url } = request.json(MAX_BODY)?;
    check(&url)?;
    let length: usize = settings::get("length")?;
    for _ in 0..ATTEMPTS {
        let code = code(length);
        let rows = sql::query(Mode::Own, Access::ReadWrite, MAKE, &[code.as_str().into(), url.as_str().into()])?;
        if rows.affected() == 1 {
            let path = format!("{}/{code}", request.mount());
            let response = Response::new(201).header("location", path.as_str());
            return response.json(&Link { code: &code, path });
        }
    }
    log::error("no free code was found: let links be longer with the setting `length`");
    Err(Problem::new("links.full", "No free code was found").hint("Try again"))
}

/// Only where browsers go over HTTP: not `javascript:`, not another scheme's program.
fn check(url: &str) -> Result<(), Problem> {
    let is_web = ["https://", "http://"].iter().any(|scheme| url.len() > scheme.len() && url.starts_with(scheme));
    if is_web && url.len() <= MAX_URL && url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    Err(Problem::new("request.invalid", "`url` is no web address")
        .hint("https://…, percent-encoded, of at most 2000 characters"))
}

fn code(length: usize) -> String {
    let letter = || char::from(LETTERS[(random::number() % LETTERS.len() as u64) as usize]);
    std::iter::repeat_with(letter).take(length).collect()
}

fn follow(_request: &Request, params: &Params) -> Result<Response, Problem> {
    let rows = sql::query(Mode::Own, Access::ReadWrite, FOLLOW, &[params.text("code").into()])?;
    if rows.is_empty() {
        return Err(Problem::new("http.not-found", "There is no such link"));
    }
    let url = rows.value(0, 0).unwrap_or_default();
    // Not kept by caches: each visit counts.
    Ok(Response::new(302).header("location", url).header("cache-control", "no-store"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sdk_plugin::testing::{Asked, Host, Table};

    fn host() -> Host {
        Host::new(include_str!("../plugin.toml"))
    }

    fn wish(host: &Host, url: &str) -> Asked {
        host.request("POST", "/go").json(&std::collections::BTreeMap::from([("url", url)]))
    }

    #[test]
    fn a_link_is_made_and_says_where_it_is() {
        let host = host();
        host.on_sql("insert into link", |_| Ok(Table::affected(1)));
        let answer = wish(&host, "https://example.com/a?b#c").role("authenticated").send(handle).unwrap();
        assert_eq!(answer.status(), 201);
        let made = host.statements()[0].parameters.clone();
        let code = made[0].clone().unwrap();
        assert_eq!((code.len(), made[1].as_deref()), (7, Some("https://example.com/a?b#c")));
        assert_eq!(answer.header("location"), Some(format!("/go/{code}")));
    }

    #[test]
    fn a_code_that_is_taken_is_not_given_again() {
        let host = host();
        let codes = std::cell::RefCell::new(Vec::new());
        host.on_sql("insert into link", move |statement| {
            codes.borrow_mut().push(statement.parameters[0].clone());
            Ok(Table::affected(u64::from(codes.borrow().len() == 2)))
        });
        assert_eq!(wish(&host, "https://example.com/").role("authenticated").send(handle).unwrap().status(), 201);
        assert_ne!(host.statements()[0], host.statements()[1]);
        host.on_sql("insert into link", |_| Ok(Table::affected(0)));
        let full = wish(&host, "https://example.com/").role("authenticated").send(handle);
        assert_eq!(full.unwrap_err().code, "links.full");
    }

    #[test]
    fn nobody_in_particular_makes_no_links_and_nobody_any_to_elsewhere() {
        let host = host();
        assert_eq!(wish(&host, "https://example.com/").send(handle).unwrap().status(), 401);
        for url in ["javascript:alert(1)", "https://", "example.com", "https://example.com/a\r\nset-cookie: b", ""] {
            let answer = wish(&host, url).role("authenticated").send(handle);
            assert_eq!(answer.unwrap_err().code, "request.invalid", "{url}");
        }
        assert!(host.statements().is_empty());
    }

    #[test]
    fn a_link_is_followed_and_counted() {
        let host = host();
        host.on_sql("visits + 1", |_| Ok(Table::new(["url"]).row(["https://example.com/"])));
        let answer = host.request("GET", "/go/abc").send(handle).unwrap();
        assert_eq!((answer.status(), answer.header("location").as_deref()), (302, Some("https://example.com/")));
        host.on_sql("visits + 1", |_| Ok(Table::new(["url"])));
        assert_eq!(host.request("GET", "/go/abc").send(handle).unwrap_err().code, "http.not-found");
    }
}
