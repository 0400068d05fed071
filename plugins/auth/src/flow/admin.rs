//! Users, their factors and their sessions, for callers that are `service_role`: the kernel checks it again for each act. It
//! deliberately keeps nothing of what it lists.

use sdk_plugin::Response;
use sdk_plugin::identity::{self, Account};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::call::Call;
use crate::refusal::{Act, Failure, Refusal, explain};
use crate::request::change::{self, Change};
use crate::request::{page, shape};
use crate::response;

/// `GET /admin/users`.
pub(crate) fn list(call: &Call<'_>) -> Result<Response, Failure> {
    call.admin()?;
    let page = page::parse(call.query())?;
    let listed = identity::list_users(page.number, page.size, &page.filter).map_err(explain(Act::Admin))?;
    let Listed { users, total } = identity::read(&listed)?;
    let body = format!(r#"{{"users":{users},"aud":"authenticated"}}"#);
    let response = response::document(200, body).header("x-total-count", total.to_string());
    Ok(response.header("link", page.links(&call.head.path, total)))
}

#[derive(Deserialize)]
struct Listed {
    users: Box<RawValue>,
    total: u64,
}

/// `POST /admin/users`.
pub(crate) fn create(call: &Call<'_>) -> Result<Response, Failure> {
    call.admin()?;
    let Change { user, password } = change::creation(call.members()?)?;
    let made = identity::create_user(&json!(user).to_string(), password.as_deref()).map_err(explain(Act::Admin))?;
    Ok(response::document(200, made))
}

/// `GET /admin/users/{user}`.
pub(crate) fn show(call: &Call<'_>) -> Result<Response, Failure> {
    call.admin()?;
    Ok(response::document(200, find(call)?))
}

fn find(call: &Call<'_>) -> Result<String, Failure> {
    identity::find_user(&Account::Id(call.id("user")?)).map_err(explain(Act::Admin))
}

/// `PUT /admin/users/{user}`.
pub(crate) fn change(call: &Call<'_>) -> Result<Response, Failure> {
    call.admin()?;
    let id = call.id("user")?;
    let Change { user, password } = change::by_admin(call.members()?)?;
    let changed = identity::update_user(&id, &json!(user).to_string(), password.as_deref());
    Ok(response::document(200, changed.map_err(explain(Act::Admin))?))
}

#[derive(Deserialize)]
struct Deletion {
    should_soft_delete: Option<bool>,
}

/// `DELETE /admin/users/{user}`.
pub(crate) fn delete(call: &Call<'_>) -> Result<Response, Failure> {
    call.admin()?;
    let id = call.id("user")?;
    let Deletion { should_soft_delete } = shape(call.members()?)?;
    identity::delete_user(&id, should_soft_delete == Some(true)).map_err(explain(Act::Admin))?;
    Ok(response::object(200, &json!({})))
}

/// `GET /admin/users/{user}/factors`.
pub(crate) fn factors(call: &Call<'_>) -> Result<Response, Failure> {
    call.admin()?;
    Ok(response::object(200, &factors_of(response::open(&find(call)?)?)))
}

fn factors_of(mut user: Map<String, Value>) -> Value {
    user.remove("factors").filter(Value::is_array).unwrap_or_else(|| json!([]))
}

/// `DELETE /admin/users/{user}/factors/{factor}`: answers with what is gone.
pub(crate) fn unenrol(call: &Call<'_>) -> Result<Response, Failure> {
    call.admin()?;
    let id = call.id("factor")?;
    let factor = pick(&factors_of(response::open(&find(call)?)?), &id)?;
    identity::unenrol(&id).map_err(explain(Act::Admin))?;
    Ok(response::object(200, &factor))
}

/// The factor, when it is this user's.
fn pick(factors: &Value, id: &str) -> Result<Value, Refusal> {
    let found = factors.as_array().and_then(|factors| factors.iter().find(|factor| factor["id"] == id));
    found.cloned().ok_or_else(|| Refusal::new(404, "mfa_factor_not_found", "Factor not found"))
}

/// `GET /admin/users/{user}/sessions`.
pub(crate) fn sessions(call: &Call<'_>) -> Result<Response, Failure> {
    call.admin()?;
    let id = call.id("user")?;
    Ok(response::document(200, identity::sessions(&id).map_err(explain(Act::Admin))?))
}

/// `DELETE /admin/users/{user}/sessions`.
pub(crate) fn end_sessions(call: &Call<'_>) -> Result<Response, Failure> {
    call.admin()?;
    let id = call.id("user")?;
    identity::end_sessions(&id).map_err(explain(Act::Admin))?;
    Ok(response::nothing())
}

/// `DELETE /admin/users/{user}/sessions/{session}`.
pub(crate) fn end_session(call: &Call<'_>) -> Result<Response, Failure> {
    call.admin()?;
    let (user, id) = (call.id("user")?, call.id("session")?);
    let listed: Sessions = identity::read(&identity::sessions(&user).map_err(explain(Act::Admin))?)?;
    if listed.sessions.iter().all(|session| session.id != id) {
        return Err(Refusal::new(404, "session_not_found", "Session not found").into());
    }
    identity::end_session(&id).map_err(explain(Act::Admin))?;
    Ok(response::nothing())
}

#[derive(Deserialize)]
struct Sessions {
    sessions: Vec<Session>,
}

#[derive(Deserialize)]
struct Session {
    id: String,
}

/// `DELETE /admin/users/{user}/attempts`: lets somebody try again who was locked out.
pub(crate) fn reset_attempts(call: &Call<'_>) -> Result<Response, Failure> {
    call.admin()?;
    let id = call.id("user")?;
    identity::reset_attempts(&id).map_err(explain(Act::Admin))?;
    Ok(response::nothing())
}

/// `POST /admin/users/{user}/impersonate`.
pub(crate) fn impersonate(call: &Call<'_>) -> Result<Response, Failure> {
    call.admin()?;
    let id = call.id("user")?;
    Ok(response::document(200, identity::impersonate(&id).map_err(explain(Act::Admin))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_of_somebody_else_is_not_found() {
        let user = json!({ "id": "u", "factors": [{ "id": "f", "factor_type": "totp" }] });
        let factors = factors_of(user.as_object().expect("an object").clone());
        assert_eq!(pick(&factors, "f").expect("theirs")["factor_type"], "totp");
        assert_eq!(pick(&factors, "g").expect_err("another's").status, 404);
        assert_eq!(factors_of(Map::new()), json!([]));
    }
}
