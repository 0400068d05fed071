//! A request's way through the filters of its route to the handler, and the answer's way back.
//!
//! It decides no order, which is the route's, and renders nothing.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::call::{Done, Task};
use super::manifest::{OnFailure, Phase};
use super::registry::Registry;
use super::route::{Link, Target};
use crate::auth::key;
use crate::capability::dispatch::Dispatcher;
use crate::capability::http::{Request, Response};
use crate::error::{Error, Result, code};

impl Registry {
    /// Has a route's filters and its handler answer a request.
    ///
    /// # Errors
    /// The handler's failure, or that of a filter which is not to be skipped.
    pub async fn answer(self: &Arc<Self>, target: &Target, mut request: Request) -> Result<Response> {
        request.journey.dispatcher = Some(Arc::<Self>::clone(self));
        // Without filters behind the handler nobody needs the request after it.
        let behind = target.chain.iter().any(|link| link.phases.contains(&Phase::After));
        let mut answer = None;
        let mut passed = 0;
        for link in &*target.chain {
            passed += 1;
            (request, answer) = self.before(link, request).await?;
            if answer.is_some() {
                break;
            }
        }
        let response = match answer {
            Some(answer) => answer,
            None if behind => self.handle(target, request.clone()).await?,
            None => return self.handle(target, request).await,
        };
        self.back(&target.chain[..passed], request, response).await
    }

    async fn handle(&self, target: &Target, request: Request) -> Result<Response> {
        match self.plugin(target.plugin)?.call(Task::Handle(request)).await? {
            Done::Handled(response) => Ok(response),
            Done::Passed(..) | Done::Returned(..) => Err(mismatch()),
        }
    }

    async fn before(&self, link: &Link, request: Request) -> Result<(Request, Option<Response>)> {
        if !link.phases.contains(&Phase::Before) {
            return Ok((request, None));
        }
        // What a failing filter did to the request is undone with it.
        let kept = (link.on_failure == OnFailure::Skip).then(|| request.clone());
        match self.ask(link, Task::Before(request)).await {
            Ok(Done::Passed(request, answer)) => Ok((request, answer)),
            Ok(_) => Err(mismatch()),
            Err(fault) => kept.map(|request| (request, None)).ok_or(fault),
        }
    }

    async fn back(&self, chain: &[Link], mut request: Request, mut response: Response) -> Result<Response> {
        for link in chain.iter().rev().filter(|link| link.phases.contains(&Phase::After)) {
            let kept = (link.on_failure == OnFailure::Skip).then(|| (request.clone(), response.clone()));
            (request, response) = match self.ask(link, Task::After(request, response)).await {
                Ok(Done::Returned(request, response)) => (request, response),
                Ok(_) => return Err(mismatch()),
                Err(fault) => kept.ok_or(fault)?,
            };
        }
        Ok(response)
    }

    async fn ask(&self, link: &Link, task: Task) -> Result<Done> {
        let outcome = match self.plugin(link.plugin) {
            Ok(plugin) => plugin.call(task).await,
            Err(fault) => Err(fault),
        };
        outcome.inspect_err(|fault| {
            // Said once, when it opened.
            if fault.code == code::PLUGIN_CIRCUIT_OPEN.name {
                return;
            }
            let plugin = &self.entries()[link.plugin].manifest.id;
            tracing::warn!(plugin, on_failure = ?link.on_failure, %fault, "a filter failed");
        })
    }
}

impl Dispatcher for Registry {
    fn dispatch(self: Arc<Self>, mut request: Request) -> BoxFuture<'static, Result<Response>> {
        Box::pin(async move {
            let path = request.path.clone();
            let found = self.find(&path);
            let found = found.ok_or_else(|| Error::new(&code::HTTP_NOT_FOUND, format!("nothing answers at {path}")))?;
            let asked = self.plugin(found.target.plugin)?;
            key::admit(&request.identity, &asked.manifest.id, request.method.is_safe())?;
            let limits = &asked.limits;
            let wrong = || Error::new(&code::HTTP_METHOD, format!("the methods here are {}", found.target.allow()));
            request.method = found.target.method(&request.method).ok_or_else(wrong)?;
            let (size, limit) = (request.body.as_ref().map_or(0, Bytes::len), found.target.max_body(limits.request));
            if size as u64 > limit.0 {
                return Err(Error::new(&code::HTTP_BODY_TOO_LARGE, format!("the body has {size} bytes")));
            }
            let target = found.target;
            found.place(&mut request);
            self.answer(target, request).await
        })
    }
}

fn mismatch() -> Error {
    Error::internal(anyhow::anyhow!("a plugin did another task than it was asked"))
}
