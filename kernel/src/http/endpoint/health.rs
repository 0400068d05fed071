//! `GET /health`: the process lives. It asks nobody else: restarting the kernel would not heal the database.

use salvo::http::StatusCode;
use serde_json::json;

use super::Call;
use crate::error::Result;
use crate::http::answer::Reply;
use crate::http::render;

pub(super) async fn answer(_: Call) -> Result<Reply> {
    Ok(render::json(StatusCode::OK, &json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") })))
}
