//! What a plugin may do: one file per WIT interface, and the list of them.
//!
//! The only place besides `host` where generated WIT types appear. It decides nothing about who is granted what: `host`
//! links the interfaces of the capabilities that were granted, and the scopes of a grant are checked here at call time.

use std::sync::Arc;

use wasmtime::component::{HasSelf, Linker, ResourceTable};

use crate::error::{Error, code};
use crate::identity::Identity;

pub mod alarm;
pub mod body;
pub mod clock;
pub mod dispatch;
pub mod fetch;
pub mod http;
pub mod identity;
pub mod log;
pub mod memory;
pub mod random;
pub mod schema;
pub mod secret;
pub mod settings;
pub mod sql;
pub mod usage;
pub mod wasi;

mod bindings {
    #![allow(missing_docs, unreachable_pub, clippy::all, rust_2018_idioms)]
    wasmtime::component::bindgen!({
        path: [
            "../wit/types", "../wit/http", "../wit/sql", "../wit/schema", "../wit/log", "../wit/clock",
            "../wit/random", "../wit/settings", "../wit/dispatch", "../wit/fetch", "../wit/secret", "../wit/identity",
            "../wit/plugin",
        ],
        world: "basalt:plugin/full-plugin",
        imports: {
            // Only what asks the database waits; a synchronous import costs a guest a few nanoseconds, an asynchronous one 90.
            "basalt:sql/sql.query": async | trappable,
            "basalt:sql/sql.begin": async | trappable,
            "basalt:sql/sql.query-with": async | trappable,
            "basalt:sql/sql.begin-with": async | trappable,
            "basalt:sql/sql.[method]transaction.query": async | trappable,
            "basalt:sql/sql.[static]transaction.commit": async | trappable,
            "basalt:sql/sql.[static]transaction.rollback": async | trappable,
            // A digest of megabytes takes milliseconds, during which others must run.
            "basalt:http/types.[method]reply.digest": async | trappable,
            // A request's body may still be on its way.
            "basalt:types/body.[static]body.concat": async | trappable,
            "basalt:types/body.[method]body.read": async | trappable,
            "basalt:types/body.[method]body.read-all": async | trappable,
            // Waits for a slow client, or for the time.
            "basalt:http/streaming.[method]writer.write": async | trappable,
            "basalt:http/streaming.[method]writer.write-body": async | trappable,
            "basalt:http/streaming.[method]writer.pause": async | trappable,
            "basalt:schema/schema.relation": async | trappable,
            "basalt:schema/schema.relation-now": async | trappable,
            "basalt:schema/schema.function": async | trappable,
            "basalt:dispatch/dispatch.send": async | trappable,
            "basalt:fetch/fetch.send": async | trappable,
            // The first read of a value asks the database.
            "basalt:secret/secret.get": async | trappable,
            // Users and sessions are in the database, and passwords take a thread's time.
            "basalt:identity/identity.sign-up": async | trappable,
            "basalt:identity/identity.decoy": async | trappable,
            "basalt:identity/identity.verify-password": async | trappable,
            "basalt:identity/identity.start-session": async | trappable,
            "basalt:identity/identity.refresh": async | trappable,
            "basalt:identity/identity.sign-out": async | trappable,
            "basalt:identity/identity.sessions": async | trappable,
            "basalt:identity/identity.end-session": async | trappable,
            "basalt:identity/identity.find-user": async | trappable,
            "basalt:identity/identity.update-user": async | trappable,
            "basalt:identity/identity.enrol": async | trappable,
            "basalt:identity/identity.challenge": async | trappable,
            "basalt:identity/identity.verify": async | trappable,
            "basalt:identity/identity.unenrol": async | trappable,
            "basalt:identity/identity.recovery-codes": async | trappable,
            "basalt:identity/identity.recover": async | trappable,
            "basalt:identity/identity.issue": async | trappable,
            "basalt:identity/identity.redeem": async | trappable,
            "basalt:identity/identity.redeem-hash": async | trappable,
            "basalt:identity/identity.vouch": async | trappable,
            "basalt:identity/identity.create-user": async | trappable,
            "basalt:identity/identity.list-users": async | trappable,
            "basalt:identity/identity.delete-user": async | trappable,
            "basalt:identity/identity.end-sessions": async | trappable,
            "basalt:identity/identity.impersonate": async | trappable,
            "basalt:identity/identity.reset-attempts": async | trappable,
            default: trappable,
        },
        exports: { default: async },
        trappable_error_type: { "basalt:types/problem.problem" => crate::error::Error },
        with: {
            "basalt:types/body.body": crate::capability::body::Body,
            "basalt:http/types.request": crate::capability::http::Request,
            "basalt:http/types.reply": crate::capability::http::Response,
            "basalt:http/streaming.writer": crate::capability::http::stream::Writer,
            "basalt:sql/sql.rows": crate::capability::sql::Cursor,
            "basalt:sql/sql.transaction": crate::capability::sql::Transaction,
            "basalt:identity/identity.proof": crate::capability::identity::Proof,
        },
    });
}

