//! One call of a plugin: permit, instance, limits, the guest's code, its answer or what went wrong.
//!
//! It writes nothing to the client: an instance is free again before the first byte of its answer leaves, unless it streams.

mod head;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use wasmtime::component::Resource;
use wasmtime::{Store, StoreContextMut, Trap, UpdateDeadline};

use super::breaker::{Outcome, Stage};
use super::instance::{Exports, Instance};
use super::lane;
use super::meter::Used;
use super::plugin::Plugin;
use super::stock;
use crate::capability::http::stream::Head;
use crate::capability::http::{Request, Response, check_size, pipe, take};
use crate::capability::{self, Call, OutOfHostMemory, Scope, wasi};
use crate::error::{Error, Result, code};

/// Bytes that a guest may hand to the host in one call of a capability: bounds what one host call can allocate.
const HOSTCALL_BYTES: usize = 16 << 20;

/// How much later than the epoch a call is given up that waits: so that the epoch, which knows more about the guest, wins
/// where both apply.
const GRACE: Duration = Duration::from_millis(10);

/// A guest that has used less fuel when a tick finds it is not computing: its thread did not run for a moment.
const SLICE_FUEL: u64 = 500_000;

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
    pub async fn call(self: &Arc<Self>, task: Task) -> Result<Done> {
        match task {
            Task::Handle(request) if self.code.streams => head::call(self, request).await,
            task => self.counted(task, None).await,
        }
    }

    async fn counted(self: &Arc<Self>, task: Task, head: Option<Head>) -> Result<Done> {
        let started = std::time::Instant::now();
        let outcome = self.attempt(task, head, started).await;
        self.meter.ended(started.elapsed(), outcome.as_ref().err());
        outcome
    }

    async fn attempt(self: &Arc<Self>, task: Task, head: Option<Head>, started: std::time::Instant) -> Result<Done> {
        let ticket = self.breaker.admit(started)?;
        let deadline = task.deadline(Instant::from_std(started) + self.limits.deadline.0);
        let outcome = self.engine.lanes.run(&self.habit, Box::pin(Arc::clone(self).queue(task, head, deadline))).await;
        if let Some(stage) = self.breaker.record(ticket, Outcome::of(&outcome), std::time::Instant::now()) {
            self.meter.breaker(stage);
            self.say(stage);
        }
        outcome
    }

    fn say(&self, stage: Stage) {
        let plugin = self.manifest.id.as_str();
        match stage {
            Stage::Closed => tracing::info!(plugin, "the plugin works again"),
            Stage::Open | Stage::HalfOpen => {
                let pause = self.limits.breaker_pause.0;
                tracing::error!(plugin, ?pause, "the plugin failed too often: it is left alone for a while");
            }
        }
    }

    async fn queue(self: Arc<Self>, task: Task, head: Option<Head>, deadline: Instant) -> Result<Done> {
        let _permit = self.pool.permit(task.patience(deadline)).await?;
        self.run(task, head, deadline).await
    }

    async fn run(&self, task: Task, head: Option<Head>, deadline: Instant) -> Result<Done> {
        let scope = task.scope(deadline);
        let mut instance = match self.pool.take() {
            Some(instance) => instance,
            None => self.instantiate(deadline).await?,
        };
        arm(&mut instance.store, self.limits.fuel, deadline)?;
        let call = instance.store.data_mut();
        call.begin(scope);
        if matches!(task, Task::Handle(_)) {
            call.stream.handle(head);
        }
        let alarm = Arc::clone(&call.alarm);
        // The epoch stops a guest that computes; the alarm stops one that waits.
        let performed = tokio::select! {
            biased;
            performed = perform(&mut instance, task, self.limits.response.0) => Some(performed),
            () = alarm.rung(GRACE) => None,
        };
        self.meter.used(&self.used(&instance));
        let call = instance.store.data_mut();
        let failure = match performed {
            Some(Ok(outcome)) => {
                let outcome = call.stream.close(outcome);
                self.retire(instance);
                return outcome;
            }
            None => out_of_time(call),
            Some(Err(trap)) => self.explain(&trap, call),
        };
        let failure = call.stream.close::<Done>(Err(failure)).err().unwrap_or_else(late);
        let request = instance.store.data().scope.as_ref().map(|scope| Arc::clone(&scope.request_id));
        self.fixed.recent.push("error", &failure.to_string(), &request.unwrap_or_default(), "{}");
        // What it wrote before it failed is what its author looks for.
        instance.store.data_mut().end();
        self.engine.lanes.discard(instance);
        Err(failure)
    }

    fn used(&self, instance: &Instance) -> Used {
        let call = instance.store.data();
        let fuel = self.limits.fuel.saturating_sub(instance.store.get_fuel().unwrap_or(0));
        Used { fuel, memory: call.memory.used as u64, counted: call.usage() }
    }

    /// Keeps an instance whose call ended well for the next one, unless handles were left behind.
    fn retire(&self, mut instance: Instance) {
        if instance.store.data_mut().end() {
            self.pool.give_back(instance);
        }
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
        loop {
            match self.make(deadline).await {
                // What nobody uses makes room, of whichever plugin it is.
                Err(fault) if is_full(&fault) && self.engine.memory.evict() => {}
                made => return made,
            }
        }
    }

    async fn make(&self, deadline: Instant) -> Result<Instance> {
        let live = self.pool.count();
        let mut store = Store::new(self.engine.inner(), Call::new(Arc::clone(&self.fixed)));
        store.limiter(|call| &mut call.memory);
        store.set_hostcall_fuel(HOSTCALL_BYTES);
        let fuel = self.limits.fuel;
        store.epoch_deadline_callback(move |store| Ok(tick(store, fuel)));
        arm(&mut store, self.limits.fuel, deadline)?;
        match timeout_at(deadline + GRACE, self.start(&mut store)).await {
            Ok(Ok(exports)) => Ok(Instance::new(store, exports, live)),
            Ok(Err(trap)) => Err(explain(&trap, store.data())),
            Err(_) => Err(late()),
        }
    }

    async fn start(&self, store: &mut Store<Call>) -> wasmtime::Result<Exports> {
        let instance = self.code.linked.instantiate_async(&mut *store).await?;
        let handler = self.code.handler.as_ref().map(|indices| indices.load(&mut *store, &instance)).transpose()?;
        let filter = self.code.filter.as_ref().map(|indices| indices.load(&mut *store, &instance)).transpose()?;
        let stock = self.code.stock.as_ref().map(|indices| indices.load(&mut *store, &instance)).transpose()?;
        Ok(Exports { handler, filter, stock })
    }

    fn explain(&self, trap: &wasmtime::Error, call: &Call) -> Error {
        let error = explain(trap, call);
        match limit_of(&error.code) {
            Some(limit) => error.hint(format!("an operator can raise [plugins.{}.limits] {limit}", self.manifest.id)),
            None => error,
        }
    }
}

