//! The composition root: builds each layer from its section of the configuration, starts them bottom first and stops them
//! top first. It contains no logic of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

pub mod config;
pub mod data_dir;

pub use config::Config;

use crate::auth::{Auth, Secrets, operator};
use crate::error::{Error, Result};
use crate::host::bundle::Bundle;
use crate::host::compiler::Compiler;
use crate::host::roster::Grants;
use crate::host::{Engine, Roster};
use crate::http::cors::Policy;
use crate::http::endpoint::{self, Endpoint};
use crate::http::{self, Context};
use crate::store::{InstanceKey, Store};
use crate::telemetry;
use data_dir::DataDir;

/// How often instances that nobody needs are looked for.
const SWEEP: Duration = Duration::from_secs(10);

/// A kernel before it runs. A custom build adds its endpoints here.
pub struct App {
    config: Config,
    bundle: Bundle,
    endpoints: Vec<Endpoint>,
    compiler: Option<PathBuf>,
}

impl App {
    /// A kernel with the plugins of a bundle.
    pub fn new(config: Config, bundle: Bundle) -> Self {
        Self { config, bundle, endpoints: endpoint::all(), compiler: None }
    }

    /// Adds an endpoint of a custom build.
    #[must_use]
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoints.push(endpoint);
        self
    }

    /// Has installed plugins compiled by this program, which has the command `compile` as [`crate::cli`] gives it to a binary:
    /// in processes of their own, with limits. Without, they are compiled in the kernel's process, without limits.
    #[must_use]
    pub fn compiler(mut self, program: PathBuf) -> Self {
        self.compiler = Some(program);
        self
    }

    /// Runs until SIGTERM or Ctrl-C, then lets running requests finish.
    ///
    /// # Errors
    /// Whatever keeps a layer from starting.
    pub async fn run(self) -> Result<()> {
        let ready = |ready: Ready<'_>| {
            ready.data_dir.serves(ready.address);
            announce(&format!("ready at http://{}", ready.address));
            if let Some(path) = ready.key {
                announce(&format!("the operator key is in {}", path.display()));
            }
        };
        self.serve_until(ready, std::future::pending()).await
    }

    /// The same, until something else ends it too; says when it answers.
    ///
    /// # Errors
    /// Whatever keeps a layer from starting.
    pub async fn serve_until(
        self,
        ready: impl FnOnce(Ready<'_>),
        end: impl Future<Output = ()> + Send + 'static,
    ) -> Result<()> {
        telemetry::start_uptime();
        let data_dir = DataDir::lock(&self.config.root.data_dir)?;
        // Before the slow layers: a taken port is known at once, and clients queue instead of being refused.
        let bound = http::bind(&self.config.server).await?;
        let address = bound.address;
        let mut signals = signals().map_err(Error::internal)?;
        let server = self.config.server.clone();
        let Some(started) = unless_told(&mut signals, start(self, &data_dir)).await else {
            return Ok(());
        };
        let Started { store, context, key } = started?;
        let running = bound.server(&server);
        let stop = tokio::spawn(stop(signals, end, running.handle.clone(), Arc::clone(&context)));
        let sweep = tokio::spawn(sweep(Arc::clone(&context)));
        let followed = Arc::clone(&context);
        let follow = tokio::spawn(async move { followed.roster.follow().await });
        ready(Ready { address, key: key.as_deref(), data_dir: &data_dir });
        let auth = Arc::clone(&context.auth);
        let served = running.serve(context).await;
        stop.abort();
        sweep.abort();
        follow.abort();
        auth.write_uses().await;
        store.close().await;
        drop(data_dir);
        served
    }
}

/// A kernel that begins to answer.
#[derive(Debug)]
pub struct Ready<'a> {
    /// Where.
    pub address: SocketAddr,
    /// Where the operator key is, when it is new.
    pub key: Option<&'a Path>,
    /// What it has locked.
    pub data_dir: &'a DataDir,
}

/// How long a start that is told to stop may take to get where it can stop in good order.
const START_GRACE: Duration = Duration::from_secs(15);

