//! `wasi:http/outgoing-handler`: requests to servers outside, by the door that [`crate::capability::fetch`] is. What may be
//! asked and how much is decided there; here it is only put into other words.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use tokio::time::{Instant, timeout_at};
use wasmtime_wasi_http::{Error as Fault, RequestOptions, WasiBody, WasiHttpHooks};

use crate::capability::dispatch::Journey;
use crate::capability::fetch::{self, Reading};
use crate::capability::log::{Level, Pen};
use crate::capability::memory::Share;
use crate::capability::{Call, Fixed, Held, Traffic};
use crate::error::{Error, Result, code};

/// What a call's requests need; it is with them when they are under way. It closes behind the call.
#[derive(Default)]
pub(super) struct Hooks(Option<Arc<Door>>);

struct Door {
    fixed: Arc<Fixed>,
    held: Arc<Held>,
    traffic: Arc<Traffic>,
    log: Pen,
    journey: Journey,
    deadline: Instant,
    closed: AtomicBool,
}

impl Drop for Hooks {
    fn drop(&mut self) {
        self.0.iter().for_each(|door| door.closed.store(true, Ordering::Release));
    }
}

impl Hooks {
    pub(super) fn is_made(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn of(call: &Call) -> Self {
        let Ok(scope) = call.scope() else { return Self::default() };
        Self(Some(Arc::new(Door {
            fixed: Arc::clone(&call.fixed),
            held: Arc::clone(&call.held),
            traffic: Arc::clone(&call.traffic),
            log: call.log.clone(),
            journey: scope.journey.clone(),
            deadline: scope.deadline,
            closed: AtomicBool::new(false),
        })))
    }
}

type Io = Box<dyn Future<Output = std::result::Result<(), Fault>> + Send>;
type Answered = std::result::Result<(hyper::Response<WasiBody>, Io), Fault>;

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: hyper::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Io,
    ) -> Box<dyn Future<Output = Answered> + Send> {
        let door = self.0.clone();
        // Before it is under way, so that what is refused leaves no trace.
        let admitted = door.as_ref().map(|door| door.admit(&request));
        Box::new(async move {
            let (Some(door), Some(admitted)) = (door, admitted) else { return Err(Fault::HttpRequestDenied) };
            let sent = async { door.send(admitted?, request.into_body(), options.unwrap_or_default()).await };
            match sent.await {
                Ok(answer) => Ok((answer, Box::new(async { Ok(()) }) as Io)),
                Err(refusal) => Err(door.explain(&refusal)),
            }
        })
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        super::CHUNK
    }
}

impl Door {
    /// Whether it may be sent, without its content.
    fn admit(&self, request: &hyper::Request<WasiBody>) -> Result<fetch::Request> {
        self.traffic.fetch(&self.fixed.budget)?;
        let (method, url) = (request.method().as_str(), request.uri().to_string());
        let admitted = self.fixed.fetch.request(method, &url, request.headers().clone(), Bytes::new())?;
        self.journey.note(!admitted.method().is_safe());
        Ok(admitted)
    }

    async fn send(
        &self,
        mut request: fetch::Request,
        body: WasiBody,
        options: RequestOptions,
    ) -> Result<hyper::Response<WasiBody>> {
        let until = fetch::until(options.first_byte_timeout, self.deadline);
        let exchange = async {
            let (content, _share) = self.read(body).await?;
            *request.body_mut() = Full::new(content);
            let reading = Reading::new(&self.traffic, &self.fixed.budget, &self.held);
            self.fixed.fetch.exchange(request, reading).await
        };
        let (status, headers, content) = timeout_at(until, exchange).await.map_err(|_| fetch::late()).flatten()?;
        let body = self.hand_over(content)?;
        let mut answer = hyper::Response::builder().status(status).body(body).map_err(Error::internal)?;
        *answer.headers_mut() = headers;
        Ok(answer)
    }

    /// What the guest writes, whole: a server gets no part of a request whose rest is refused.
    async fn read(&self, mut body: WasiBody) -> Result<(Bytes, Share)> {
        let (mut content, mut share) = (Vec::new(), Share::of(&self.held));
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Error::new(&code::FETCH_INVALID, "the request's body was given up"))?;
            let Ok(piece) = frame.into_data() else { continue };
            self.traffic.fetched(&self.fixed.budget, piece.len() as u64)?;
            share.grow(piece.len() as u64).map_err(fetch::out_of_memory)?;
            content.extend_from_slice(&piece);
        }
        // A guest that failed in the middle has ended its body as well: half of it is not to be taken for all.
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::new(&code::FETCH_INVALID, "the call ended before its request was sent"));
        }
        Ok((content.into(), share))
    }

    /// An answer's content, which counts as the call's until the guest is done with it.
    fn hand_over(&self, content: Bytes) -> Result<WasiBody> {
        let mut share = Share::of(&self.held);
        share.grow(content.len() as u64).map_err(fetch::out_of_memory)?;
        let body = Full::new(content).map_frame(move |frame| {
            let _counted = &share;
            frame
        });
        Ok(body.map_err(|never| match never {}).boxed_unsync())
    }

    /// A refusal in WASI's words, of which there are few: what its author has to know is in the plugin's log.
    fn explain(&self, refusal: &Error) -> Fault {
        self.log.write(Level::Warn, &format!("{refusal}"), &[("code".to_owned(), refusal.code.to_string())]);
        match &*refusal.code {
            name if name == code::FETCH_NOT_GRANTED.name => Fault::HttpRequestDenied,
            name if name == code::FETCH_INVALID.name => Fault::HttpRequestUriInvalid,
            name if name == code::FETCH_TIMEOUT.name => Fault::HttpResponseTimeout,
            name if name == code::FETCH_TOO_LARGE.name => Fault::HttpResponseBodySize(None),
            name if name == code::FETCH_UNREACHABLE.name => Fault::DestinationUnavailable,
            name => Fault::InternalError(Some(name.to_owned())),
        }
    }
}
