//! `GET /.well-known/jwks.json`: the public keys that tokens of this instance are checked with. Keys to come are there before
//! they sign, so that whoever keeps an answer for ten minutes knows them in time.

use salvo::http::header::CACHE_CONTROL;
use salvo::http::{HeaderValue, StatusCode};

use super::Call;
use crate::error::Result;
use crate::http::answer::Reply;
use crate::http::render;

pub(super) async fn answer(call: Call) -> Result<Reply> {
    let mut reply = render::json(StatusCode::OK, &call.context.auth.jwks());
    reply.headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    Ok(reply)
}
