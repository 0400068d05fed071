//! The way of a request, in order. Each step says why it stands where it does; none knows a feature.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use salvo::conn::ConnCtrl;
use salvo::http::header::{AUTHORIZATION, CONTENT_LENGTH};
use salvo::http::{HeaderMap, HeaderValue, Method, ResBody, StatusCode};
use salvo::{Depot, FlowCtrl, Handler, Request, Response, async_trait};
use tokio::sync::OwnedSemaphorePermit;

use super::context::{Context, allow};
use super::endpoint::{self, Access, Call};
use super::{Config, body, compress, depth, drain, header, plugin, rate, render};
use crate::auth::{key, operator};
use crate::capability::http::Request as Incoming;
use crate::error::{Error, Result, code};
use crate::identity::Identity;
use crate::telemetry;

/// What answers every request of the kernel.
pub struct Front(pub Arc<Context>);

/// An answer before it is written.
#[derive(Debug)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its headers, but for those that every answer has.
    pub headers: HeaderMap,
    /// Its content.
    pub body: ResBody,
}

/// What is known of a request as it goes along; what is known at the end is in its log line.
#[derive(Debug)]
pub struct Trail {
    /// The request id.
    pub id: Arc<str>,
    /// What answered: an endpoint's path, or a plugin's id and route; a closed set, because it labels metrics.
    pub route: String,
    /// Who was calling.
    pub identity: Option<Arc<Identity>>,
    /// The code of the error that it was answered with.
    pub code: Cow<'static, str>,
    /// What it was counted against.
    pub rates: rate::Told,
    /// Its place among the requests that are answered at once.
    pub place: Option<OwnedSemaphorePermit>,
    /// What it came over.
    pub conn: ConnCtrl,
}

impl Trail {
    fn new(id: Arc<str>, conn: &ConnCtrl) -> Self {
        let (route, identity, code, rates, place) = Default::default();
        Self { id, route, identity, code, rates, place, conn: conn.clone() }
    }
}

#[async_trait]
impl Handler for Front {
    async fn handle(&self, request: &mut Request, depot: &mut Depot, response: &mut Response, flow: &mut FlowCtrl) {
        let started = Instant::now();
        // First of all, so that even a refusal can be found in the log.
        let mut trail = Trail::new(header::request_id(request.headers()), flow.conn());
        let reply = match self.answer(request, &mut trail).await {
            Ok(reply) => reply,
            Err(error) => {
                trail.code.clone_from(&error.code);
                render::error(&error, &trail.id, request.headers())
            }
        };
        record(&self.0.config, request, &reply, &trail, started);
        write(reply, request.method(), response);
        rate::tell(&trail.rates, response.headers_mut());
        // After what a plugin wrote: it opens itself to no origin that the operator did not name.
        self.0.cors.finish(request.headers(), response.headers_mut());
        // Last, so that nothing above can take them away.
        header::finish(response.headers_mut(), &trail.id);
        compress::choose(response, depot, flow);
        if self.0.is_draining() {
            drain::say(request, response, flow);
        }
    }
}

impl Front {
    async fn answer(&self, request: &mut Request, trail: &mut Trail) -> Result<Reply> {
        // Before anything is parsed: what is too large is not worth parsing.
        header::check(&self.0.config, request)?;
        // Before any path, method or credential counts: a browser asks without them.
        if let Some(reply) = self.0.cors.preflight(request)? {
            trail.route = "preflight".to_owned();
            return Ok(reply);
        }
        let path = request.uri().path().to_owned();
        // The kernel's own paths come first: no plugin can take /health.
        if let Some(found) = self.0.endpoints(&path) {
            return self.endpoint(found, request, trail).await;
        }
        if endpoint::is_reserved(&path) {
            self.operator(request, trail).await?;
            return Err(Error::new(&code::HTTP_NOT_FOUND, format!("nothing answers at {path}")));
        }
        // After the kernel's own, which must answer when nothing else does.
        trail.place = Some(self.0.admit()?);
        // Once: whatever is swapped meanwhile, one request sees one version of everything.
        let choice = self.0.roster.fleet.choose();
        // Before authentication: an unknown path is 404 for everyone, whoever they are.
        let Some(found) = choice.registry.find(&path) else {
            trail.route = "unmatched".to_owned();
            self.count_stranger(request, trail).await?;
            return Err(Error::new(&code::HTTP_NOT_FOUND, format!("nothing answers at {path}")));
        };
        let called = choice.registry.plugin(found.target.plugin)?;
        trail.route = format!("{}:{}", called.manifest.id, found.target.route);
        let Some(method) = found.target.method(request.method()) else {
            return Ok(render::method_not_allowed(&found.target.allow(), &trail.id, request.headers()));
        };
        // Before the body is read: a caller with a bad token costs nothing more.
        let identity = self.identify(request, trail).await?;
        key::admit(&identity, &called.manifest.id, request.method().is_safe())?;
        if let (Some(gate), Some(quota)) = (&self.0.gate, &found.target.rate) {
            gate.route(quota, &identity, &mut trail.rates).await?;
        }
        // Before an instance is taken: a slow client must not hold one.
        let (target, time) = (found.target, self.0.config.body_timeout.0);
        let (mut content, mut upload) = (None, None);
        if target.stream {
            // But on a route that says so: there it is the plugin that waits, for a while and a few at once.
            upload = body::stream(request, target.max_body(called.limits.stream_bytes).0, time).await?;
        } else {
            content = body::read(request, target.max_body(called.limits.request).bytes(), time).await?;
            depth::check(self.0.config.max_json_depth, request.headers(), content.as_deref())?;
        }
        let incoming = plugin::incoming(found, method, request, content, identity, trail);
        let incoming = Incoming { upload, ..incoming };
        let answer = choice.answer(&self.0.roster.fleet, target, incoming).await?;
        plugin::reply(answer, request.version(), &self.0.unsent, trail)
    }

