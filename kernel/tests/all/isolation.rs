//! Row-level security under load: nobody sees a row that is another's, and nothing of a request is left for the next one.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::kernel::Kernel;

const CONFIG: &str = "[plugins.test-sql]\ntrusted = true\n\
    grant = { http = {}, sql = { modes = [\"own\", \"caller\"] } }\n[database]\nmax_connections = 8\nmin_connections = 2\n";

/// Three tables that know their owners in three ways.
const TABLES: &str = "
    create table note (id serial primary key, owner uuid not null, body text);
    create table message (id serial primary key, sender uuid not null, recipient uuid not null);
    create table secret (id serial primary key, tenant text not null);
    alter table note enable row level security;
    alter table message enable row level security;
    alter table secret enable row level security;
    create policy own on note to authenticated using (owner = (select auth.uid()))
      with check (owner = (select auth.uid()));
    create policy mine on message to authenticated using ((select auth.uid()) in (sender, recipient));
    create policy tenant on secret to authenticated using (tenant = (select auth.jwt()) ->> 'tenant');
    grant select, insert, update, delete on note, message, secret to authenticated, service_role;
    grant usage on all sequences in schema public to authenticated;
    insert into note (owner, body) select user_id(u), u::text from generate_series(1, 16) u, generate_series(1, 5);
    insert into message (sender, recipient) select user_id(u), user_id(u % 16 + 1) from generate_series(1, 16) u;
    insert into secret (tenant) select 't' || (u % 4) from generate_series(1, 16) u;";

const USER: &str = "create function user_id(n integer) returns uuid language sql immutable as \
    $$ select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid $$;";

fn user_id(user: usize) -> String {
    format!("00000000-0000-4000-8000-{user:012}")
}

fn kernel() -> Kernel {
    let kernel = Kernel::start(&["sql"], CONFIG);
    kernel.sql(USER);
    kernel.sql(TABLES);
    kernel
}

/// A token of one of 16 users in one of 4 tenants.
fn bearer(user: usize) -> String {
    let claims = json!({ "role": "authenticated", "sub": user_id(user), "tenant": format!("t{}", user % 4),
        "exp": 4_000_000_000_u64 });
    let key = jsonwebtoken::EncodingKey::from_secret(crate::kernel::SECRET.as_bytes());
    let token = jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).expect("signed");
    format!("Bearer {token}")
}

fn select(kernel: &Kernel, bearer: &str, end: &str, text: &str) -> Value {
    let order = json!({ "mode": "caller", "end": end, "statements": [[text, []]] });
    let headers = [("authorization", bearer), ("content-type", "application/json"), ("x-mark", bearer)];
    let headers = if bearer.is_empty() { &headers[1..2] } else { &headers[..] };
    kernel.ask("POST", "/test/sql/", headers, order.to_string().as_bytes()).ok()[0]["rows"].clone()
}

/// How many requests; more where somebody has the time.
#[expect(clippy::disallowed_methods, reason = "a longer run is asked for by whoever starts it")]
fn requests() -> usize {
    std::env::var("BASALT_TEST_ISOLATION").ok().and_then(|count| count.parse().ok()).unwrap_or(1600)
}