/// What becomes of a guest that a tick of the clock finds running.
fn tick(mut store: StoreContextMut<'_, Call>, fuel: u64) -> UpdateDeadline {
    if Instant::now() >= store.data().alarm.at() {
        return UpdateDeadline::Interrupt;
    }
    let used = fuel.saturating_sub(store.get_fuel().unwrap_or(0));
    let seen_before = std::mem::replace(&mut store.data_mut().computed, true);
    // Few instructions can take long as well: a second tick counts whatever was used.
    if used < SLICE_FUEL && !seen_before {
        return UpdateDeadline::Continue(1);
    }
    lane::note_yield();
    UpdateDeadline::Yield(1)
}

/// Sets the limits of one call; before instantiation too, where code can run as well.
fn arm(store: &mut Store<Call>, fuel: u64, deadline: Instant) -> Result<()> {
    store.data().alarm.set(deadline);
    store.data_mut().computed = false;
    store.set_epoch_deadline(1);
    store.set_fuel(fuel).map_err(Error::internal)
}

/// What a plugin that is asked by another waits for an instance: who asks holds one meanwhile, and of many that wait for each
/// other none would get one.
const NESTED_PATIENCE: Duration = Duration::from_millis(100);

impl Task {
    /// Until when to wait for an instance.
    fn patience(&self, deadline: Instant) -> Instant {
        if self.request().journey.is_nested() { deadline.min(Instant::now() + NESTED_PATIENCE) } else { deadline }
    }

