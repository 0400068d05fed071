//! Signatures as standardwebhooks.com has them: HMAC-SHA256 of id, time and content. It deliberately does not look at the time.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sdk_plugin::Problem;
use sha2::Sha256;

/// Whether one of the signatures (there are several while a key is changed) is that of the message.
pub(crate) fn is_right(key: &str, id: &str, time: &str, content: &str, signatures: &str) -> Result<bool, Problem> {
    let key = STANDARD.decode(key.trim().trim_start_matches("whsec_"));
    let key = key.map_err(|_| Problem::new("internal", "the secret inbox_key is no whsec_… in base64"))?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|fault| Problem::new("internal", fault.to_string()))?;
    mac.update(format!("{id}.{time}.{content}").as_bytes());
    let given = signatures.split(' ').filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok());
    // Compared in constant time.
    Ok(given.into_iter().any(|given| mac.clone().verify_slice(&given).is_ok()))
}
