//! A host in memory, for tests that need no wasm and no kernel: `cargo test`. It answers as a test scripts it, and keeps what the plugin
//! did. It deliberately imitates neither Postgres nor the operator: whether a statement is right, and what is granted, a
//! kernel says (`basalt plugin dev`).
//!
//! ```
//! use sdk_plugin::testing::{Host, Table};
//! use sdk_plugin::{Problem, Request, Response, log, sql};
//!
//! fn handle(request: Request) -> Result<Response, Problem> {
//!     let rows = sql::query(sql::Mode::Own, sql::Access::ReadOnly, "select count(*) from visit", &[])?;
//!     log::info("counted");
//!     Ok(Response::new(200).text(format!("{} of {}", rows.value(0, 0).unwrap_or_default(), request.path())))
//! }
//!
//! let host = Host::new(
//!     r#"
//!     [[route]]
//!     name = "visits"
//!     path = ""
//!     mounts = ["/visits"]
//!     [want.sql]
//!     [want.log]
//!     "#,
//! );
//! host.on_sql("from visit", |_| Ok(Table::new(["count"]).row(["7"])));
//! let answer = host.request("GET", "/visits").send(handle).unwrap();
//! assert_eq!((answer.status(), answer.text().as_str()), (200, "7 of /visits"));
//! assert_eq!(host.log()[0].message, "counted");
//! ```

mod asked;
pub(crate) mod body;
pub(crate) mod clock;
pub(crate) mod dispatch;
pub(crate) mod fetch;
pub(crate) mod http;
pub(crate) mod identity;
pub(crate) mod log;
mod manifest;
pub(crate) mod problem;
pub(crate) mod random;
pub(crate) mod schema;
pub(crate) mod secret;
mod sent;
pub(crate) mod settings;
pub(crate) mod sql;
mod state;
pub(crate) mod streaming;

use std::marker::PhantomData;
use std::rc::Rc;
use std::time::SystemTime;

use serde::Serialize;

use crate::log::Level;
use crate::{Body, Problem, Reply, Response};

pub use asked::{Answer, Asked};
pub use identity::Act;
pub use sent::Sent;
pub use sql::{Statement, Table};

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How much it matters.
    pub level: Level,
    /// What it says.
    pub message: String,
    /// More, by name.
    pub fields: Vec<(String, String)>,
}

/// The host of one test: everything that the plugin asks on this thread, it answers. A new one knows nothing of those before.
#[derive(Debug)]
pub struct Host {
    // What it knows belongs to the thread.
    not_send: PhantomData<Rc<()>>,
}

impl Host {
    /// The host of a plugin with this manifest: `Host::new(include_str!("../plugin.toml"))`. Requests find its routes, settings have
    /// its defaults, and a capability that it does not want fails the test.
    pub fn new(manifest: &str) -> Self {
        let manifest = Some(manifest::Manifest::parse(manifest));
        state::with(|state| *state = state::State { manifest, ..Default::default() });
        Self { not_send: PhantomData }
    }

    /// A request for a path and, after `?`, a query.
    pub fn request(&self, method: &str, target: &str) -> Asked {
        Asked::new(method, target)
    }

    /// Sets a setting.
    pub fn setting(&self, key: &str, value: &impl Serialize) {
        let text = serde_json::to_string(value).unwrap_or_else(|fault| panic!("no JSON: {fault}"));
        state::with(|state| state.settings.insert(key.to_owned(), text));
    }

    /// Sets a secret.
    pub fn secret(&self, name: &str, value: &str) {
        state::with(|state| state.secrets.insert(name.to_owned(), value.to_owned()));
    }

    /// Describes a relation: an object with `schema`, `name` and whatever else [`schema::Relation`](crate::schema::Relation) has.
    pub fn relation(&self, json: &str) {
        let relation = serde_json::from_str(json).unwrap_or_else(|fault| panic!("no JSON: {fault}"));
        state::with(|state| state.relations.push(relation));
    }

    /// Describes a schema: an object with `name` and whatever else [`schema::Schema`](crate::schema::Schema) has.
    pub fn schema(&self, json: &str) {
        let schema = serde_json::from_str(json).unwrap_or_else(|fault| panic!("no JSON: {fault}"));
        state::with(|state| state.schemas.push(schema));
    }

    /// Describes a function: an object with `schema`, `name` and whatever else [`schema::Function`](crate::schema::Function) has.
    pub fn function(&self, json: &str) {
        let function = serde_json::from_str(json).unwrap_or_else(|fault| panic!("no JSON: {fault}"));
        state::with(|state| state.functions.push(function));
    }

    /// Stops the clock at this time.
    pub fn set_time(&self, now: SystemTime) {
        state::with(|state| state.now = Some(now));
    }

    /// Answers the statements that this text is part of. Of several rules that fit, the latest answers.
    pub fn on_sql(&self, text: &str, rule: impl Fn(&Statement) -> Result<Table, Problem> + 'static) {
        state::with(|state| state.sql.push((text.to_owned(), Rc::new(rule))));
    }

    /// Answers the requests of `fetch` that this text is part of: `POST https://api.stripe.com/v1/charges`, or a part of it.
    pub fn on_fetch(&self, text: &str, rule: impl Fn(&Sent) -> Result<Response, Problem> + 'static) {
        state::with(|state| state.fetch.push((text.to_owned(), Rc::new(rule))));
    }

    /// Answers a function of `identity`, by its name in the contract: `verify-password`. What it gives is JSON; a proof is `{"user": {…},
    /// "method": "password"}`.
    pub fn on_identity(&self, function: &str, rule: impl Fn(&Act) -> Result<serde_json::Value, Problem> + 'static) {
        state::with(|state| state.identity.push((function.to_owned(), Rc::new(rule))));
    }

    /// What comes of a pause in a streamed answer, of so many milliseconds; it takes no time. Without a rule the server is going to stop at
    /// the first one, so that no test runs for ever.
    pub fn on_pause(&self, rule: impl Fn(&u32) -> Result<(), Problem> + 'static) {
        state::with(|state| state.pause = Some(Rc::new(rule)));
    }

    /// Answers the requests of `dispatch` that this text is part of: `GET /api/v1/tables/orders`, or a part of it.
    pub fn on_dispatch(&self, text: &str, rule: impl Fn(&Sent) -> Result<Response, Problem> + 'static) {
        state::with(|state| state.dispatch.push((text.to_owned(), Rc::new(rule))));
    }

    /// The statements that the plugin ran, with `begin`, `commit` and `rollback`.
    pub fn statements(&self) -> Vec<Statement> {
        state::with(|state| state.statements.clone())
    }

    /// The requests that the plugin sent, inside and outside.
    pub fn sent(&self) -> Vec<Sent> {
        state::with(|state| state.sent.clone())
    }

    /// The lines that the plugin wrote.
    pub fn log(&self) -> Vec<Line> {
        state::with(|state| state.log.clone())
    }
}
