//! Passwords of every kind, and more of them than there are places.

use super::*;

fn hasher(workers: u32, queue: u32) -> Hasher {
    Hasher::new(workers, queue).expect("threads")
}

fn word(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

/// A runtime must not be dropped where others run.
fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

#[test]
fn a_password_matches_its_own_hash_and_nobody_elses() {
    let hasher = hasher(1, 1);
    run(async {
        let turn = hasher.turn().await.expect("a place");
        let kept = turn.hash(word("correct horse battery")).await.expect("hashed");
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        for (tried, is_right) in [("correct horse battery", true), ("Correct horse battery", false), ("", false)] {
            let verdict = turn.verify(word(tried), Some(kept.clone())).await.expect("checked");
            assert_eq!(verdict, Verdict { is_right, renewed: None }, "{tried}");
        }
        assert!(!turn.verify(word("x"), None).await.expect("checked").is_right);
    });
}

#[test]
fn a_hash_of_another_kind_is_checked_and_renewed() {
    let hasher = hasher(1, 1);
    let bcrypt = bcrypt::hash("correct horse battery", 4).expect("hashed");
    let params = argon2::Params::new(64, 1, 1, None).expect("parameters");
    let weak = Argon2::new(argon2::Algorithm::Argon2i, argon2::Version::V0x13, params);
    let weak: PasswordHash = weak.hash_password_with_salt(b"correct horse battery", &[7; 16]).expect("hashed");
    run(async {
        let turn = hasher.turn().await.expect("a place");
        for kept in [bcrypt, weak.to_string()] {
            check_imported(&kept).expect("accepted");
            let wrong = turn.verify(word("wrong"), Some(kept.clone())).await.expect("checked");
            assert_eq!(wrong, Verdict { is_right: false, renewed: None });
            let right = turn.verify(word("correct horse battery"), Some(kept)).await.expect("checked");
            let renewed = right.renewed.expect("renewed");
            assert!(right.is_right && !is_old(&renewed) && matches(b"correct horse battery", &renewed));
        }
    });
}

#[test]
fn hashes_that_cost_too_much_are_not_imported() {
    for kept in [
        "",
        "secret",
        "$2b$31$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZabcde",
        "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$Kwk7dZ8H3YzE0mM0ZqEnPw3Yq0Wc6Zr0b0cYc2t1c2s",
        "$argon2id$v=19$m=64,t=400,p=1$c29tZXNhbHRzb21lc2FsdA$Kwk7dZ8H3YzE0mM0ZqEnPw3Yq0Wc6Zr0b0cYc2t1c2s",
        "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA",
    ] {
        assert_eq!(check_imported(kept).expect_err(kept).code, "identity.invalid");
    }
}

#[test]
fn who_comes_when_the_queue_is_full_is_told_to_come_again() {
    let hasher = hasher(1, 1);
    run(async {
        let held = hasher.turn().await.expect("a place");
        let mut first = Box::pin(hasher.turn());
        assert!(futures_util::poll!(&mut first).is_pending());
        let refused = hasher.turn().await.err().expect("refused");
        assert_eq!((&*refused.code, refused.details), ("identity.busy", Some(json!({ "retry_after": 1 }))));
        drop(held);
        first.await.expect("the next one");
        hasher.turn().await.expect("a place again");
    });
}

#[test]
fn a_policy_names_what_is_missing() {
    let strict = Policy { min_length: 12, upper: true, digit: true, symbol: true };
    strict.check("Correct-horse-7").expect("good");
    for (password, reasons) in [
        ("Ab1-", json!(["length"])),
        ("correct horse battery", json!(["characters"])),
        ("", json!(["length", "characters"])),
    ] {
        let refused = strict.check(password).expect_err(password);
        assert_eq!((&*refused.code, refused.details), ("identity.weak-password", Some(json!({ "reasons": reasons }))));
    }
    let plain = Policy { min_length: 12, upper: false, digit: false, symbol: false };
    plain.check("ééééééééééé").expect_err("eleven");
    plain.check("éééééééééééé").expect("twelve");
    assert_eq!(plain.check(&"x".repeat(MOST + 1)).expect_err("too long").code, "identity.invalid");
}
