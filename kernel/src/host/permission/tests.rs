//! Permissions in words, as data, and compared. What Postgres makes of them is tested with a kernel.

use super::*;
use crate::config::Section;
use crate::host::config::Limits;
use crate::host::grant::Grant;
use crate::host::manifest::Manifest;

fn manifest(body: &str) -> Manifest {
    let head = "id = \"a\"\nversion = \"1.0.0\"\ndescription = \"\"\nlicense = \"MIT\"\n";
    // Read without its checks: scopes of capabilities that are yet to come are put into words already.
    toml::from_str(&format!("{head}{body}")).expect(body)
}

fn words(body: &str) -> String {
    wanted(&manifest(body)).to_string()
}

fn grant(text: &str) -> Grant {
    let mut faults = Vec::new();
    let limits = Limits::read("host.limits", toml::Table::new(), &mut faults);
    let grant = Grant::read("a", text.parse().expect(text), &limits, &mut faults);
    assert!(faults.is_empty(), "{faults:?}");
    grant
}

#[test]
fn each_permission_is_said_in_plain_words() {
    for (body, expected) in [
        ("", ""),
        ("[want.log]", "  write to the log\n"),
        ("[want.http]", "  answer requests\n"),
        (
            "[[route]]\nname = \"t\"\npath = \"/{table}\"\nmounts = [\"/rest/v1\", \"/b/\"]\n[want.http]",
            "  answer requests at /b/{table}\n  answer requests at /rest/v1/{table}\n",
        ),
        (
            "[filter]\nphases = [\"before\"]\nmounts = [\"/rest/v1\"]\n[want.http]\nfilter = true",
            "  stand in front of every request below /rest/v1: it sees and changes what passes\n",
        ),
        (
            "[filter]\nphases = [\"before\"]\n[want.http]\nfilter = true",
            "! stand in front of every request: it sees and changes what passes\n",
        ),
        (
            "[want.sql]\nmodes = [\"own\"]\ntables = { \"public.orders\" = [\"insert\", \"select\"] }",
            "  keep tables in a schema of its own\n  read and insert rows of public.orders: every row, past row-level \
             security; and use what its schema opens to everybody\n",
        ),
        ("[want.sql]\nmodes = [\"caller\"]", "! act as any signed-in user (trusted)\n"),
        ("[want.sql]\nmodes = [\"service\"]", "! read and change every row, past row-level security (trusted)\n"),
        ("[want.schema]\nschemas = [\"public\"]", "  look at the schema public\n"),
        ("[want.schema]\nschemas = [\"*\"]", "! look at every schema\n"),
        ("[want.schema]", "  look at the schemas that its grant names\n"),
        ("[want.secret]\nnames = [\"stripe_key\"]", "  read the secret stripe_key\n"),
        (
            "[want.dispatch]\nroutes = [\"GET /api/v1/tables/orders\", \"* /{*rest}\"]",
            "! call every route of this instance as the caller (* /{*rest})\n  \
             call GET /api/v1/tables/orders of this instance as the caller\n",
        ),
        (
            "[want.fetch]\nhosts = [\"api.stripe.com\", \"*\", \"http://localhost:9000\", \"minio in 10.0.0.0/8\"]",
            "! send requests to every public server\n\
             ! send requests to http://localhost:9000, which is in your own network or not encrypted\n\
             ! send requests to minio in 10.0.0.0/8, which is in your own network or not encrypted\n  \
             send requests to api.stripe.com, and read what it answers\n",
        ),
        ("[want.fetch]", "  send requests to servers outside\n"),
        ("[want.mail]\nto = [\"ann\"]", "  use mail to ann\n"),
        ("[want.mail]", "  use mail\n"),
    ] {
        assert_eq!(words(body), expected, "{body}");
    }
}

#[test]
fn a_manifest_cannot_write_over_the_prompt() {
    let shown = words("[want.secret]\nnames = [\"a\\u001b[2K\\r\\n\\u202e!\"]");
    assert_eq!(shown, "  read the secret a\\u{1b}[2K\\u{d}\\u{a}\\u{202e}!\n");
}

#[test]
fn as_data_each_line_says_what_it_is() {
    let permissions = wanted(&manifest("[want.sql]\nmodes = []\ntables = { \"a.b\" = [\"select\", \"delete\"] }"));
    let json = serde_json::to_value(&permissions).expect("JSON");
    assert_eq!(json[0]["capability"], "sql");
    assert_eq!(json[0]["scope"], "sql.tables a.b delete,select");
    assert_eq!((&json[0]["grave"], json[1].is_null()), (&false.into(), true));
    assert!(json[0]["words"].as_str().is_some_and(|words| words.starts_with("read and delete rows of a.b")));
}

/// What of `new` has to be asked for, and what of `old` is no longer needed.
fn change(old: &str, new: &str) -> (Vec<String>, Vec<String>) {
    let difference = difference(&wanted(&manifest(old)), &wanted(&manifest(new)));
    let scopes = |permissions: Permissions| permissions.lines().into_iter().map(|line| line.scope).collect();
    (scopes(difference.added), scopes(difference.removed))
}

