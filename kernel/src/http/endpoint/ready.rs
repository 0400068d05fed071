//! `GET /ready`: the kernel can do its work now. A balancer sends requests only while it says so.

use std::sync::Arc;

use salvo::http::StatusCode;
use serde_json::json;

use crate::error::{Error, Result, code};
use crate::http::answer::Reply;
use crate::http::{Context, render};

pub(super) async fn answer(context: Arc<Context>) -> Result<Reply> {
    if context.is_draining() {
        return Err(Error::new(&code::HTTP_DRAINING, "the server is shutting down"));
    }
    context.store.ready().await?;
    Ok(render::json(StatusCode::OK, &json!({ "status": "ready" })))
}
