//! The WebAssembly engine: its configuration, its clock, and compiled code kept on disk.
//!
//! It knows nothing of grants. Every number below has a reason; a change to most of them changes the compatibility hash
//! and recompiles every plugin once.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use wasmtime::component::Component;
use wasmtime::{Enabled, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig};

use super::compiled::{self, Stale};
use super::compiler::Compiler;
use super::config::Config;
use super::lane::Lanes;
use super::manifest::refused;
use crate::capability::fetch::{self, Roots};
use crate::capability::memory::Total;
use crate::error::{Error, Result};

/// How often running guests are asked whether their time is up, and let others run. What a guest can keep others waiting
/// with its first slice; after that it is on the slow lane.
pub const TICK: Duration = Duration::from_millis(2);

/// The largest memory that any plugin's limit can allow: a slot of the pool has this size.
pub const MAX_MEMORY: usize = 256 << 20;

/// An engine and where its compiled code is kept.
#[derive(Clone)]
pub struct Engine {
    inner: wasmtime::Engine,
    cache: Arc<PathBuf>,
    compiler: Option<Arc<Compiler>>,
    /// Where guests compute.
    pub lanes: Lanes,
    /// The memory of all plugins.
    pub memory: Arc<Total>,
    /// Whether the kernel is going to stop: calls that would go on for long hear of it.
    pub draining: Arc<watch::Sender<bool>>,
    /// Whom plugins' requests to servers outside believe.
    pub roots: Roots,
}

impl Engine {
    /// Makes an engine that keeps compiled code below `data_dir`, and starts its clock and its slow threads, for guests of
    /// the runtime that this is called on.
    ///
    /// # Errors
    /// When the machine cannot reserve the address space or the folder cannot be made.
    pub fn new(config: &Config, data_dir: &Path) -> Result<Self> {
        let inner = build(config)?;
        let cache = compiled::folder(data_dir);
        std::fs::create_dir_all(&cache).map_err(Error::internal)?;
        start_clock(&inner);
        Ok(Self {
            inner,
            cache: Arc::new(cache),
            compiler: None,
            lanes: Lanes::start()?,
            memory: Arc::new(Total::new(config.memory.0)),
            draining: Arc::default(),
            roots: fetch::roots(config.fetch_roots.as_deref())?,
        })
    }

    /// The same engine, which has components compiled in processes of their own.
    #[must_use]
    pub fn with_compiler(self, compiler: Compiler) -> Self {
        Self { compiler: Some(Arc::new(compiler)), ..self }
    }

    /// The same engine, which compiles in this process: faster, for code that came with the binary.
    #[must_use]
    pub fn without_compiler(&self) -> Self {
        Self { compiler: None, ..self.clone() }
    }

    /// What of the compiled code below `data_dir` an engine of this configuration would not use; nothing is changed.
    ///
    /// # Errors
    /// When no engine can be made.
    pub fn stale(config: &Config, data_dir: &Path) -> Result<Stale> {
        Ok(compiled::stale(data_dir, compiled::suffix(&build(config)?)))
    }

    /// The engine itself.
    pub fn inner(&self) -> &wasmtime::Engine {
        &self.inner
    }

    /// Compiles a component, or finds it compiled.
    ///
    /// # Errors
    /// `plugin.refused` when it is no valid component, or takes more to compile than it may.
    pub async fn component(&self, wasm: &Bytes) -> Result<Component> {
        let (engine, content) = (self.clone(), wasm.clone());
        let find = move || {
            let path = engine.cache.join(compiled::name(&content, &engine.inner));
            (engine.load(&path), path)
        };
        let (found, path) = aside(find).await?;
        if let Ok(component) = found {
            return Ok(component);
        }
        // Written aside and renamed, so that a crash or a second kernel never leaves half a file under the name.
        let part = self.cache.join(format!(".{}", uuid::Uuid::new_v4()));
        if let Err(fault) = self.compile(wasm, &part).await {
            let _ = std::fs::remove_file(&part);
            return Err(fault);
        }
        let engine = self.clone();
        let take = move || {
            std::fs::rename(&part, &path).map_err(Error::internal)?;
            engine.load(&path).map_err(|fault| refused(format!("{fault:#}")))
        };
        aside(take).await?
    }

