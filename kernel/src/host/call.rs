//! One call of a plugin: permit, instance, limits, the guest's code, its answer or what went wrong.
//!
//! It writes nothing to the client: an instance is free again before the first byte of its answer leaves.

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};
use wasmtime::{Store, Trap, UpdateDeadline};

use super::engine::TICK;
use super::instance::Instance;
use super::plugin::Plugin;
use crate::capability::http::{Request, Response};
use crate::capability::{self, Call, Memory, Scope};
use crate::error::{Error, Result, code};
use crate::telemetry;

/// Bytes that a guest may hand to the host in one call of a capability: bounds what one host call can allocate.
const HOSTCALL_BYTES: usize = 16 << 20;

impl Plugin {
    /// Answers a request.
    ///
    /// # Errors
    /// The problem that the guest reported, or a `plugin.…` code for how it failed.
    pub async fn handle(&self, request: Request) -> Result<Response> {
        let deadline = Instant::now() + self.limits.deadline.0;
        let started = std::time::Instant::now();
        let _permit = self.pool.permit(deadline).await?;
        let outcome = self.run(request, deadline).await;
        telemetry::plugin_call(&self.manifest.id, started.elapsed(), outcome.as_ref().err());
        outcome
    }

    async fn run(&self, request: Request, deadline: Instant) -> Result<Response> {
        let scope = Scope { request_id: request.id.clone(), identity: request.identity.clone(), deadline };
        let mut instance = match self.pool.take() {
            Some(instance) => instance,
            None => self.instantiate(deadline).await?,
        };
        arm(&mut instance.store, self.limits.fuel, deadline)?;
        instance.store.data_mut().begin(scope);
        // The epoch stops a guest that computes; the time-out stops one that waits. A tick later, so that the epoch,
        // which knows more about the guest, wins where both apply.
        let call = timeout_at(deadline + TICK, call(&mut instance, request)).await;
        let outcome = match call {
            Err(_) => return Err(late()),
            Ok(Err(trap)) => return Err(self.explain(&trap, &instance)),
            Ok(Ok(Err(problem))) => Err(capability::failure(problem)),
            Ok(Ok(Ok(response))) => capability::http::take(instance.store.data_mut(), response, self.limits.response.0),
        };
        if instance.store.data_mut().end() {
            self.pool.give_back(instance);
        }
        outcome
    }

    async fn instantiate(&self, deadline: Instant) -> Result<Instance> {
        let live = self.pool.count();
        let memory = Memory::new(self.limits.memory.bytes(), self.limits.host_memory.0);
        let data = Call::new(Arc::clone(&self.fixed), memory);
        let mut store = Store::new(self.engine.inner(), data);
        store.limiter(|call| &mut call.memory);
        store.set_hostcall_fuel(HOSTCALL_BYTES);
        store.epoch_deadline_callback(|store| match Instant::now() >= store.data().deadline {
            true => Ok(UpdateDeadline::Interrupt),
            false => Ok(UpdateDeadline::Yield(1)),
        });
        arm(&mut store, self.limits.fuel, deadline)?;
        match timeout_at(deadline + TICK, self.code.instantiate_async(&mut store)).await {
            Ok(Ok(exports)) => Ok(Instance::new(store, exports, live)),
            Ok(Err(trap)) => Err(explain(&trap, store.data().memory.refused)),
            Err(_) => Err(late()),
        }
    }

    fn explain(&self, trap: &wasmtime::Error, instance: &Instance) -> Error {
        let error = explain(trap, instance.store.data().memory.refused);
        match limit_of(&error.code) {
            Some(limit) => error.hint(format!("an operator can raise [plugins.{}.limits] {limit}", self.manifest.id)),
            None => error,
        }
    }
}

/// Sets the limits of one call; before instantiation too, where code can run as well.
fn arm(store: &mut Store<Call>, fuel: u64, deadline: Instant) -> Result<()> {
    store.data_mut().deadline = deadline;
    store.set_epoch_deadline(1);
    store.set_fuel(fuel).map_err(Error::internal)
}

type Answer = std::result::Result<capability::http::GuestResponse, capability::Problem>;

async fn call(instance: &mut Instance, request: Request) -> wasmtime::Result<Answer> {
    let handle = instance.store.data_mut().table.push(request)?;
    instance.exports.basalt_http_handler().call_handle(&mut instance.store, handle).await
}

fn late() -> Error {
    Error::new(&code::PLUGIN_TIMEOUT, "the plugin did not answer in time")
}

/// What stopped a guest. The text of a trap names the plugin's functions, so it goes to the log only.
fn explain(trap: &wasmtime::Error, memory_refused: bool) -> Error {
    let (code, message) = match trap.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => (&code::PLUGIN_OUT_OF_FUEL, "the plugin used up the computation of one call"),
        Some(Trap::Interrupt) => (&code::PLUGIN_TIMEOUT, "the plugin did not answer in time"),
        Some(Trap::StackOverflow) => (&code::PLUGIN_STACK_OVERFLOW, "the plugin's stack overflowed"),
        _ if memory_refused => (&code::PLUGIN_OUT_OF_MEMORY, "the plugin ran out of its memory"),
        _ => (&code::PLUGIN_TRAP, "the plugin crashed"),
    };
    Error::new(code, message).source(anyhow::anyhow!("{trap:?}"))
}

fn limit_of(code: &str) -> Option<&'static str> {
    match code {
        "plugin.timeout" => Some("deadline"),
        "plugin.out-of-fuel" => Some("fuel"),
        "plugin.out-of-memory" => Some("memory or host_memory"),
        _ => None,
    }
}
