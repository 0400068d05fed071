//! Tokens of every kind, each with what becomes of it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::auth::Config;
use crate::auth::ring::{Key, generate, seal_name};
use crate::auth::vault::Vault;
use crate::config::Secret;
use crate::store::identity::SigningKey;

const SECRET: &str = "reallyreallyreallyreallyverysafe";
const NOW: i64 = 1_700_000_000;

fn vault() -> Vault {
    let config = Config { encryption_key: Some(Secret::new("k".repeat(32))), ..Config::for_tests() };
    Vault::open(&config, std::path::Path::new("/nonexistent")).expect("a key")
}

fn kept(kid: &str, algorithm: &str, active_from: i64, accepted_until: Option<i64>) -> SigningKey {
    let private = generate(algorithm).expect("a key");
    let sealed = vault().seal(&seal_name(kid), &private).expect("sealed");
    let sealed: String = sealed.iter().map(|byte| format!("{byte:02x}")).collect();
    serde_json::from_value(json!({
        "kid": kid, "algorithm": algorithm, "sealed": sealed, "active_from": active_from, "accepted_until": accepted_until,
    }))
    .expect("a key")
}

fn ring(kept: Vec<SigningKey>) -> Ring {
    Ring::new(Arc::new(Key::shared(SECRET.as_bytes())), Arc::new(kept), &vault())
}

