//! A custom build: the kernel, its plugins, and beside them endpoints that do natively what plugins do.
//! `cargo xtask bench` compares the two. It parses no more of a request than the comparison needs.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use basalt::app::{App, Config};
use basalt::config::Sources;
use basalt::error::{Error, Result};
use basalt::host::bundle::Bundle;
use basalt::http::answer::Reply;
use basalt::http::endpoint::{Access as Who, Call, Endpoint};
use basalt::store::{Access, Actor, Limits, Parameter, Rows};
use bytes::Bytes;
use salvo::http::header::{CONTENT_LOCATION, CONTENT_RANGE, CONTENT_TYPE, VARY};
use salvo::http::{HeaderMap, HeaderValue, Method, ResBody, StatusCode};

// The product's, or the comparison would be one of allocators.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The very statement that the plugin `rest` runs for `GET /rest/v1/item?id=eq.1`.
const BY_KEY: &str = r#"SELECT NULL::bigint AS total, count(*) AS page, nullif(current_setting('response.headers', true), '') AS headers, nullif(current_setting('response.status', true), '') AS status, coalesce(json_agg(basalt_row.*), '[]')::text AS body FROM (SELECT "public"."item".* FROM "public"."item" WHERE "public"."item"."id" = $1) basalt_row"#;
/// And for `GET /rest/v1/item?order=id&limit=100`.
const LIST: &str = r#"SELECT NULL::bigint AS total, count(*) AS page, nullif(current_setting('response.headers', true), '') AS headers, nullif(current_setting('response.status', true), '') AS status, coalesce(json_agg(basalt_row.*), '[]')::text AS body FROM (SELECT "public"."item".* FROM "public"."item" ORDER BY "public"."item"."id" LIMIT $1) basalt_row"#;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let (config, bundle) = load()?;
    basalt::telemetry::start(&config.log)?;
    let app = endpoints().into_iter().fold(App::new(config, bundle), App::endpoint);
    app.run().await.context("the kernel ended")
}

/// As the command line does: the bundle's preset is a source of configuration, and the configuration names the bundle.
fn load() -> Result<(Config, Bundle)> {
    let mut sources = Sources::from_process(None);
    let bundle = match Config::load(&sources)?.host.bundle {
        Some(folder) => Bundle::open(&folder)?,
        None => Bundle::embedded()?,
    };
    sources.preset.clone_from(&bundle.preset);
    Ok((Config::load(&sources)?, bundle))
}

fn endpoints() -> Vec<Endpoint> {
    vec![
        constant("/bench/large", rows(100).into()),
        constant("/bench/small", rows(1).into()),
        get("/bench/item", |call| async move {
            let key = parameter(&call, "id").and_then(|value| value.strip_prefix("eq.")).unwrap_or_default();
            read(&call, BY_KEY, key, As::Caller).await
        }),
        get("/bench/item/bare", |call| async move {
            let key = parameter(&call, "id").and_then(|value| value.strip_prefix("eq.")).unwrap_or_default();
            read(&call, BY_KEY, key, As::Login).await
        }),
        get("/bench/list", |call| async move {
            let limit = parameter(&call, "limit").unwrap_or("100");
            read(&call, LIST, limit, As::Caller).await
        }),
    ]
}

/// A parameter of the query.
fn parameter<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    let pairs = call.query.as_deref()?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// Who a statement runs as.
enum As {
    /// The caller: a transaction with the caller's role and claims.
    Caller,
    /// The request login itself, in a transaction of the statement's own: the floor.
    Login,
}

/// An endpoint that knows its caller, as every route of a plugin does.
fn get<F>(path: &'static str, answer: impl Fn(Call) -> F + Send + Sync + 'static) -> Endpoint
where
    F: Future<Output = Result<Reply>> + Send + 'static,
{
    Endpoint::new(Method::GET, path, Who::Caller, answer)
}

fn constant(path: &'static str, content: Bytes) -> Endpoint {
    get(path, move |_| {
        let content = content.clone();
        async move { Ok(json(HeaderMap::new(), content)) }
    })
}

/// The same as in the plugin `test-bench`.
fn rows(count: usize) -> String {
    let row =
        |id: usize| format!("{{\"id\":{id:5},\"name\":\"a row of the benchmark\",\"note\":\"{}\"}}", "x".repeat(42));
    format!("[{}]", (0..count).map(row).collect::<Vec<_>>().join(","))
}

async fn read(call: &Call, sql: &str, parameter: &str, whom: As) -> Result<Reply> {
    // The limits that a plugin has by default.
    let limits = Limits { deadline: Instant::now() + Duration::from_secs(10), rows: 100_000, bytes: 32 << 20 };
    let caller = call.identity.as_deref().context("a caller is always known here").map_err(Error::internal)?;
    let (store, parameters) = (&call.context.store, [Parameter::Text(parameter.to_owned())]);
    let rows = match whom {
        As::Caller => store.query(Actor::Caller(caller), Access::ReadOnly, sql, &parameters, limits).await?,
        As::Login => store.query_bare(sql, &parameters, limits).await?,
    };
    Ok(json(headers(call, &rows), rows.value_bytes(0, 4).unwrap_or_default()))
}

/// What `rest` says of a result.
fn headers(call: &Call, rows: &Rows) -> HeaderMap {
    let count: u64 = rows.value(0, 1).and_then(|text| text.parse().ok()).unwrap_or(0);
    let range = if count == 0 { "*/*".to_owned() } else { format!("0-{}/*", count - 1) };
    let location = format!("/rest/v1/item?{}", call.query.as_deref().unwrap_or_default());
    let mut headers = HeaderMap::with_capacity(4);
    for (name, text) in [(CONTENT_RANGE, range), (CONTENT_LOCATION, location)] {
        headers.extend(HeaderValue::try_from(text).map(|value| (name, value)));
    }
    headers.insert(VARY, HeaderValue::from_static("Accept, Prefer, Range"));
    headers
}

fn json(mut headers: HeaderMap, content: Bytes) -> Reply {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    Reply { status: StatusCode::OK, headers, body: ResBody::Once(content) }
}
