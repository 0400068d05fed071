//! Who is calling, and the users, sessions and proofs behind that. It deliberately reads none of the objects: they are made to be
//! sent as they are, and a plugin that looks into one takes the members that it needs.

use serde::de::DeserializeOwned;

use crate::Problem;
use crate::bindings::basalt::identity::identity as contract;

pub use contract::{
    Account, Proof, Reach, audit, challenge, create_user, decoy, delete_user, end_session, end_sessions, enrol,
    find_user, impersonate, issue, keys, list_users, recover, recovery_codes, redeem, redeem_hash, refresh,
    reset_attempts, sessions, sign_out, sign_up, start_session, unenrol, update_user, verify, verify_password, vouch,
};

/// The caller of this request, as far as `T` names members: `{"role", "sub", "session_id", "aal", "is_anonymous", "key_id",
/// "claims"}`. A problem `internal` when they do not fit.
pub fn current<T: DeserializeOwned>() -> Result<T, Problem> {
    read(&contract::current())
}

/// What the operator decided, as far as `T` names members. A problem `internal` when they do not fit.
pub fn policy<T: DeserializeOwned>() -> Result<T, Problem> {
    read(&contract::policy())
}

/// An object of this module's functions, as far as `T` names members. A problem `internal` when they do not fit.
pub fn read<T: DeserializeOwned>(object: &str) -> Result<T, Problem> {
    serde_json::from_str(object).map_err(|fault| Problem::new("internal", fault.to_string()))
}