#[test]
fn widening_is_an_addition_and_narrowing_a_removal() {
    for (old, new, added, removed) in [
        ("[want.schema]\nschemas = [\"a\"]", "[want.schema]\nschemas = [\"*\"]", "schema.schemas *", ""),
        ("[want.schema]\nschemas = [\"*\"]", "[want.schema]\nschemas = [\"a\"]", "", "schema.schemas *"),
        (
            "[want.schema]\nschemas = [\"a\"]",
            "[want.schema]\nschemas = [\"b\"]",
            "schema.schemas b",
            "schema.schemas a",
        ),
        (
            "[want.sql]\ntables = { \"a.b\" = [\"select\"] }",
            "[want.sql]\ntables = { \"a.b\" = [\"select\", \"update\"] }",
            "sql.tables a.b update",
            "",
        ),
        (
            "[want.dispatch]\nroutes = [\"GET /a\"]",
            "[want.dispatch]\nroutes = [\"GET /{x}\"]",
            "dispatch.routes GET /{x}",
            "",
        ),
        (
            "[want.dispatch]\nroutes = [\"* /{x}\"]",
            "[want.dispatch]\nroutes = [\"GET /{name}\"]",
            "",
            "dispatch.routes * /{x}",
        ),
        (
            "[want.fetch]\nhosts = [\"*.example.com\"]",
            "[want.fetch]\nhosts = [\"https://a.example.com:443\", \"*.example.com:8443\"]",
            "fetch.hosts *.example.com:8443",
            "fetch.hosts *.example.com",
        ),
        (
            "[want.fetch]\nhosts = [\"*\"]",
            "[want.fetch]\nhosts = [\"http://localhost\"]",
            "fetch.hosts http://localhost",
            "fetch.hosts *",
        ),
        ("", "[want.log]", "log", ""),
        ("[limits]\nmemory = \"64MiB\"", "[limits]\nmemory = \"0.1GiB\"", "limits.memory 102.4MiB", ""),
        ("[limits]\nmemory = \"1GiB\"", "[limits]\nmemory = \"900MiB\"", "", "limits.memory 1GiB"),
        ("[limits]\ndeadline = \"1m\"", "[limits]\ndeadline = \"90s\"", "limits.deadline 1m 30s", ""),
        ("[limits]\nfuel = 9", "[limits]\nfuel = 10", "limits.fuel 10", ""),
        ("[limits]\nreuse = false", "[limits]\nreuse = true", "limits.reuse true", "limits.reuse false"),
        (
            "[filter]\nphases = []\nmounts = [\"/a\"]",
            "[filter]\nphases = []\nmounts = [\"/a/b\", \"/ab\"]",
            "http.filter /ab",
            "http.filter /a",
        ),
    ] {
        let expected = |text: &str| if text.is_empty() { vec![] } else { vec![text.to_owned()] };
        assert_eq!(change(old, new), (expected(added), expected(removed)), "{old} → {new}");
    }
}

#[test]
fn a_renamed_parameter_is_the_same_route() {
    let route = |name: &str| format!("[[route]]\nname = \"r\"\npath = \"/{{{name}}}\"\nmounts = [\"/a\"]");
    assert_eq!(change(&route("one"), &route("two")), (vec![], vec![]));
}

#[test]
fn a_grant_that_names_no_routes_is_for_those_of_the_manifest() {
    let shop = manifest("[[route]]\nname = \"r\"\npath = \"/x\"\nmounts = [\"/a\"]\n[want.http]");
    assert!(grant("grant = { http = {} }").difference(&shop).added.is_empty());
    assert!(grant("grant = { http = { routes = [\"/a/{x}\"] } }").difference(&shop).added.is_empty());
    let elsewhere = grant("grant = { http = { routes = [\"/b/x\"] } }");
    assert_eq!(elsewhere.difference(&shop).added.to_string(), "  answer requests at /a/x\n");
    assert_eq!(elsewhere.mounts(&shop)["r"], Vec::<String>::new(), "what is not granted is not taken");
    let moved = grant("grant = { http = { routes = [] } }\nmounts = { r = [\"/c\"] }");
    assert!(moved.difference(&shop).added.is_empty(), "where the operator puts it, it may be");
    assert_eq!(moved.mounts(&shop)["r"], ["/c"]);
}

#[test]
fn where_a_filter_may_stand_is_granted_too() {
    let filter = manifest("[filter]\nphases = [\"before\"]\nmounts = [\"/a\", \"/b\"]\n[want.http]\nfilter = true");
    for (text, holds) in [
        ("grant = { http = { filter = true } }", true),
        ("grant = { http = { filter = [\"/a\", \"/b\"] } }", true),
        ("grant = { http = { filter = [\"/\"] } }", true),
        ("grant = { http = { filter = [\"/a\"] } }", false),
        ("grant = { http = {} }", false),
        ("grant = { http = { filter = [\"/a\"] } }\nfilter = { mounts = [\"/c\"] }", true),
    ] {
        assert_eq!(grant(text).difference(&filter).added.is_empty(), holds, "{text}");
    }
}

#[test]
fn what_takes_trust_is_granted_to_the_trusted_only() {
    let caller = manifest("[want.sql]\nmodes = [\"caller\"]");
    let text = "grant = { sql = { modes = [\"caller\"] } }";
    assert!(!grant(text).difference(&caller).added.is_empty());
    assert!(grant(&format!("trusted = true\n{text}")).difference(&caller).added.is_empty());
}

#[test]
fn every_limit_is_said_in_plain_words() {
    for field in Limits::FIELDS {
        let value = (field.default)().expect("each has a default");
        let said = words(&format!("[limits]\n{} = {value}", field.name));
        assert!(!said.contains(LIMITS) && said.starts_with("  "), "{}: {said}", field.name);
    }
}
