//! One call of a plugin: permit, instance, limits, the guest's code, its answer or what went wrong.
//!
//! It writes nothing to the client: an instance is free again before the first byte of its answer leaves.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::time::{Instant, timeout_at};
use wasmtime::component::Resource;
use wasmtime::{Store, Trap, UpdateDeadline};

use super::engine::TICK;
use super::instance::{Exports, Instance};
use super::plugin::Plugin;
use crate::capability::http::{Request, Response, check_size, take};
use crate::capability::{self, Call, OutOfHostMemory, Scope};
use crate::error::{Error, Kind, Result, code};
use crate::telemetry;

/// Bytes that a guest may hand to the host in one call of a capability: bounds what one host call can allocate.
const HOSTCALL_BYTES: usize = 16 << 20;

/// What a plugin is asked.
pub enum Task {
    /// Answer a request.
    Handle(Request),
    /// Look at a request on its way to a handler.
    Before(Request),
    /// Look at an answer on its way back.
    After(Request, Response),
}

/// What came of a task.
pub enum Done {
    /// The handler's answer.
    Handled(Response),
    /// The request as the filter left it, and the filter's own answer if it gave one.
    Passed(Request, Option<Response>),
    /// The request and the answer as the filter left them.
    Returned(Request, Response),
}

impl Plugin {
    /// Has the plugin do a task.
    ///
    /// # Errors
    /// The problem that the guest reported, or a `plugin.…` code for how it failed.
    pub async fn call(&self, task: Task) -> Result<Done> {
        let mut deadline = Instant::now() + self.limits.deadline.0;
        if let Some(outer) = task.request().journey.deadline {
            // Who asked has to have time to make something of the answer, or of there being none.
            deadline = deadline.min(outer - (outer - Instant::now()) / 10);
        }
        let started = std::time::Instant::now();
        let outcome = self.queue(task, deadline).await;
        self.calls.fetch_add(1, Ordering::Relaxed);
        if outcome.as_ref().is_err_and(|fault| fault.kind == Kind::Plugin) {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
        telemetry::plugin_call(&self.manifest.id, started.elapsed(), outcome.as_ref().err());
        outcome
    }

    async fn queue(&self, task: Task, deadline: Instant) -> Result<Done> {
        let _permit = self.pool.permit(deadline).await?;
        self.run(task, deadline).await
    }

    async fn run(&self, task: Task, deadline: Instant) -> Result<Done> {
        let scope = task.scope(deadline);
        let mut instance = match self.pool.take() {
            Some(instance) => instance,
            None => self.instantiate(deadline).await?,
        };
        arm(&mut instance.store, self.limits.fuel, deadline)?;
        instance.store.data_mut().begin(scope);
        // The epoch stops a guest that computes; the time-out stops one that waits. A tick later, so that the epoch,
        // which knows more about the guest, wins where both apply.
        let performed = timeout_at(deadline + TICK, perform(&mut instance, task, self.limits.response.0)).await;
        let outcome = match performed {
            Err(_) => return Err(late()),
            Ok(Err(trap)) => return Err(self.explain(&trap, &instance)),
            Ok(Ok(outcome)) => outcome,
        };
        if instance.store.data_mut().end() {
            self.pool.give_back(instance);
        }
        outcome
    }

    /// Makes an instance and keeps it for the first call: what cannot even start is found before anybody depends on it.
    ///
    /// # Errors
    /// What went wrong, as for a call.
    pub async fn smoke(&self) -> Result<()> {
        let instance = self.instantiate(Instant::now() + self.limits.deadline.0).await?;
        self.pool.give_back(instance);
        Ok(())
    }

    async fn instantiate(&self, deadline: Instant) -> Result<Instance> {
        let live = self.pool.count();
        let data = Call::new(Arc::clone(&self.fixed), self.limits.memory.bytes());
        let mut store = Store::new(self.engine.inner(), data);
        store.limiter(|call| &mut call.memory);
        store.set_hostcall_fuel(HOSTCALL_BYTES);
        store.epoch_deadline_callback(|store| match Instant::now() >= store.data().deadline {
            true => Ok(UpdateDeadline::Interrupt),
            false => Ok(UpdateDeadline::Yield(1)),
        });
        arm(&mut store, self.limits.fuel, deadline)?;
        match timeout_at(deadline + TICK, self.start(&mut store)).await {
            Ok(Ok(exports)) => Ok(Instance::new(store, exports, live)),
            Ok(Err(trap)) => Err(explain(&trap, store.data().memory.refused)),
            Err(_) => Err(late()),
        }
    }

    async fn start(&self, store: &mut Store<Call>) -> wasmtime::Result<Exports> {
        let instance = self.code.linked.instantiate_async(&mut *store).await?;
        let handler = self.code.handler.as_ref().map(|indices| indices.load(&mut *store, &instance)).transpose()?;
        let filter = self.code.filter.as_ref().map(|indices| indices.load(&mut *store, &instance)).transpose()?;
        Ok(Exports { handler, filter })
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

impl Task {
    fn scope(&self, deadline: Instant) -> Scope {
        let request = self.request();
        let journey = request.journey.clone();
        Scope { request_id: request.id.clone(), identity: request.identity.clone(), deadline, journey }
    }

    fn request(&self) -> &Request {
        let (Self::Handle(request) | Self::Before(request) | Self::After(request, _)) = self;
        request
    }
}

/// Calls the export that a task is for, and takes what it leaves out of the guest's table.
async fn perform(instance: &mut Instance, task: Task, max_bytes: u64) -> wasmtime::Result<Result<Done>> {
    match task {
        Task::Handle(request) => handle(instance, request, max_bytes).await,
        Task::Before(request) => before(instance, request, max_bytes).await,
        Task::After(request, response) => after(instance, request, response, max_bytes).await,
    }
}

async fn handle(instance: &mut Instance, request: Request, max_bytes: u64) -> wasmtime::Result<Result<Done>> {
    let Instance { store, exports, .. } = instance;
    let handler = exports.handler.as_ref().ok_or_else(absent)?;
    let request = store.data_mut().table.push(request)?;
    let answer = handler.call_handle(&mut *store, request).await?;
    let taken = answer.map_err(capability::failure).and_then(|answer| take(store.data_mut(), answer, max_bytes));
    Ok(taken.map(Done::Handled))
}

async fn before(instance: &mut Instance, request: Request, max_bytes: u64) -> wasmtime::Result<Result<Done>> {
    let Instance { store, exports, .. } = instance;
    let filter = exports.filter.as_ref().ok_or_else(absent)?;
    let request = store.data_mut().table.push(request)?;
    let decision = filter.call_before(&mut *store, Resource::new_borrow(request.rep())).await?;
    let request = store.data_mut().table.delete(request)?;
    let answer = match decision.map_err(capability::failure) {
        Ok(answer) => answer.map(|answer| take(store.data_mut(), answer, max_bytes)).transpose(),
        Err(problem) => Err(problem),
    };
    Ok(answer.map(|answer| Done::Passed(request, answer)))
}

async fn after(
    instance: &mut Instance,
    request: Request,
    response: Response,
    max_bytes: u64,
) -> wasmtime::Result<Result<Done>> {
    let Instance { store, exports, .. } = instance;
    let filter = exports.filter.as_ref().ok_or_else(absent)?;
    let request = store.data_mut().table.push(request)?;
    let reply = store.data_mut().table.push(response)?;
    let (asked, answered) = (Resource::new_borrow(request.rep()), Resource::new_borrow(reply.rep()));
    let outcome = filter.call_after(&mut *store, asked, answered).await?;
    let (request, reply) = (store.data_mut().table.delete(request)?, store.data_mut().table.delete(reply)?);
    let checked = outcome.map_err(capability::failure).and_then(|()| check_size(store.data(), &reply, max_bytes));
    Ok(checked.map(|()| Done::Returned(request, reply)))
}

/// Loading has checked that a plugin exports what its manifest promises, and nothing else is called.
fn absent() -> wasmtime::Error {
    wasmtime::Error::msg("the plugin does not export this")
}

fn late() -> Error {
    Error::new(&code::PLUGIN_TIMEOUT, "the plugin did not answer in time")
}

/// What stopped a guest. The text of a trap names the plugin's functions, so it goes to the log only.
fn explain(trap: &wasmtime::Error, memory_refused: bool) -> Error {
    if trap.is::<wasmtime::PoolConcurrencyLimitError>() {
        return Error::new(&code::PLUGIN_BUSY, "all instances of this kernel are in use")
            .hint("try again later; an operator can raise [host] max_instances");
    }
    let (code, message) = match trap.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => (&code::PLUGIN_OUT_OF_FUEL, "the plugin used up the computation of one call"),
        Some(Trap::Interrupt) => (&code::PLUGIN_TIMEOUT, "the plugin did not answer in time"),
        Some(Trap::StackOverflow) => (&code::PLUGIN_STACK_OVERFLOW, "the plugin's stack overflowed"),
        _ if memory_refused || trap.is::<OutOfHostMemory>() => {
            (&code::PLUGIN_OUT_OF_MEMORY, "the plugin ran out of its memory")
        }
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
