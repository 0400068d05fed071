//! Second factors: enrolled, shown, locked, sealed anew.

use serde_json::{Value, json};

use super::{GRANT, PASSWORD, act, act_as, claims, kernel, service, sign_in, sign_up, text};
use crate::kernel::{Kernel, Setup};

fn code(secret: &str, ahead: u64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    let secret = totp_rs::Secret::try_from_base32(secret).expect("a secret");
    let totp = totp_rs::Builder::new()
        .with_algorithm(totp_rs::Algorithm::SHA1)
        .with_digits(6)
        .with_secret(secret)
        .build()
        .expect("one");
    totp.generate(now + ahead).to_string()
}

/// A factor that was verified: its id, its secret, and the tokens that came of it.
fn enrolled(kernel: &Kernel, access: &str) -> (String, String, Value) {
    let wanted = json!({ "user": { "factor_type": "totp", "friendly_name": "phone", "issuer": "An app" } });
    let factor = act_as(kernel, access, "enrol", &wanted).ok();
    let (id, secret) = (text(&factor, "id").to_owned(), text(&factor["totp"], "secret").to_owned());
    assert!(text(&factor["totp"], "uri").starts_with("otpauth://totp/An%20app:"));
    let challenge = act_as(kernel, access, "challenge", &json!({ "id": id })).ok();
    let order = json!({ "id": id, "challenge": challenge["id"], "code": code(&secret, 0) });
    let tokens = act_as(kernel, access, "verify", &order).ok();
    (id, secret, tokens)
}

#[test]
fn a_second_factor_raises_the_session_and_ends_those_that_have_not_shown_it() {
    let kernel = kernel("");
    let other = sign_up(&kernel, "ada@example.com");
    let tokens = sign_in(&kernel, "ada@example.com", PASSWORD).ok();
    let access = text(&tokens, "access_token");
    let (id, secret, raised) = enrolled(&kernel, access);
    let said = claims(text(&raised, "access_token"));
    assert_eq!((&said["aal"], &said["amr"][0]["method"]), (&json!("aal2"), &json!("totp")));
    assert_eq!(raised["user"]["factors"][0]["status"], "verified");
    assert!(!raised.to_string().contains(&secret));
    act_as(&kernel, text(&other, "access_token"), "current", &json!({})).refuses(401, "auth.revoked");
    act(&kernel, "refresh", &json!({ "token": tokens["refresh_token"] })).refuses(400, "identity.unknown-token");
    // Another session starts at aal1, and what takes a factor is refused to it.
    let weak = sign_in(&kernel, "ada@example.com", PASSWORD).ok();
    let weak = text(&weak, "access_token");
    for (name, order) in [
        ("unenrol", json!({ "id": id })),
        ("recovery-codes", json!({})),
        ("enrol", json!({ "user": { "factor_type": "totp", "friendly_name": "other" } })),
    ] {
        act_as(&kernel, weak, name, &order).refuses(403, "identity.insufficient-aal");
    }
    let challenge = act_as(&kernel, weak, "challenge", &json!({ "id": id })).ok();
    let order = |code: String| json!({ "id": id, "challenge": challenge["id"], "code": code });
    act_as(&kernel, weak, "verify", &order(code(&secret, 0))).refuses(400, "identity.wrong-code");
    act_as(&kernel, weak, "verify", &order(code(&secret, 30))).ok();
    act_as(&kernel, weak, "verify", &order(code(&secret, 30))).refuses(400, "identity.expired-challenge");
    let strong = text(&raised, "access_token");
    let codes = act_as(&kernel, strong, "recovery-codes", &json!({})).ok();
    assert_eq!(codes.as_array().map(Vec::len), Some(10));
    let lost = sign_in(&kernel, "ada@example.com", PASSWORD).ok();
    let lost = text(&lost, "access_token");
    let recovered = act_as(&kernel, lost, "recover", &json!({ "code": codes[0] })).ok();
    assert_eq!(claims(text(&recovered, "access_token"))["aal"], "aal2");
    act_as(&kernel, lost, "recover", &json!({ "code": codes[0] })).refuses(400, "identity.wrong-code");
    act_as(&kernel, strong, "unenrol", &json!({ "id": id })).ok();
    act_as(&kernel, strong, "unenrol", &json!({ "id": id })).refuses(404, "identity.unknown-factor");
}

#[test]
fn codes_are_locked_after_five_failures_until_an_administrator_forgives() {
    let kernel = kernel("");
    let tokens = sign_up(&kernel, "ada@example.com");
    let access = text(&tokens, "access_token");
    let (id, secret, raised) = enrolled(&kernel, access);
    let access = text(&raised, "access_token");
    let challenge = act_as(&kernel, access, "challenge", &json!({ "id": id })).ok();
    let order = |code: &str| json!({ "id": id, "challenge": challenge["id"], "code": code });
    for _ in 0..5 {
        act_as(&kernel, access, "verify", &order("000000x")).refuses(400, "identity.wrong-code");
    }
    let right = code(&secret, 30);
    act_as(&kernel, access, "verify", &order(&right)).refuses(429, "identity.locked");
    act_as(&kernel, access, "recover", &json!({ "code": "x" })).refuses(429, "identity.locked");
    let user = text(&tokens["user"], "id");
    act_as(&kernel, &service(&kernel), "reset-attempts", &json!({ "id": user })).ok();
    act_as(&kernel, access, "verify", &order(&right)).ok();
    // A stranger's factor is one that is not there.
    let stranger = sign_up(&kernel, "bob@example.com");
    act_as(&kernel, text(&stranger, "access_token"), "challenge", &json!({ "id": id }))
        .refuses(404, "identity.unknown-factor");
    act_as(&kernel, text(&stranger, "access_token"), "unenrol", &json!({ "id": id }))
        .refuses(404, "identity.unknown-factor");
}

#[test]
fn secrets_of_factors_are_sealed_anew_when_the_key_is_another() {
    let (old, new) = ("1".repeat(32), "2".repeat(32));
    let setup = Setup::new(&["identity"], GRANT).env("BASALT_ENCRYPTION_KEY", &old);
    let kernel = setup.start();
    let tokens = sign_up(&kernel, "ada@example.com");
    let (id, secret, raised) = enrolled(&kernel, text(&tokens, "access_token"));
    let setup = kernel.stop().without("BASALT_ENCRYPTION_KEY");
    setup.configure(&format!("{GRANT}[auth]\nencryption_key = \"{new}\"\n"));
    let kernel = setup.start();
    let access = text(&raised, "access_token");
    let challenge = act_as(&kernel, access, "challenge", &json!({ "id": id })).ok();
    let order = json!({ "id": id, "challenge": challenge["id"], "code": code(&secret, 30) });
    act_as(&kernel, access, "verify", &order).refuses(500, "secret.sealed");
    let setup = kernel.stop();
    assert!(!setup.run(&["key", "reseal"]).status.success(), "no key opens it");
    setup.configure(&format!("{GRANT}[auth]\nencryption_key = \"{new}\"\nold_encryption_keys = [\"{old}\"]\n"));
    let resealed = setup.run(&["key", "reseal"]);
    assert!(String::from_utf8_lossy(&resealed.stdout).starts_with("1 secret(s)"), "{resealed:?}");
    setup.configure(&format!("{GRANT}[auth]\nencryption_key = \"{new}\"\n"));
    let kernel = setup.start();
    let order = json!({ "id": id, "challenge": challenge["id"], "code": code(&secret, 30) });
    act_as(&kernel, access, "verify", &order).ok();
}
