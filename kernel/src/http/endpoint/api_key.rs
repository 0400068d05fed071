//! `/api/v1/api-keys`: a user looks after the keys of programs that act as this user, `service_role` after all. Who may what is
//! not decided here.

use bytes::Bytes;
use salvo::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use salvo::http::{HeaderMap, HeaderValue, ResBody, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Call;
use crate::auth::key::Wish;
use crate::error::{Error, Result, code};
use crate::http::answer::Reply;
use crate::http::render;
use crate::identity::Identity;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Revocation {
    #[serde(default)]
    reason: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotation {
    /// How long the old one is good.
    grace: Option<String>,
}

pub(super) async fn list(call: Call) -> Result<Reply> {
    Ok(text(StatusCode::OK, call.context.auth.list_keys(caller(&call)?).await?))
}

pub(super) async fn make(call: Call) -> Result<Reply> {
    let made = call.context.auth.make_key(caller(&call)?, read::<Wish>(&call)?).await?;
    Ok(once(render::json(StatusCode::CREATED, &made)))
}

pub(super) async fn find(call: Call) -> Result<Reply> {
    let found = call.context.auth.find_key(caller(&call)?, call.param("id")).await?;
    Ok(render::json(StatusCode::OK, &found))
}

pub(super) async fn change(call: Call) -> Result<Reply> {
    let changed = call.context.auth.change_key(caller(&call)?, call.param("id"), read(&call)?).await?;
    Ok(text(StatusCode::OK, changed))
}

pub(super) async fn delete(call: Call) -> Result<Reply> {
    call.context.auth.revoke_key(caller(&call)?, call.param("id"), "", true).await?;
    Ok(nothing())
}

pub(super) async fn revoke(call: Call) -> Result<Reply> {
    let Revocation { reason } = read(&call)?;
    if reason.len() > 256 || reason.contains('\0') {
        return Err(Error::new(&code::HTTP_INVALID, "`reason` has at most 256 bytes"));
    }
    call.context.auth.revoke_key(caller(&call)?, call.param("id"), &reason, false).await?;
    Ok(nothing())
}

pub(super) async fn rotate(call: Call) -> Result<Reply> {
    let Rotation { grace } = read(&call)?;
    let made = call.context.auth.rotate_key(caller(&call)?, call.param("id"), grace.as_deref()).await?;
    Ok(once(render::json(StatusCode::CREATED, &made)))
}

fn caller(call: &Call) -> Result<&Identity> {
    let unknown = || Error::internal(anyhow::anyhow!("an endpoint of callers without one"));
    call.identity.as_deref().ok_or_else(unknown)
}

/// A body of JSON; none is an empty object.
fn read<T: DeserializeOwned>(call: &Call) -> Result<T> {
    let body = call.body.as_deref().filter(|body| !body.is_empty()).unwrap_or(b"{}");
    serde_json::from_slice(body).map_err(|fault| Error::new(&code::HTTP_INVALID, format!("the body: {fault}")))
}

/// A key is shown once, and nobody on the way keeps it.
fn once(mut reply: Reply) -> Reply {
    reply.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

fn text(status: StatusCode, body: String) -> Reply {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    Reply { status, headers, body: ResBody::Once(Bytes::from(body)) }
}

fn nothing() -> Reply {
    Reply { status: StatusCode::NO_CONTENT, headers: HeaderMap::new(), body: ResBody::None }
}
