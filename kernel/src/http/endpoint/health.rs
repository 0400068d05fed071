//! `GET /health`: the process lives. It asks nobody else: restarting the kernel would not heal the database.

use std::sync::Arc;

use salvo::http::StatusCode;
use serde_json::json;

use crate::error::Result;
use crate::http::answer::Reply;
use crate::http::{Context, render};

pub(super) async fn answer(_: Arc<Context>) -> Result<Reply> {
    Ok(render::json(StatusCode::OK, &json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") })))
}