pub use alarm::Alarm;
pub use memory::{Held, Linear, OutOfHostMemory};
pub use usage::{Budget, Traffic, Usage};

pub use bindings::basalt::types::problem::Problem;
pub use bindings::exports::basalt::http::{filter, handler};

/// What one call of a plugin works with: the data of its store.
///
/// It outlives the call in a reused instance, so everything that belongs to a call is replaced by [`Call::begin`] and
/// taken away by [`Call::end`].
pub struct Call {
    /// Made when the guest first asks for something of it. Before the handles, so that it is dropped before them.
    wasi: Option<Box<wasi::State>>,
    /// The handles that the guest holds.
    pub table: ResourceTable,
    /// What holds for every call of this plugin.
    pub fixed: Arc<Fixed>,
    /// What holds for this call; `None` between calls, when every capability refuses.
    pub scope: Option<Scope>,
    /// When the call is ended.
    pub alarm: Arc<Alarm>,
    /// Whether the guest was found computing before in this call.
    pub computed: bool,
    /// The guest's memory, and whether it was refused more.
    pub memory: Linear,
    /// Bytes of host memory that the guest's handles stand for.
    pub held: Arc<Held>,
    /// What it streams.
    pub stream: http::stream::State,
    /// What the call has used so far, but for log lines and requests to servers outside.
    usage: Usage,
    traffic: Arc<Traffic>,
    log: log::Pen,
}

/// What holds for every call of a plugin.
pub struct Fixed {
    /// The plugin's id.
    pub plugin: String,
    /// The scope of `sql`.
    pub sql: sql::Fixed,
    /// The scope of `schema`.
    pub schema: schema::Fixed,
    /// The scope of `dispatch`.
    pub dispatch: dispatch::Grant,
    /// The scope of `fetch`.
    pub fetch: fetch::Fixed,
    /// The scope of `secret`.
    pub secret: secret::Fixed,
    /// The scope of `identity`.
    pub identity: identity::Fixed,
    /// The plugin's settings, as JSON text by key.
    pub settings: settings::Fixed,
    /// Whether it is linked with WASI.
    pub wasi: bool,
    /// Lines that one call may log.
    pub log_lines: u32,
    /// The last lines, and how calls failed.
    pub recent: log::Recent,
    /// What one call may use of what is counted.
    pub budget: Budget,
    /// What streaming may take.
    pub stream: http::stream::Fixed,
    /// Bytes of linear memory that an instance may have.
    pub memory: usize,
    /// Bytes of host memory that a call's handles may stand for.
    pub host_memory: u64,
    /// The memory of all plugins, of which theirs is a part.
    pub total: Arc<memory::Total>,
}

impl Fixed {
    /// Handles that a guest may hold at once; a guest that drops none would otherwise grow the host's memory. What stands
    /// behind those of WASI is not counted byte by byte, so of them there are as many as could be at their largest.
    fn max_handles(&self) -> usize {
        let most = 10_000;
        if self.wasi { wasi::handles(self.host_memory).min(most) } else { most }
    }
}

/// What holds for one call.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The request id, for log lines.
    pub request_id: Arc<str>,
    /// Who is calling.
    pub identity: Arc<Identity>,
    /// When the call must have ended.
    pub deadline: tokio::time::Instant,
    /// What it shares with the other calls of its request.
    pub journey: dispatch::Journey,
}

