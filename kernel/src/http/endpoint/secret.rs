//! `/api/v1/admin/secrets`: which secrets there are, setting one, removing one. No way leads a value back out.

use salvo::http::{HeaderMap, ResBody, StatusCode};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::Call;
use crate::auth::seal::Seal;
use crate::error::{Error, Result, code};
use crate::http::answer::Reply;
use crate::http::render;
use crate::store::secret::{Secret, check_name};

pub(super) async fn list(call: Call) -> Result<Reply> {
    let one = |secret: &Secret| json!({ "name": secret.name, "set_at": secret.set_at });
    let secrets: Vec<Value> = call.context.store.secrets().await?.iter().map(one).collect();
    Ok(render::json(StatusCode::OK, &json!({ "secrets": secrets })))
}

/// The body is the value itself, as it is, so that no copy of it lies in a parsed document.
pub(super) async fn set(call: Call) -> Result<Reply> {
    let (name, store) = (call.param("name"), &call.context.store);
    check_name(name)?;
    let value = Zeroizing::new(call.body.as_deref().unwrap_or_default().to_vec());
    let no_text = |_| Error::new(&code::SECRET_INVALID, "the value is no UTF-8 text");
    let sealed = Seal::new(store.key()).seal(name, str::from_utf8(&value).map_err(no_text)?)?;
    store.set_sealed(name, sealed.into()).await?;
    tracing::info!(secret = name, actor = call.actor(), "a secret was set");
    Ok(nothing())
}

pub(super) async fn remove(call: Call) -> Result<Reply> {
    let name = call.param("name");
    if !call.context.store.remove_secret(name).await? {
        return Err(Error::new(&code::HTTP_NOT_FOUND, format!("the secret {name:?} is not set")));
    }
    tracing::info!(secret = name, actor = call.actor(), "a secret was removed");
    Ok(nothing())
}

fn nothing() -> Reply {
    Reply { status: StatusCode::NO_CONTENT, headers: HeaderMap::new(), body: ResBody::None }
}