#[test]
fn of_many_callers_at_once_none_sees_a_row_of_another() {
    let kernel = kernel();
    let bearers: Vec<_> = (1..=16).map(bearer).collect();
    let (next, checked) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let total = requests();
    std::thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                loop {
                    let turn = next.fetch_add(1, Ordering::Relaxed);
                    if turn >= total {
                        break;
                    }
                    let user = turn * 7 % 16 + 1;
                    check(&kernel, user, &bearers[user - 1], turn);
                    checked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(checked.into_inner(), total);
    let logins = kernel.sql(
        "select count(*) from pg_stat_activity where datname = current_database() and usename like '%authenticator'",
    );
    assert!(!logins.contains("64"), "they shared few connections: {logins}");
}

fn check(kernel: &Kernel, user: usize, bearer: &str, turn: usize) {
    let own = json!(user_id(user));
    let end = ["one", "commit", "rollback"][turn / 3 % 3];
    match turn % 3 {
        0 => {
            let rows = select(kernel, bearer, end, "select owner from note");
            let rows = rows.as_array().expect("rows");
            assert!(rows.len() == 5 && rows.iter().all(|row| row[0] == own), "{user}: {rows:?}");
        }
        1 => {
            let rows = select(kernel, bearer, end, "select sender, recipient from message");
            let rows = rows.as_array().expect("rows");
            assert!(rows.len() == 2 && rows.iter().all(|row| row[0] == own || row[1] == own), "{user}: {rows:?}");
        }
        _ => {
            let rows = select(kernel, bearer, end, "select tenant, (select auth.uid()) from secret");
            let rows = rows.as_array().expect("rows");
            let tenant = json!(format!("t{}", user % 4));
            assert!(rows.len() == 4 && rows.iter().all(|row| row[0] == tenant && row[1] == own), "{user}: {rows:?}");
        }
    }
}

const SEEN: &str = "select coalesce(current_setting('request.jwt.claims', true), ''), \
    coalesce(current_setting('request.headers', true), ''), coalesce(current_setting('request.method', true), ''), \
    coalesce(current_setting('request.path', true), ''), coalesce(current_setting('request.cookies', true), '')";

#[test]
fn a_policy_sees_the_request_without_its_credentials_and_the_next_one_sees_nothing_of_it() {
    let kernel = Kernel::start(
        &["sql"],
        &CONFIG.replace("max_connections = 8\nmin_connections = 2", "max_connections = 2\nmin_connections = 1"),
    );
    let bearer = bearer(1);
    let order = json!({ "mode": "caller", "end": "one", "statements": [[SEEN, []]] }).to_string();
    let headers = [
        ("authorization", bearer.as_str()),
        ("apikey", "an-api-key"),
        ("cookie", "a=secret-cookie"),
        ("x-tenant", "Zürich \"7\""),
        ("content-type", "application/json"),
    ];
    let seen = kernel.ask("POST", "/test/sql/?x=1", &headers, order.as_bytes()).ok()[0]["rows"][0].clone();
    let all: Value = serde_json::from_str(seen[1].as_str().expect("headers")).expect("an object");
    assert_eq!((&all["x-tenant"], &all["content-type"]), (&json!("Zürich \"7\""), &json!("application/json")));
    for (name, value) in [("authorization", &bearer[10..]), ("apikey", "an-api-key"), ("cookie", "secret-cookie")] {
        assert!(all.get(name).is_none() && !seen[1].to_string().contains(value), "{name}: {seen}");
    }
    assert_eq!((&seen[2], &seen[3], &seen[4]), (&json!("POST"), &json!("/test/sql/"), &json!("")));
    let claims: Value = serde_json::from_str(seen[0].as_str().expect("claims")).expect("an object");
    assert_eq!(claims["sub"], user_id(1));
    // The next one is nobody, with other headers, on the same connection.
    let next = select(&kernel, "", "one", SEEN)[0].clone();
    assert_eq!(next[0], json!("{\"role\":\"anon\"}"));
    assert!(!next[1].to_string().contains("x-tenant"), "{next}");
    // Whoever looks at the bare connection finds nothing set, nor a role.
    let own =
        json!({ "mode": "own", "end": "one", "statements": [[SEEN, []], ["select current_user = session_user", []]] });
    let own = kernel.post("/test/sql/", &own).ok();
    assert_eq!((&own[0]["rows"][0], &own[1]["rows"][0][0]), (&json!(["", "", "", "", ""]), &json!("t")));
}

#[test]
fn the_functions_of_policies_say_who_asks_and_nothing_to_nobody() {
    let kernel = Kernel::start(&["sql"], CONFIG);
    let sql = "select auth.uid(), auth.role(), auth.email(), auth.jwt() ->> 'tenant'";
    assert_eq!(select(&kernel, &bearer(3), "one", sql), json!([[user_id(3), "authenticated", null, "t3"]]));
    assert_eq!(select(&kernel, "", "one", sql), json!([[null, "anon", null, null]]));
    // Without a request there is nobody, and no error.
    assert!(kernel.sql("select coalesce(auth.uid()::text, 'nobody')").contains("nobody"));
    let order = |text: &str| json!({ "mode": "caller", "end": "one", "statements": [[text, []]] });
    for table in ["users", "passwords", "sessions", "refresh_tokens", "api_keys", "signing_keys"] {
        kernel.post("/test/sql/", &order(&format!("select * from auth.{table}"))).refuses(403, "42501");
        let own = json!({ "mode": "own", "end": "one", "statements": [[format!("select * from auth.{table}"), []]] });
        kernel.post("/test/sql/", &own).refuses(403, "42501");
    }
}

/// The SQL of the manual, and the policies that its advice is about.
#[test]
fn the_example_of_the_manual_does_what_it_says() {
    let kernel = Kernel::start(&["sql"], CONFIG);
    let manual = include_str!("../../../docs/auth.md");
    let example = manual.split("```sql").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    kernel.sql(example);
    for user in [1, 2] {
        select(&kernel, &bearer(user), "commit", "insert into todo (title) values ('mine')");
        let seen = select(&kernel, &bearer(user), "one", "select owner, title from todo");
        assert_eq!(seen, json!([[user_id(user), "mine"]]));
    }
    let order = json!({ "mode": "caller", "end": "one", "statements": [["select * from todo", []]] });
    kernel.post("/test/sql/", &order).refuses(403, "42501");
    let doctor = || String::from_utf8(kernel.setup.run(&["doctor"]).stdout).expect("text");
    assert!(!doctor().contains("doctor.costly-policy"), "{}", doctor());
    kernel.sql(
        "create policy slow on todo for select to authenticated using (owner = auth.uid() or auth.jwt() ->> 'a' = 'b')",
    );
    assert!(doctor().contains("doctor.costly-policy") && doctor().contains("public.todo: slow"), "{}", doctor());
}
