//! Recovery codes, in the shapes of GoTrue's own. They are shown once; counting and removing them is deliberately not here: a new set
//! ends the old one, and they end with the last factor.

use sdk_plugin::{Response, identity};
use serde_json::json;

use crate::call::Call;
use crate::refusal::{Act, Failure, explain};
use crate::request::factor;
use crate::response;

/// `POST /factors/recovery-codes`, and `…/regenerate`.
pub(crate) fn renew(call: &Call<'_>) -> Result<Response, Failure> {
    call.user()?;
    let codes = identity::recovery_codes().map_err(explain(Act::Own))?;
    Ok(response::object(200, &json!({ "type": "recovery_code", "total": codes.len(), "codes": codes })))
}

/// `POST /factors/recovery-codes/verify`.
pub(crate) fn verify(call: &Call<'_>) -> Result<Response, Failure> {
    call.user()?;
    let code = factor::recover(call.members()?)?;
    Ok(response::document(200, identity::recover(&code).map_err(explain(Act::Recover))?))
}
