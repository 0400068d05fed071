//! Secrets as a test sets them. It deliberately seals nothing.

use super::state;
use crate::Problem;

/// The value of a secret.
pub fn get(name: &str) -> Result<String, Problem> {
    state::wanted("secret");
    let unset = || Problem::new("secret.unset", format!("the secret {name} is not set"));
    state::with(|state| state.secrets.get(name).cloned()).ok_or_else(unset)
}
