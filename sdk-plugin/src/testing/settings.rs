//! Settings as a test sets them, else as the manifest has them. It deliberately does not check their types.

use super::state;

/// A setting as JSON text.
pub fn get(key: &str) -> Option<String> {
    state::wanted("settings");
    let default = |state: &state::State| state.manifest.as_ref().and_then(|manifest| manifest.setting(key));
    state::with(|state| state.settings.get(key).cloned().or_else(|| default(state)))
}
