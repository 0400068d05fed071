//! `GET /ready`: the kernel can do its work now. A balancer sends requests only while it says so.

use salvo::http::StatusCode;
use serde_json::json;

use super::Call;
use crate::error::{Error, Result, code};
use crate::http::answer::Reply;
use crate::http::render;

pub(super) async fn answer(Call { context, .. }: Call) -> Result<Reply> {
    if context.is_draining() {
        return Err(Error::new(&code::HTTP_DRAINING, "the server is shutting down"));
    }
    context.store.ready().await?;
    Ok(render::json(StatusCode::OK, &json!({ "status": "ready" })))
}
