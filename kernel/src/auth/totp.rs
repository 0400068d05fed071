//! Codes of time (RFC 6238) and recovery codes. It keeps no secret and counts no failure.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rand::Rng as _;
use sha2::{Digest as _, Sha256};
use totp_rs::{Algorithm, Builder, Secret, Totp};
use zeroize::Zeroizing;

use crate::error::{Error, Result, code};

/// What every authenticator can do; the step too.
const DIGITS: u8 = 6;
const STEP: u64 = 30;

/// Steps before and after: a phone's clock may be half a minute off.
const SKEW: u16 = 1;

/// Recovery codes of a user.
const RECOVERY_CODES: usize = 10;

/// A new secret, in base 32.
pub fn secret() -> Zeroizing<String> {
    let mut random = Zeroizing::new([0; 20]);
    rand::rng().fill_bytes(&mut *random);
    Zeroizing::new(Secret::from(random.to_vec()).to_base32())
}

/// What an authenticator reads from a picture.
///
/// # Errors
/// `identity.invalid` when a name cannot be in one.
pub fn uri(secret: &str, issuer: &str, account: &str) -> Result<String> {
    if [issuer, account].iter().any(|name| name.is_empty() || name.len() > 256 || name.contains(':')) {
        return Err(Error::new(&code::IDENTITY_INVALID, "the issuer and the account's name are texts without a colon"));
    }
    let [issuer, account] = [issuer, account].map(|name| utf8_percent_encode(name, NON_ALPHANUMERIC));
    Ok(format!(
        "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP}"
    ))
}

/// The step of time that a code is of, when it is one of now and of none that was taken.
///
/// # Errors
/// When the secret is none.
pub fn check(secret: &str, code: &str, now: u64, last_step: u64) -> Result<Option<u64>> {
    let totp = totp(secret)?;
    Ok(totp.check(code, now).filter(|step| *step > last_step))
}

fn totp(secret: &str) -> Result<Totp> {
    builder(secret)?.build().map_err(|fault| Error::internal(anyhow::anyhow!("{fault}")))
}

fn builder(secret: &str) -> Result<Builder> {
    let secret = Secret::try_from_base32(secret).map_err(|fault| Error::internal(anyhow::anyhow!("{fault}")))?;
    let builder = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(DIGITS).with_skew(SKEW);
    Ok(builder.with_step_duration(STEP).with_secret(secret))
}

/// New recovery codes: 50 bits each, which with a lock after five failures is plenty.
pub fn recovery_codes() -> Vec<String> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let one = || {
        let mut random = [0; 10];
        rand::rng().fill_bytes(&mut random);
        let text: String = random.iter().map(|byte| LETTERS[usize::from(byte % 32)] as char).collect();
        format!("{}-{}", &text[..5], &text[5..])
    };
    (0..RECOVERY_CODES).map(|_| one()).collect()
}

/// What is kept of a recovery code, with whose it is; written with or without dashes, in capitals or not.
pub fn recovery_digest(user: &str, code: &str) -> [u8; 32] {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    Sha256::digest(format!("recovery:{user}:{plain}")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, as six digits: the secret is "12345678901234567890".
    const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    const VECTORS: [(u64, &str); 6] = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];

    #[test]
    fn codes_are_those_of_the_standard() {
        for (time, code) in VECTORS {
            assert_eq!(check(SECRET, code, time, 0).expect("a secret"), Some(time / STEP), "{time}");
            assert_eq!(check(SECRET, code, time + 3 * STEP, 0).expect("a secret"), None, "too late");
            assert_eq!(check(SECRET, code, time, time / STEP).expect("a secret"), None, "taken before");
        }
        for wrong in ["", "28708", "2870820", "287083", "28708२", " 287082"] {
            assert_eq!(check(SECRET, wrong, 59, 0).expect("a secret"), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_code_is_good_a_step_before_and_after() {
        for (now, is_good) in [(1_111_111_109 - 30, true), (1_111_111_109 + 30, true), (1_111_111_109 - 90, false)] {
            assert_eq!(check(SECRET, "081804", now, 0).expect("a secret").is_some(), is_good, "{now}");
        }
    }

    #[test]
    fn a_secret_is_new_each_time_and_its_uri_says_what_an_authenticator_needs() {
        let (one, other) = (secret(), secret());
        assert_ne!(*one, *other);
        let uri = uri(&one, "An app", "ada@example.com").expect("a uri");
        assert!(uri.starts_with("otpauth://totp/An%20app:ada%40example%2Ecom?secret="), "{uri}");
        assert!(uri.contains(&**one) && uri.contains("issuer=An%20app"), "{uri}");
    }

    #[test]
    fn recovery_codes_are_known_however_they_are_typed_and_only_as_their_owners() {
        let codes = recovery_codes();
        assert_eq!(codes.len(), RECOVERY_CODES);
        let typed = codes[0].to_uppercase().replace('-', " ");
        assert_eq!(recovery_digest("a", &codes[0]), recovery_digest("a", &typed));
        assert_ne!(recovery_digest("a", &codes[0]), recovery_digest("b", &codes[0]));
        assert_ne!(recovery_digest("a", &codes[0]), recovery_digest("a", &codes[1]));
    }
}