/// The outcome of a start; nothing when it was told to stop meanwhile. A start that was cut off could leave an embedded
/// server behind, so it gets the time to end, and what it made is closed.
async fn unless_told(signals: &mut Signals, start: impl Future<Output = Result<Started>>) -> Option<Result<Started>> {
    let mut start = std::pin::pin!(start);
    tokio::select! {
        started = &mut start => return Some(started),
        () = told(signals) => {}
    }
    tracing::info!("told to stop while starting");
    let ended = tokio::select! {
        ended = tokio::time::timeout(START_GRACE, start) => ended.ok(),
        // Told twice: at once.
        () = told(signals) => None,
    };
    if let Some(Ok(Started { store, .. })) = ended {
        store.close().await;
    }
    None
}

/// A kernel that can serve.
struct Started {
    store: Store,
    context: Arc<Context>,
    /// Where the operator key is, when it is new.
    key: Option<PathBuf>,
}

async fn start(app: App, data_dir: &DataDir) -> Result<Started> {
    let App { config, bundle, endpoints, compiler } = app;
    let secrets = Secrets::open(&config.auth, data_dir.path())?;
    let key = InstanceKey::open(data_dir.path())?;
    // The pool of instances reserves address space for a while; the database is started meanwhile.
    let (settings, path) = (config.host.clone(), data_dir.path().to_owned());
    let engine = tokio::task::spawn_blocking(move || {
        let engine = Engine::new(&settings, &path)?;
        Ok(match compiler {
            Some(program) => engine.with_compiler(Compiler::new(program, &settings)),
            None => engine,
        })
    });
    let store = Store::open(&config.database, data_dir.path(), &key).await?;
    let handed = operator::hand_over(&store, data_dir.path()).await;
    let engine = engine.await.map_err(Error::internal).flatten();
    let made = engine.and_then(|engine| Ok((engine, handed?, Arc::new(Auth::new(&config.auth, secrets, &store)?))));
    let (engine, key, auth) = match made {
        Ok(made) => made,
        Err(fault) => {
            store.close().await;
            return Err(fault);
        }
    };
    let words = config.clone();
    let grants: Grants = Arc::new(move |id, recorded, origin| words.grant(id, recorded, origin));
    let roster = Roster::open(&bundle.plugins, &store, &auth, engine, grants).await?;
    for plugin in roster.unknown(config.plugins.keys()) {
        tracing::warn!(plugin, "there is no plugin of this id: its section of the configuration does nothing");
    }
    let cors = Policy::new(config.cors);
    let context = Arc::new(Context::new(config.server, cors, auth, store.clone(), roster, endpoints));
    Ok(Started { store, context, key })
}

/// For whoever waits for the kernel, on standard output: the log may be switched off.
#[expect(clippy::print_stdout, reason = "the one line that scripts wait for")]
fn announce(line: &str) {
    println!("{line}");
}

type Signals = [Signal; 2];

fn signals() -> std::io::Result<Signals> {
    Ok([signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?])
}

async fn told(signals: &mut Signals) {
    let [terminate, interrupt] = signals;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

async fn stop(
    mut signals: Signals,
    end: impl Future<Output = ()>,
    handle: salvo::server::ServerHandle,
    context: Arc<Context>,
) {
    tokio::select! {
        () = told(&mut signals) => {}
        () = end => {}
    }
    tracing::info!("stopping: running requests may finish");
    context.drain();
    // Who says it twice does not want to wait for the balancer.
    let _ = tokio::time::timeout(context.config.drain_delay.0, told(&mut signals)).await;
    handle.stop_graceful(context.config.drain_timeout.0);
}

async fn sweep(context: Arc<Context>) {
    let mut ticks = tokio::time::interval(SWEEP);
    loop {
        ticks.tick().await;
        for registry in context.roster.fleet.registries() {
            registry.ready().for_each(|plugin| plugin.sweep());
        }
        context.auth.write_uses().await;
    }
}