    async fn endpoint(&self, found: endpoint::Match<'_>, request: &mut Request, trail: &mut Trail) -> Result<Reply> {
        let endpoints = found.endpoints;
        trail.route = endpoints[0].path.to_owned();
        // HEAD is GET without its content, which is dropped when the answer is written.
        let method = if request.method() == Method::HEAD { Method::GET } else { request.method().clone() };
        let Some(endpoint) = endpoints.iter().find(|endpoint| endpoint.method == method) else {
            let allowed = allow(endpoints.iter().map(|endpoint| endpoint.method.clone()));
            return Ok(render::method_not_allowed(&allowed, &trail.id, request.headers()));
        };
        let (context, query) = (Arc::clone(&self.0), request.uri().query().map(str::to_owned));
        let mut call = Call { context, identity: None, operator: None, params: found.params, query, body: None };
        // Before the body is read, as for plugins.
        match endpoint.access {
            Access::Public => {}
            Access::Caller => call.identity = Some(self.identify(request, trail).await?),
            Access::Operator => call.operator = Some(self.operator(request, trail).await?),
        }
        if endpoint.max_body > 0 {
            call.body = body::read(request, endpoint.max_body, self.0.config.body_timeout.0).await?;
            depth::check(self.0.config.max_json_depth, request.headers(), call.body.as_deref())?;
        }
        (endpoint.handle)(call).await
    }

    /// The operator's key comes as `Authorization` only: `apikey` is what pages carry.
    async fn operator(&self, request: &Request, trail: &mut Trail) -> Result<String> {
        let bearer =
            if request.headers().contains_key(AUTHORIZATION) { header::bearer(request.headers())? } else { None };
        let checked = operator::check(&self.0.store, bearer);
        if checked.is_err() {
            self.count_stranger(request, trail).await?;
        }
        checked
    }

    /// Who it is, who is counted at once; who shows wrong credentials is a stranger.
    async fn identify(&self, request: &Request, trail: &mut Trail) -> Result<Arc<Identity>> {
        let origin = header::origin(&self.0.config, request);
        let identity = match header::bearer(request.headers()) {
            Ok(bearer) => self.0.auth.identify(bearer, origin).await,
            Err(malformed) => Err(malformed),
        };
        let Ok(identity) = identity else {
            self.count_stranger(request, trail).await?;
            return identity.map(Arc::new);
        };
        let identity = Arc::new(identity);
        trail.identity = Some(Arc::clone(&identity));
        if let Some(gate) = &self.0.gate {
            gate.caller(&identity, &mut trail.rates).await?;
        }
        Ok(identity)
    }

    async fn count_stranger(&self, request: &Request, trail: &mut Trail) -> Result<()> {
        match &self.0.gate {
            Some(gate) => gate.stranger(header::address(&self.0.config, request), &mut trail.rates).await,
            None => Ok(()),
        }
    }
}

fn write(reply: Reply, method: &Method, response: &mut Response) {
    response.status_code(reply.status);
    let mut last = None;
    for (name, value) in reply.headers {
        // A map yields the name once and then `None` for each further value of it.
        last = name.or(last);
        if let Some(name) = &last {
            response.headers_mut().append(name, value);
        }
    }
    if reply.status == StatusCode::NO_CONTENT || reply.status == StatusCode::NOT_MODIFIED {
        return;
    }
    if *method != Method::HEAD {
        response.body(reply.body);
    } else if let Some(size) = reply.body.size().filter(|size| *size > 0) {
        // What GET would have; an empty body says only that the plugin saved itself the work.
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(size));
    }
}

/// One line for each request; how loud depends on whose fault it was.
fn record(config: &Config, request: &Request, reply: &Reply, trail: &Trail, started: Instant) {
    let (method, took) = (header::known_method(request.method()), started.elapsed());
    let route = if trail.route.is_empty() { "refused" } else { &trail.route };
    telemetry::http_request(method, route, reply.status.as_u16(), took);
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                target: "http",
                request_id = %trail.id,
                user_id = trail.identity.as_ref().and_then(|identity| identity.subject.as_deref()).unwrap_or_default(),
                role = trail.identity.as_ref().map(|identity| identity.role.as_str()).unwrap_or_default(),
                method,
                // Without the query: filters can hold personal data.
                path = request.uri().path(),
                route,
                status = reply.status.as_u16(),
                code = &*trail.code,
                duration_ms = took.as_secs_f64() * 1e3,
                ip = %header::address(config, request).map(|address| address.to_string()).unwrap_or_default(),
                user_agent = header::user_agent(request.headers()),
                "answered"
            )
        };
    }
    match reply.status.as_u16() {
        500.. => line!(error),
        400..500 => line!(warn),
        _ => line!(info),
    }
}