    async fn compile(&self, wasm: &Bytes, part: &Path) -> Result<()> {
        if let Some(compiler) = &self.compiler {
            let start = std::time::Instant::now();
            compiler.compile(wasm, part).await?;
            tracing::info!(
                took_ms = start.elapsed().as_millis(),
                bytes = wasm.len(),
                "compiled in a process of its own"
            );
            return Ok(());
        }
        let (engine, wasm, part) = (self.inner.clone(), wasm.clone(), part.to_owned());
        let work = move || {
            let compiled = engine.precompile_component(&wasm).map_err(|fault| refused(format!("{fault:#}")))?;
            std::fs::write(&part, &compiled).map_err(Error::internal)
        };
        aside(work).await?
    }

    fn load(&self, path: &Path) -> wasmtime::Result<Component> {
        // SAFETY: compiled code is native code that is run as it is. The folder is the kernel's own, in its data
        // directory, and only `component` writes there; nothing that a user sends is ever taken for compiled code.
        #[expect(unsafe_code, reason = "the one place that trusts the data directory")]
        unsafe {
            Component::deserialize_file(&self.inner, path)
        }
    }
}

/// Off the threads of requests: this takes long.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)
}

/// An engine for nothing but compiling, whose code every other one takes. Without a pool: where instances live is no part
/// of their code, and reserving it takes time.
pub(super) fn for_compiling() -> Result<wasmtime::Engine> {
    wasmtime::Engine::new(&settings(None)).map_err(Error::internal)
}

fn build(config: &Config) -> Result<wasmtime::Engine> {
    wasmtime::Engine::new(&settings(Some(config)))
        // A container with a small address space cannot hold the pool; on demand is slower and works everywhere.
        .or_else(|fault| {
            tracing::warn!(%fault, "the instance pool does not fit this machine; instances are made on demand");
            wasmtime::Engine::new(&settings(None))
        })
        .map_err(Error::internal)
}

/// A thread of its own, so that busy async threads cannot hold the clock up. It ends with the engine.
fn start_clock(engine: &wasmtime::Engine) {
    let engine = engine.weak();
    let tick = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            #[expect(clippy::disallowed_methods, reason = "this thread does nothing but keep time")]
            std::thread::sleep(TICK);
        }
    };
    let spawned = std::thread::Builder::new().name("epoch".to_owned()).spawn(tick);
    spawned.expect("a machine that cannot start one thread cannot run the kernel");
}

fn settings(pool: Option<&Config>) -> wasmtime::Config {
    let mut config = wasmtime::Config::new();
    config
        .cranelift_opt_level(OptLevel::Speed)
        // Component-model async is not used: one CPU-bound call would delay its neighbours in the instance.
        .concurrency_support(false)
        .epoch_interruption(true)
        .consume_fuel(true)
        .memory_init_cow(true)
        // The host's stack must exceed the guest's: host functions run on it.
        .async_stack_size(1 << 20)
        .max_wasm_stack(512 << 10)
        .parallel_compilation(true);
    if let Some(pool) = pool {
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(slots(pool.max_instances.get())));
    }
    config
}

fn slots(instances: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        // A component is one to three core instances from Rust, up to 45 from Python; this is a counter, not memory.
        .total_core_instances(instances.saturating_mul(20))
        .total_memories(instances.saturating_mul(3))
        .total_tables(instances.saturating_mul(4))
        .total_stacks(instances)
        .max_core_instances_per_component(200)
        .max_memories_per_component(8)
        .max_tables_per_component(64)
        .max_component_instance_size(8 << 20)
        .max_core_instance_size(4 << 20)
        .max_memory_size(MAX_MEMORY)
        .table_elements(100_000)
        // Kept resident so that reuse of a slot does not fault its pages in again; with the page-map scan (Linux 6.7)
        // only the touched ones are cleared.
        .linear_memory_keep_resident(1 << 20)
        .table_keep_resident(64 << 10)
        .async_stack_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto)
        .max_unused_warm_slots(100);
    pool
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Section;

    #[test]
    fn code_is_the_same_with_a_pool_and_without() {
        let config = Config::read("host", toml::Table::new(), &mut Vec::new());
        let [pooled, plain] = [settings(Some(&config)), settings(None)]
            .map(|settings| compiled::suffix(&wasmtime::Engine::new(&settings).expect("an engine")));
        assert_eq!(pooled, plain);
    }
}
