//! Standard WASI 0.2 with nothing in it, for components whose language's runtime expects it: clocks, randomness, and what a
//! program prints in its plugin's log. No files, no sockets, no environment, no arguments.
//!
//! It grants nothing that reaches outside: `wasi:http` asks servers through [`super::fetch`], and answers requests as [`super::http`] has them.

mod incoming;
mod outgoing;
mod output;

use wasmtime::component::{Linker, Resource, ResourceTable};
use wasmtime_wasi::p2::bindings::sockets::network::Network;
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, add_to_linker_async};
use wasmtime_wasi::{I32Exit, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::p2::bindings::http::types::{HostOutgoingRequest, Method};
use wasmtime_wasi_http::p2::bindings::http::{outgoing_handler, types};
use wasmtime_wasi_http::p2::types::HostOutgoingRequest as OutgoingRequest;
use wasmtime_wasi_http::{WasiHttp, WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::Call;
use super::log::{Pen, Stream};
use outgoing::Hooks;
use output::Output;

pub use incoming::{admit, collect, expect, unfinished};
pub use wasmtime_wasi_http::p2::bindings::exports::wasi::http::incoming_handler;

/// What an instance has of WASI.
pub struct State {
    ctx: WasiCtx,
    http: WasiHttpCtx,
    hooks: Hooks,
}

/// Bytes that are given at a time; the crate makes them one by one, while nobody else runs.
const MAX_RANDOM: u64 = 64 << 10;

/// Bytes of the headers that a guest makes for one message.
const MAX_FIELDS: usize = 64 << 10;

/// Bytes of a body in one piece; two of them can wait to be read.
const CHUNK: usize = 32 << 10;

/// The most that one handle stands for: headers, or what waits of a body, and a path.
const HANDLE: u64 = 128 << 10;

/// Bytes of a method, or of the name of a server, which the crate does not bound.
const MAX_WORD: usize = 1 << 10;

/// Handles that a program keeps for as long as it lives: its standard streams, with what says that they are ready.
const KEPT: usize = 16;

/// The handles that a call may have, when all of them together may stand for so much.
pub(super) fn handles(host_memory: u64) -> usize {
    usize::try_from(host_memory / HANDLE).unwrap_or(usize::MAX).max(4 * KEPT)
}

/// Adds all but `wasi:http` to a linker.
pub fn link(linker: &mut Linker<Call>) -> wasmtime::Result<()> {
    add_to_linker_async(linker)
}

/// Adds of `wasi:http` what goes with capabilities that were granted: its types with either, asking servers with `fetch`.
pub fn link_http(linker: &mut Linker<Call>, http: bool, fetch: bool) -> wasmtime::Result<()> {
    if !http && !fetch {
        return Ok(());
    }
    types::add_to_linker::<Call, WasiHttp>(linker, &types::LinkOptions::default(), Call::http)?;
    bound_words(linker)?;
    if fetch {
        outgoing_handler::add_to_linker::<Call, WasiHttp>(linker, Call::http)?;
    }
    Ok(())
}

/// The interface, in the version that the crate has; others of 0.2 are linked with it.
const TYPES: &str = "wasi:http/types@0.2.12";

/// Puts two functions in front of the crate's, because it keeps words of any length: with each handle, megabytes.
fn bound_words(linker: &mut Linker<Call>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut types = linker.instance(TYPES)?;
    types.func_wrap("[method]outgoing-request.set-method", |mut store, (request, method): (Request, Method)| {
        match &method {
            Method::Other(name) if name.len() > MAX_WORD => Ok((Err(()),)),
            _ => Ok((HostOutgoingRequest::set_method(&mut Call::http(store.data_mut()), request, method)?,)),
        }
    })?;
    types.func_wrap(
        "[method]outgoing-request.set-authority",
        |mut store, (request, name): (Request, Option<String>)| match &name {
            Some(name) if name.len() > MAX_WORD => Ok((Err(()),)),
            _ => Ok((HostOutgoingRequest::set_authority(&mut Call::http(store.data_mut()), request, name)?,)),
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

type Request = Resource<OutgoingRequest>;

/// Whether a trap is a program's own end, which is a failure of its call, with whatever code it ends.
pub fn is_exit(trap: &wasmtime::Error) -> bool {
    trap.is::<I32Exit>()
}

/// Whether what is left in a table is no more than a program's standard streams. Streams of bodies keep their bodies in it
/// as well, so that they are told apart without looking into them.
pub(super) fn keeps_only_streams(table: &mut ResourceTable) -> bool {
    let mut kept = 0;
    table.iter_mut().all(|entry| {
        kept += 1;
        let is_stream = entry.is::<DynInputStream>() || entry.is::<DynOutputStream>();
        kept <= KEPT && (is_stream || entry.is::<DynPollable>() || entry.is::<Network>())
    })
}

impl State {
    fn new(log: &Pen) -> Self {
        let [output, error] = [Stream::Output, Stream::Error].map(|stream| Output::new(log.clone(), stream));
        let mut ctx = WasiCtx::builder();
        // Its builder's defaults make sockets, and refuse them every address.
        ctx.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
        let ctx = ctx.stdout(output).stderr(error).max_random_size(MAX_RANDOM).build();
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(MAX_FIELDS);
        Self { ctx, http, hooks: Hooks::default() }
    }

    /// Forgets the call that ended.
    pub(super) fn end(&mut self) {
        self.hooks = Hooks::default();
    }
}

/// Made when it is first asked for: most plugins never do.
fn made<'a>(place: &'a mut Option<Box<State>>, log: &Pen) -> &'a mut State {
    place.get_or_insert_with(|| Box::new(State::new(log)))
}

impl WasiView for Call {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let state = made(&mut self.wasi, &self.log);
        WasiCtxView { ctx: &mut state.ctx, table: &mut self.table }
    }
}

impl WasiHttpView for Call {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        if !made(&mut self.wasi, &self.log).hooks.is_made() {
            let hooks = Hooks::of(self);
            made(&mut self.wasi, &self.log).hooks = hooks;
        }
        let state = made(&mut self.wasi, &self.log);
        WasiHttpCtxView { ctx: &mut state.http, table: &mut self.table, hooks: &mut state.hooks }
    }
}