impl Call {
    /// The data of a new store.
    pub fn new(fixed: Arc<Fixed>) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(fixed.max_handles());
        let memory = Linear::new(fixed.memory, Arc::clone(&fixed.total));
        let held = Arc::new(Held::new(fixed.host_memory, Arc::clone(&fixed.total)));
        let log = log::Pen::new(Arc::clone(&fixed));
        Self {
            table,
            fixed,
            scope: None,
            alarm: Arc::default(),
            computed: false,
            memory,
            held,
            stream: http::stream::State::default(),
            usage: Usage::default(),
            traffic: Arc::default(),
            log,
            wasi: None,
        }
    }

    /// Enters a call.
    pub fn begin(&mut self, scope: Scope) {
        self.log.begin(&scope.request_id);
        self.usage = Usage::default();
        self.stream = http::stream::State::default();
        self.traffic = Arc::default();
        self.memory.begin();
        self.scope = Some(scope);
    }

    /// Leaves a call. Whether nothing was left behind: an instance that keeps handles is not used again, but for those that
    /// every program of WASI keeps.
    pub fn end(&mut self) -> bool {
        self.log.end();
        self.scope = None;
        // Its place among the streams is free again.
        self.stream = http::stream::State::default();
        self.held = Arc::new(self.held.afresh());
        self.wasi.iter_mut().for_each(|wasi| wasi.end());
        self.table.is_empty() || wasi::keeps_only_streams(&mut self.table)
    }

    /// What the call has used.
    pub fn usage(&self) -> Usage {
        self.traffic.add_to(Usage { log_lines: self.log.written(), ..self.usage })
    }

    /// The scope of the running call.
    ///
    /// # Errors
    /// When there is none, as while an instance is being made: a start section may compute, but not act.
    pub(crate) fn scope(&self) -> Result<&Scope, Error> {
        self.scope.as_ref().ok_or_else(|| Error::new(&code::PLUGIN_TRAP, "capabilities work only during a call"))
    }
}

impl bindings::basalt::types::problem::Host for Call {
    fn convert_problem(&mut self, error: Error) -> wasmtime::Result<Problem> {
        Ok(problem(error))
    }
}

/// The failure of a call that the kernel has no memory for, whatever its plugin's own limits are.
pub fn exhausted() -> Error {
    Error::new(&code::HOST_OUT_OF_MEMORY, "the plugins of this kernel use all the memory that it has for them")
        .hint("try again later; an operator can raise [host] memory")
}

/// A failure as the guest sees it; the cause goes to the log.
fn problem(error: Error) -> Problem {
    if let Some(source) = &error.source {
        tracing::debug!(code = %error.code, cause = %format!("{source:#}"), "capability failed");
    }
    Problem {
        code: error.code.into_owned(),
        message: error.message,
        details: error.details.map(|details| details.to_string()),
        hint: error.hint,
    }
}

/// A problem that a guest reported, as a failure of the call.
pub fn failure(problem: Problem) -> Error {
    let details = problem.details.map(|text| serde_json::from_str(&text).unwrap_or(serde_json::Value::String(text)));
    Error {
        kind: code::kind(&problem.code),
        code: problem.code.into(),
        message: problem.message,
        details,
        hint: problem.hint,
        source: None,
    }
}

/// One thing that the kernel lets a plugin do.
#[derive(Debug)]
pub struct Capability {
    /// Its name: the WIT package's, the file's, the manifest's and the configuration's.
    pub name: &'static str,
    /// Adds its interfaces to a linker.
    pub link: fn(&mut Linker<Call>) -> wasmtime::Result<()>,
    /// The line of configuration that grants it, for messages.
    pub grant: &'static str,
}

/// Every capability there is.
pub const ALL: &[Capability] = &[
    Capability { name: "http", link: http::link, grant: "http = {}" },
    Capability { name: "sql", link: sql::link, grant: "sql = { modes = [\"own\"] }" },
    Capability { name: "schema", link: schema::link, grant: "schema = { schemas = [\"public\"] }" },
    Capability { name: "secret", link: secret::link, grant: "secret = { names = [\"stripe_key\"] }" },
    Capability { name: "identity", link: identity::link, grant: "identity = { scopes = [\"session\"] }" },
    Capability { name: "log", link: log::link, grant: "log = {}" },
    Capability { name: "clock", link: clock::link, grant: "clock = {}" },
    Capability { name: "random", link: random::link, grant: "random = {}" },
    Capability { name: "settings", link: settings::link, grant: "settings = {}" },
    Capability {
        name: "dispatch",
        link: dispatch::link,
        grant: "dispatch = { routes = [\"GET /api/v1/tables/{table}\"] }",
    },
    Capability { name: "fetch", link: fetch::link, grant: "fetch = { hosts = [\"api.stripe.com\"] }" },
    Capability { name: "wasi", link: wasi::link, grant: "wasi = {}" },
];

/// The capability of this name.
pub fn find(name: &str) -> Option<&'static Capability> {
    ALL.iter().find(|capability| capability.name == name)
}

/// Links what grants nothing: the shared types.
pub fn link_types(linker: &mut Linker<Call>) -> wasmtime::Result<()> {
    bindings::basalt::types::problem::add_to_linker::<Call, HasSelf<Call>>(linker, |call| call)?;
    bindings::basalt::types::body::add_to_linker::<Call, HasSelf<Call>>(linker, |call| call)
}
