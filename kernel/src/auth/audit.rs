//! What happened to identities, for whoever has to know later. All of it goes through [`publish`]; where it is kept is not
//! decided here: for now, in the log.

use serde_json::Value;

use crate::identity::Identity;

/// Says that something happened. `event` is `area.what`; secrets and passwords are in no `details`.
pub fn publish(caller: &Identity, event: &str, details: &Value) {
    let key = caller.key.as_ref().map(|key| key.id.as_str());
    tracing::info!(
        target: "audit",
        log_type = "audit",
        event,
        actor = caller.subject.as_deref().or(key).unwrap_or(&caller.role),
        role = caller.role,
        session = caller.session.as_deref().unwrap_or_default(),
        ip = caller.origin.address.map(|address| address.to_string()).unwrap_or_default(),
        user_agent = caller.origin.agent,
        details = %details,
        "happened"
    );
}
