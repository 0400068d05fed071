//! Second factors of the caller: enrol → challenge → verify → unenrol. Secrets pass by once, on their way to be shown; codes
//! are deliberately checked by the kernel only.

use sdk_plugin::{Problem, Response, identity};
use serde_json::{Map, Value, json};

use crate::call::Call;
use crate::refusal::{Act, Failure, Refusal, explain};
use crate::request::factor;
use crate::response::{self, qr};

/// `POST /factors`.
pub(crate) fn enrol(call: &Call<'_>) -> Result<Response, Failure> {
    if call.user()?.is_anonymous() {
        return Err(Refusal::new(403, "no_authorization", "Anonymous user not allowed to perform these actions").into());
    }
    let factor = factor::enrol(call.members()?, call.config.issuer())?;
    let enrolled = identity::enrol(&factor.to_string()).map_err(explain(Act::Enrol))?;
    Ok(response::object(200, &with_picture(response::open(&enrolled)?)?))
}

/// Adds the picture of the URI for apps that scan.
fn with_picture(mut factor: Map<String, Value>) -> Result<Value, Problem> {
    let picture = factor.get("totp").and_then(|totp| qr::svg(totp["uri"].as_str()?));
    let picture = picture.ok_or_else(|| Problem::new("internal", "the factor has no URI that fits into a picture"))?;
    factor["totp"]["qr_code"] = json!(picture);
    Ok(Value::Object(factor))
}

/// `POST /factors/{factor}/challenge`.
pub(crate) fn challenge(call: &Call<'_>) -> Result<Response, Failure> {
    let id = call.id("factor")?;
    call.user()?;
    Ok(response::document(200, identity::challenge(&id).map_err(explain(Act::Own))?))
}

/// `POST /factors/{factor}/verify`.
pub(crate) fn verify(call: &Call<'_>) -> Result<Response, Failure> {
    let id = call.id("factor")?;
    call.user()?;
    let proof = factor::verify(call.members()?)?;
    let session = identity::verify(&id, &proof.challenge, &proof.code).map_err(explain(Act::Code))?;
    Ok(response::document(200, session))
}

/// `DELETE /factors/{factor}`.
pub(crate) fn unenrol(call: &Call<'_>) -> Result<Response, Failure> {
    let id = call.id("factor")?;
    call.user()?;
    identity::unenrol(&id).map_err(explain(Act::Unenrol))?;
    Ok(response::object(200, &json!({ "id": id })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_is_shown_with_its_picture() {
        let factor = |uri: &str| json!({ "id": "1", "type": "totp", "friendly_name": "", "totp": { "secret": "JBSWY3DP", "uri": uri } });
        let object = |uri: &str| factor(uri).as_object().expect("an object").clone();
        let shown = with_picture(object("otpauth://totp/a?secret=JBSWY3DP")).expect("short enough");
        assert!(shown["totp"]["qr_code"].as_str().is_some_and(|svg| svg.contains("<svg")));
        assert_eq!(shown["totp"]["secret"], "JBSWY3DP");
        assert!(with_picture(object(&"x".repeat(4000))).is_err());
        assert!(with_picture(Map::new()).is_err());
    }
}
