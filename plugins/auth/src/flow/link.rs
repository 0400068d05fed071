//! `POST /admin/generate_link`: links and codes for an operator who sends mail themselves. It deliberately sends nothing, and
//! makes none for whom nothing is to be confirmed.

use form_urlencoded::Serializer;
use sdk_plugin::identity::{self, Account};
use sdk_plugin::{Problem, Response};
use serde_json::{Map, Value, json};

use crate::call::Call;
use crate::config::Config;
use crate::refusal::{Act, Failure, Refusal, explain};
use crate::request::link::{self, Kind, Link};
use crate::request::redirect;
use crate::response;

/// The flow.
pub(crate) fn make(call: &Call<'_>) -> Result<Response, Failure> {
    call.admin()?;
    let link = link::parse(call.members()?, call.query())?;
    let kind = prepare(&link)?;
    let account = Account::Email(link.email.clone());
    let token = identity::issue(kind.token(), &account).map_err(explain(Act::Admin))?;
    let token = token.ok_or_else(|| Refusal::new(404, "user_not_found", "User with this email not found"))?;
    let answer = render(response::open(&token)?, kind, &link, &call.config)?;
    identity::audit("link.generated", &json!({ "type": kind.token(), "email": link.email }).to_string())?;
    Ok(response::object(200, &answer))
}

/// Makes the user of an invitation; gives what the link is for then.
fn prepare(link: &Link) -> Result<Kind, Failure> {
    let user = match identity::find_user(&Account::Email(link.email.clone())) {
        Ok(user) => Some(response::open(&user)?),
        Err(problem) if problem.code == "identity.unknown-user" => None,
        Err(problem) => return Err(explain(Act::Admin)(problem)),
    };
    let (kind, is_missing) = judge(link, user.as_ref())?;
    if is_missing {
        let made = identity::create_user(&link.user().to_string(), link.password.as_deref());
        made.map_err(explain(Act::Admin))?;
    }
    Ok(kind)
}

/// What the link is for, and whether its user has to be made first.
fn judge(link: &Link, user: Option<&Map<String, Value>>) -> Result<(Kind, bool), Refusal> {
    let Some(user) = user else {
        return match link.kind {
            Kind::SignUp | Kind::Invite => Ok((link.kind, true)),
            // Whoever opens it is new, and it confirms the address.
            Kind::MagicLink => Ok((Kind::SignUp, true)),
            Kind::Recovery | Kind::EmailChange => {
                Err(Refusal::new(404, "user_not_found", "User with this email not found"))
            }
        };
    };
    let is_confirmed = user.get("email_confirmed_at").is_some_and(Value::is_string);
    match link.kind {
        Kind::SignUp | Kind::Invite if is_confirmed => Err(Refusal::email_taken()),
        // A mail to the new address proves nothing unless its owner asked for it.
        Kind::EmailChange if user.get("new_email").and_then(Value::as_str) != link.new_email.as_deref() => {
            Err(Refusal::invalid("The user has not asked for this new address")
                .hint("the user asks with PUT /user; an admin changes an address with PUT /admin/users/{id}"))
        }
        kind => Ok((kind, false)),
    }
}

fn render(token: Map<String, Value>, kind: Kind, link: &Link, config: &Config) -> Result<Value, Problem> {
    let lacking = || Problem::new("internal", "the token lacks a member");
    let hash = token.get("token_hash").and_then(Value::as_str).ok_or_else(lacking)?;
    let place = redirect::target(link.redirect_to.as_deref(), &config.places, &config.site_url);
    let mut query = Serializer::new(String::new());
    query.append_pair("token", hash).append_pair("type", kind.token()).append_pair("redirect_to", place);
    let mut answer = token.get("user").and_then(Value::as_object).ok_or_else(lacking)?.clone();
    answer.insert("action_link".to_owned(), json!(format!("{}/verify?{}", config.api_url, query.finish())));
    answer.insert("email_otp".to_owned(), token.get("token").ok_or_else(lacking)?.clone());
    answer.insert("hashed_token".to_owned(), json!(hash));
    answer.insert("redirect_to".to_owned(), json!(place));
    answer.insert("verification_type".to_owned(), json!(kind.token()));
    Ok(Value::Object(answer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::members;

    fn link(text: &str) -> Link {
        link::parse(members(text).expect("an object"), "").expect("a link")
    }

    fn user(value: Value) -> Map<String, Value> {
        value.as_object().expect("an object").clone()
    }

    #[test]
    fn a_link_is_made_for_whoever_it_can_help() {
        let (signup, invite) =
            (r#"{"type":"signup","email":"a@b.co","password":"p"}"#, r#"{"type":"invite","email":"a@b.co"}"#);
        let (magic, recovery) = (r#"{"type":"magiclink","email":"a@b.co"}"#, r#"{"type":"recovery","email":"a@b.co"}"#);
        let change = r#"{"type":"email_change_new","email":"a@b.co","new_email":"c@d.eu"}"#;
        let (new, confirmed) = (user(json!({})), user(json!({ "email_confirmed_at": "2026-01-01T00:00:00Z" })));
        let waiting = user(json!({ "email_confirmed_at": "2026-01-01T00:00:00Z", "new_email": "c@d.eu" }));
        for (text, user, expected) in [
            (signup, None, Ok((Kind::SignUp, true))),
            (signup, Some(&new), Ok((Kind::SignUp, false))),
            (signup, Some(&confirmed), Err("email_exists")),
            (invite, None, Ok((Kind::Invite, true))),
            (invite, Some(&confirmed), Err("email_exists")),
            (magic, None, Ok((Kind::SignUp, true))),
            (magic, Some(&confirmed), Ok((Kind::MagicLink, false))),
            (recovery, None, Err("user_not_found")),
            (recovery, Some(&confirmed), Ok((Kind::Recovery, false))),
            (change, None, Err("user_not_found")),
            (change, Some(&confirmed), Err("validation_failed")),
            (change, Some(&waiting), Ok((Kind::EmailChange, false))),
        ] {
            assert_eq!(judge(&link(text), user).map_err(|refusal| refusal.code), expected, "{text} {user:?}");
        }
    }

    #[test]
    fn a_link_leads_back_to_an_allowed_place() {
        let token = json!({ "token": "123456", "token_hash": "h+/", "kind": "magiclink", "user": { "id": "1" }, "to": "a@b.co" });
        let shown = |redirect: &str| {
            let link = link(&format!(r#"{{"type":"magiclink","email":"a@b.co","redirect_to":"{redirect}"}}"#));
            render(user(token.clone()), link.kind, &link, &Config::example()).expect("whole")
        };
        let answer = serde_json::to_string_pretty(&shown("https://app.example.com/in?a=b")).expect("text");
        insta::assert_snapshot!(answer);
        assert_eq!(shown("https://evil.example")["redirect_to"], "https://app.example.com");
        assert!(
            render(Map::new(), Kind::MagicLink, &link(r#"{"type":"magiclink","email":"a@b.co"}"#), &Config::example())
                .is_err()
        );
    }
}