fn check(token: &str, ring: &Ring) -> Result<Verified> {
    verify(token, ring, None, NOW)
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[test]
fn a_token_carries_its_role_and_its_claims_as_signed() {
    let (claims, ring) =
        (json!({ "role": "authenticated", "sub": "7", "n": 1.50, "session_id": "s", "jti": "j" }), ring(vec![]));
    let verified = check(&ring.signer(NOW).sign(&claims).expect("signed"), &ring).expect("valid");
    assert_eq!((verified.role.as_deref(), verified.subject.as_deref()), (Some("authenticated"), Some("7")));
    assert_eq!((verified.session.as_deref(), verified.id.as_deref()), (Some("s"), Some("j")));
    assert_eq!(serde_json::from_str::<Value>(&verified.claims).expect("json"), claims);
}

#[test]
fn every_algorithm_signs_what_its_public_key_checks() {
    for algorithm in ["HS256", "ES256", "EdDSA", "RS256"] {
        let ring = ring(vec![kept("k1", algorithm, NOW - 1, None)]);
        let token = ring.signer(NOW).sign(&json!({ "sub": "7" })).expect("signed");
        let header = jsonwebtoken::decode_header(&token).expect("a header");
        assert_eq!((header.kid.as_deref(), format!("{:?}", header.alg)), (Some("k1"), algorithm.to_owned()));
        assert_eq!(check(&token, &ring).expect(algorithm).subject.as_deref(), Some("7"));
        let public = ring.public(NOW);
        match algorithm {
            "HS256" => assert_eq!(public, json!({ "keys": [] }), "a secret is not published"),
            _ => {
                let jwk = &public["keys"][0];
                assert_eq!((&jwk["kid"], &jwk["use"], &jwk["alg"]), (&json!("k1"), &json!("sig"), &json!(algorithm)));
                assert!(jwk.get("d").is_none() && jwk.get("p").is_none(), "{jwk}");
                let jwk = serde_json::from_value(jwk.clone()).expect("a key");
                let key = jsonwebtoken::DecodingKey::from_jwk(&jwk).expect("a key");
                let mut validation = Validation::new(header.alg);
                validation.required_spec_claims.clear();
                jsonwebtoken::decode::<Value>(&token, &key, &validation).expect("others can check it");
            }
        }
    }
}

#[test]
fn a_key_is_known_before_it_signs_and_after() {
    let old = kept("old", "ES256", NOW - 1000, Some(NOW + 900));
    let new = kept("new", "ES256", NOW + 600, None);
    let ring = ring(vec![old, new]);
    let names = |now: i64| {
        ring.public(now)["keys"].as_array().expect("a list").iter().map(|k| k["kid"].to_string()).collect::<Vec<_>>()
    };
    let signed =
        |now: i64| jsonwebtoken::decode_header(ring.signer(now).sign(&json!({})).expect("signed")).expect("one").kid;
    assert_eq!((names(NOW).len(), signed(NOW).as_deref()), (2, Some("old")));
    assert_eq!(signed(NOW + 600).as_deref(), Some("new"));
    let token = ring.signer(NOW).sign(&json!({})).expect("signed");
    verify(&token, &ring, None, NOW + 899).expect("its tokens are not over");
    assert_eq!(verify(&token, &ring, None, NOW + 901).expect_err("over").code, "auth.invalid-token");
    assert_eq!(names(NOW + 901), ["\"new\""]);
}

/// RFC 7515, A.1: what it signs is checked, and its text is not what others make of it.
#[test]
fn the_vector_of_the_standard_is_good_and_over() {
    const TOKEN: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly\
        9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const KEY: &str = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    let key = URL_SAFE_NO_PAD.decode(KEY).expect("a key");
    let ring = Ring::new(Arc::new(Key::shared(&key)), Arc::default(), &vault());
    assert_eq!(check(TOKEN, &ring).expect_err("of 2011").code, "auth.expired-token");
    let forged = format!("{}Z", &TOKEN[..TOKEN.len() - 1]);
    assert_eq!(check(&forged, &ring).expect_err("forged").code, "auth.invalid-token");
}

#[test]
fn hostile_tokens_are_refused() {
    let ring = ring(vec![kept("es", "ES256", NOW - 1, None)]);
    let shared = Key::shared(SECRET.as_bytes());
    let sign = |claims: Value| shared.sign(&claims).expect("signed");
    let good = sign(json!({ "role": "authenticated" }));
    let parts: Vec<_> = good.split('.').collect();
    let with = |header: Value| format!("{}.{}.{}", part(&header), parts[1], parts[2]);
    // The public key as the secret: what makes a token of a verifier that asks the token for its algorithm.
    let public = ring.public(NOW)["keys"][0].to_string();
    let confused = Key::shared(public.as_bytes()).sign(&json!({ "role": "service_role" })).expect("signed");
    let confused =
        format!("{}.{}", part(&json!({ "alg": "HS256", "kid": "es" })), confused.split_once('.').expect("parts").1);
    let elsewhere = Key::shared(b"another secret of at least 32 bytes").sign(&json!({})).expect("signed");
    for (token, code) in [
        (format!("{}.{}.", part(&json!({ "alg": "none" })), parts[1]), "auth.invalid-token"),
        (format!("{}.{}.", part(&json!({ "alg": "None" })), parts[1]), "auth.invalid-token"),
        (format!("{}.{}", part(&json!({ "alg": "none" })), parts[1]), "auth.invalid-token"),
        (with(json!({ "alg": "HS384" })), "auth.invalid-token"),
        (with(json!({ "alg": "HS512" })), "auth.invalid-token"),
        (with(json!({ "alg": "ES256" })), "auth.invalid-token"),
        (with(json!({ "alg": "ES256", "kid": "es" })), "auth.invalid-token"),
        (with(json!({ "alg": "HS256", "kid": "es" })), "auth.invalid-token"),
        (with(json!({ "alg": "HS256", "crit": ["exp"] })), "auth.invalid-token"),
        (with(json!({ "alg": "HS256", "b64": false, "crit": ["b64"] })), "auth.invalid-token"),
        (with(json!({ "typ": "JWT" })), "auth.invalid-token"),
        (with(json!({ "alg": "HS256", "kid": "../../etc/passwd" })), "auth.invalid-token"),
        (with(json!({ "alg": "HS256", "jwk": { "kty": "oct", "k": "AAAA" } })), "auth.invalid-token"),
        (confused, "auth.invalid-token"),
        (elsewhere, "auth.invalid-token"),
        (format!("{}.{}.{}", parts[0], part(&json!({ "role": "postgres" })), parts[2]), "auth.invalid-token"),
        (format!("{}.{}.", parts[0], parts[1]), "auth.invalid-token"),
        (format!("{}.{}", parts[0], parts[1]), "auth.invalid-token"),
        (format!("{good}."), "auth.invalid-token"),
        (format!("{good}x"), "auth.invalid-token"),
        (format!("{good}="), "auth.invalid-token"),
        (good.replace('.', " ."), "auth.invalid-token"),
        ("a.b.c".to_owned(), "auth.invalid-token"),
        ("..".to_owned(), "auth.invalid-token"),
        (String::new(), "auth.invalid-token"),
        (sign(json!({ "exp": 1 })), "auth.expired-token"),
        (sign(json!({ "exp": "1" })), "auth.invalid-token"),
        (sign(json!({ "exp": -1 })), "auth.invalid-token"),
        (sign(json!({ "nbf": 9_999_999_999_u64 })), "auth.expired-token"),
        (sign(json!({ "role": 7 })), "auth.invalid-token"),
        (sign(json!({ "role": ["service_role"] })), "auth.invalid-token"),
        (sign(json!({ "sub": { "a": 1 } })), "auth.invalid-token"),
        (sign(json!({ "name": "a\0b" })), "auth.invalid-token"),
        (sign(json!([])), "auth.invalid-token"),
        (sign(json!("text")), "auth.invalid-token"),
    ] {
        assert_eq!(check(&token, &ring).expect_err(&token).code, code, "{token}");
    }
    check(&good, &ring).expect("the good one is good");
}

#[test]
fn a_token_is_for_whom_it_says_where_somebody_asks() {
    let ring = ring(vec![]);
    let check = |aud: Value, wanted: Option<&str>| {
        verify(&ring.signer(NOW).sign(&json!({ "aud": aud })).expect("signed"), &ring, wanted, NOW).map(drop)
    };
    for (aud, is_good) in [
        (json!("a"), true),
        (json!(["b", "a"]), true),
        (Value::Null, true),
        (json!("b"), false),
        (json!([]), false),
        (json!(7), false),
    ] {
        assert_eq!(check(aud.clone(), Some("a")).is_ok(), is_good, "{aud}");
        check(aud, None).expect("nobody asks");
    }
}
