//! What the capability's problems are called in GoTrue's dialect: a table, by what was being done. Codes that are the host's
//! own trouble are deliberately not in it.

use sdk_plugin::Problem;
use serde::Deserialize;

use super::{Failure, Refusal};

/// What was being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    SignUp,
    SignIn,
    Refresh,
    SignOut,
    /// Something of the caller's own.
    Own,
    /// A change of the caller's own user.
    Change,
    Enrol,
    Unenrol,
    /// A code of a second factor.
    Code,
    /// A recovery code.
    Recover,
    /// A link or a code that was sent.
    Redeem,
    Admin,
}

/// Turns the problems of an act into what the caller is told.
pub(crate) fn explain(act: Act) -> impl Fn(Problem) -> Failure {
    move |problem| match translate(act, &problem) {
        Some(refusal) => Failure::Refused(refusal),
        None => Failure::Host(problem),
    }
}

/// What is known of a problem as data.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Details {
    retry_after: Option<u64>,
    reasons: Vec<String>,
    member: Option<String>,
}

fn translate(act: Act, problem: &Problem) -> Option<Refusal> {
    let details: Details =
        problem.details.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let code = problem.code.strip_prefix("identity.")?;
    let (status, code, message) = match (code, details.member.as_deref()) {
        ("exists", Some("phone")) => PHONE_TAKEN,
        ("exists", Some("id")) => (422, "user_already_exists", "A user with this id already exists"),
        _ => words(act, code)?,
    };
    // Where the table has no words, those of the capability say more.
    let message = if message.is_empty() { problem.message.as_str() } else { message };
    let mut refusal = Refusal::new(status, code, message);
    refusal.retry_after = details.retry_after;
    refusal.reasons = details.reasons;
    refusal.hint = problem.hint.as_deref().map(Box::from);
    refusal.details = problem.details.as_deref().map(Box::from);
    Some(refusal)
}

type Words = (u16, &'static str, &'static str);

const PHONE_TAKEN: Words = (422, "phone_exists", "A user with this phone number has already been registered");