    /// A plugin that was asked by another has less time than that one, which has to make something of the answer, or of
    /// there being none.
    fn deadline(&self, own: Instant) -> Instant {
        match self.request().journey.deadline {
            Some(outer) => own.min(outer - (outer - Instant::now()) / 10),
            None => own,
        }
    }

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
        Task::Handle(request) if instance.exports.stock.is_some() => {
            Ok(stock::handle(instance, request, max_bytes).await?.map(Done::Handled))
        }
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
    let taken = match answer {
        Ok(answer) => take(store.data_mut(), answer, max_bytes).await,
        Err(problem) => Err(capability::failure(problem)),
    };
    Ok(taken.map(Done::Handled))
}

async fn before(instance: &mut Instance, request: Request, max_bytes: u64) -> wasmtime::Result<Result<Done>> {
    let Instance { store, exports, .. } = instance;
    let filter = exports.filter.as_ref().ok_or_else(absent)?;
    let request = store.data_mut().table.push(request)?;
    let decision = filter.call_before(&mut *store, Resource::new_borrow(request.rep())).await?;
    let request = store.data_mut().table.delete(request)?;
    let answer = match decision.map_err(capability::failure) {
        Ok(Some(answer)) => take(store.data_mut(), answer, max_bytes).await.map(Some),
        Ok(None) => Ok(None),
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
pub(super) fn absent() -> wasmtime::Error {
    wasmtime::Error::msg("the plugin does not export this")
}

fn late() -> Error {
    Error::new(&code::PLUGIN_TIMEOUT, "the plugin did not answer in time")
}

/// Its time was brought to an end when nobody was there any more, or it has passed.
fn out_of_time(call: &Call) -> Error {
    if call.stream.is_abandoned() { pipe::gone() } else { late() }
}

/// What stopped a guest. The text of a trap names the plugin's functions, so it goes to the log only.
fn explain(trap: &wasmtime::Error, call: &Call) -> Error {
    if trap.is::<wasmtime::PoolConcurrencyLimitError>() {
        return Error::new(&code::PLUGIN_BUSY, "all instances of this kernel are in use")
            .hint("try again later; an operator can raise [host] max_instances")
            .source(Full);
    }
    let (code, message) = match trap.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => (&code::PLUGIN_OUT_OF_FUEL, "the plugin used up the computation of one call"),
        Some(Trap::Interrupt) => return out_of_time(call).source(anyhow::anyhow!("{trap:?}")),
        Some(Trap::StackOverflow) => (&code::PLUGIN_STACK_OVERFLOW, "the plugin's stack overflowed"),
        _ if call.memory.exhausted || call.held.is_exhausted() => return capability::exhausted(),
        _ if call.memory.refused || trap.is::<OutOfHostMemory>() => {
            (&code::PLUGIN_OUT_OF_MEMORY, "the plugin ran out of its memory")
        }
        _ if wasi::is_exit(trap) => (&code::PLUGIN_TRAP, "the plugin ended itself"),
        _ => (&code::PLUGIN_TRAP, "the plugin crashed"),
    };
    Error::new(code, message).source(anyhow::anyhow!("{trap:?}"))
}

/// The cause of a failure to make an instance that ends as soon as another is dropped.
#[derive(Debug)]
struct Full;

impl std::fmt::Display for Full {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the engine has no place left")
    }
}

impl std::error::Error for Full {}

fn is_full(error: &Error) -> bool {
    error.source.as_ref().is_some_and(|source| source.is::<Full>())
}

fn limit_of(code: &str) -> Option<&'static str> {
    match code {
        "plugin.timeout" => Some("deadline"),
        "plugin.out-of-fuel" => Some("fuel"),
        "plugin.out-of-memory" => Some("memory or host_memory"),
        _ => None,
    }
}