#[rustfmt::skip]
fn words(act: Act, code: &str) -> Option<Words> {
    use Act::{Admin, Change, Code, Enrol, Own, Recover, Redeem, Refresh, SignUp, Unenrol};
    Some(match (code, act) {
        ("exists", SignUp) => (422, "user_already_exists", "User already registered"),
        ("exists", Enrol) => (422, "mfa_factor_name_conflict", "A factor with this friendly name already exists"),
        ("exists", _) => (422, "email_exists", "A user with this email address has already been registered"),
        ("weak-password", _) => (422, "weak_password", ""),
        ("same-password", _) => (422, "same_password", "New password should be different from the old password."),
        ("sign-up-closed", _) => (422, "signup_disabled", "Signups not allowed for this instance"),
        ("wrong-credentials", _) => (400, "invalid_credentials", "Invalid login credentials"),
        ("banned", Refresh) => (400, "user_banned", "Invalid Refresh Token: User Banned"),
        ("banned", _) => (400, "user_banned", "User is banned"),
        ("not-confirmed", _) => (400, "email_not_confirmed", "Email not confirmed"),
        ("locked", _) => (429, "over_request_rate_limit", "Request rate limit reached"),
        ("too-often", _) => (429, "over_email_send_rate_limit", ""),
        ("unknown-token", Refresh) => (400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found"),
        ("unknown-token", Change) => (422, "reauthentication_not_valid", "Nonce has expired or is invalid"),
        ("unknown-token", Redeem) => (403, "otp_expired", "Token has expired or is invalid"),
        ("used-token", _) => (400, "refresh_token_already_used", "Invalid Refresh Token: Already Used"),
        ("session-expired", _) => (400, "session_expired", "Invalid Refresh Token: Session Expired"),
        ("signed-out", _) => (403, "session_not_found", "Session from session_id claim in JWT does not exist"),
        ("unknown-session", _) => (404, "session_not_found", "Session not found"),
        ("unknown-user", Admin) => (404, "user_not_found", "User not found"),
        ("unknown-user", Redeem) => (403, "otp_expired", "Token has expired or is invalid"),
        ("unknown-user", _) => (403, "user_not_found", "User from sub claim in JWT does not exist"),
        ("reauthenticate", _) => (400, "reauthentication_needed", "Password update requires reauthentication"),
        ("unknown-factor", _) => (404, "mfa_factor_not_found", "Factor not found"),
        ("too-many-factors", _) => (422, "too_many_enrolled_mfa_factors", "Maximum number of verified factors reached, unenroll to continue"),
        ("wrong-code", Recover) => (422, "mfa_verification_failed", "Invalid recovery code entered"),
        ("wrong-code", _) => (422, "mfa_verification_failed", "Invalid TOTP code entered"),
        ("expired-challenge", Code) => (422, "mfa_challenge_expired", "MFA challenge has expired, verify against another challenge or create a new challenge."),
        ("expired-challenge", _) => (422, "mfa_challenge_expired", ""),
        ("insufficient-aal", Enrol) => (403, "insufficient_aal", "AAL2 required to enroll a new factor"),
        ("insufficient-aal", Unenrol) => (422, "insufficient_aal", "AAL2 required to unenroll verified factor"),
        ("insufficient-aal", Change) => (401, "insufficient_aal", "AAL2 session is required to update email or password when MFA is enabled."),
        ("insufficient-aal", Own) => (403, "insufficient_aal", "AAL2 required"),
        ("insufficient-aal", _) => (403, "insufficient_aal", ""),
        ("denied", _) => (403, "not_admin", "User not allowed"),
        ("invalid", _) => (400, "validation_failed", ""),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(act: Act, problem: Problem) -> Refusal {
        match explain(act)(problem) {
            Failure::Refused(refusal) => refusal,
            Failure::Host(problem) => panic!("{problem:?}"),
        }
    }

    #[test]
    fn one_code_of_the_capability_is_said_by_what_was_being_done() {
        for (act, code, status, said) in [
            (Act::SignUp, "identity.exists", 422, "user_already_exists"),
            (Act::Change, "identity.exists", 422, "email_exists"),
            (Act::Enrol, "identity.exists", 422, "mfa_factor_name_conflict"),
            (Act::SignIn, "identity.wrong-credentials", 400, "invalid_credentials"),
            (Act::Refresh, "identity.unknown-token", 400, "refresh_token_not_found"),
            (Act::Change, "identity.unknown-token", 422, "reauthentication_not_valid"),
            (Act::Redeem, "identity.unknown-token", 403, "otp_expired"),
            (Act::Redeem, "identity.unknown-user", 403, "otp_expired"),
            (Act::Admin, "identity.unknown-user", 404, "user_not_found"),
            (Act::Own, "identity.unknown-user", 403, "user_not_found"),
            (Act::SignOut, "identity.signed-out", 403, "session_not_found"),
            (Act::Code, "identity.wrong-code", 422, "mfa_verification_failed"),
        ] {
            let refusal = refused(act, Problem::new(code, "words"));
            assert_eq!((refusal.status, refusal.code), (status, said), "{act:?} {code}");
            assert!(!refusal.message.is_empty());
        }
    }

    #[test]
    fn what_is_known_as_data_goes_along() {
        let locked = Problem::new("identity.locked", "").details(r#"{"retry_after":900}"#).hint("wait");
        let refusal = refused(Act::SignIn, locked);
        assert_eq!((refusal.status, refusal.retry_after, refusal.hint.as_deref()), (429, Some(900), Some("wait")));
        let weak = Problem::new("identity.weak-password", "too short").details(r#"{"reasons":["length"]}"#);
        let refusal = refused(Act::SignUp, weak);
        assert_eq!((refusal.message.as_str(), refusal.reasons), ("too short", vec!["length".to_owned()]));
        let phone = Problem::new("identity.exists", "").details(r#"{"member":"phone"}"#);
        assert_eq!(refused(Act::Admin, phone).code, "phone_exists");
    }

    #[test]
    fn the_hosts_own_trouble_stays_the_hosts() {
        for code in ["identity.busy", "identity.not-granted", "identity.invented-later", "sql.timeout", "internal"] {
            assert!(matches!(explain(Act::SignIn)(Problem::new(code, "")), Failure::Host(_)), "{code}");
        }
    }
}
