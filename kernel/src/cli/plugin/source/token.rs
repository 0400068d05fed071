//! What a registry is shown: nothing until it asks, then a token that everybody may have, or one for who logged in with docker,
//! podman or oras. It keeps no credentials.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential, get_podman_credential};
use http_auth::{ChallengeRef, parse_challenges};
use oci_spec::distribution::Reference;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::web::{Web, content, succeeded};
use crate::error::{Error, Result, code};

/// What to do about a refusal.
pub(super) const LOGIN: &str = "log in with `docker login`, `podman login` or `oras login`: what they keep is used";

/// No token is longer.
const MAX_TOKEN: usize = 256 << 10;

/// Where docker keeps the credentials of its own registry.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

/// The value of `Authorization` that answers a challenge.
///
/// # Errors
/// `source.denied`, `source.unreachable` when the server of tokens is not there.
pub(super) fn answer(web: &Web, reference: &Reference, challenge: &str) -> Result<String> {
    let challenges = parse_challenges(challenge).unwrap_or_default();
    let of = |scheme: &str| challenges.iter().find(|challenge| challenge.scheme.eq_ignore_ascii_case(scheme));
    let login = login(reference.registry())?;
    match (of("bearer"), of("basic"), login) {
        (Some(challenge), _, login) => bearer(web, reference, challenge, login.as_deref()),
        (None, Some(_), Some(login)) => Ok(login),
        _ => Err(denied(format!("the registry {} wants a login", reference.registry()))),
    }
}

fn denied(message: String) -> Error {
    Error::new(&code::SOURCE_DENIED, message).hint(LOGIN)
}

/// A token for pulling from this repository and for nothing else, whatever the registry proposes.
fn bearer(web: &Web, reference: &Reference, challenge: &ChallengeRef<'_>, login: Option<&str>) -> Result<String> {
    let of = |name: &str| challenge.params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    let of = |name: &str| of(name).map(|(_, value)| value.to_unescaped());
    let realm = of("realm").filter(|realm| web.may_ask(realm));
    let realm = realm.ok_or_else(|| denied("the registry names no server of tokens that may be asked".to_owned()))?;
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let join = if realm.contains('?') { '&' } else { '?' };
    let scope = encode(&format!("repository:{}:pull", reference.repository()));
    let service = of("service").map(|service| format!("&service={}", encode(&service))).unwrap_or_default();
    let url = format!("{realm}{join}scope={scope}{service}");
    let headers: Vec<_> = login.map(|login| ("authorization", login)).into_iter().collect();
    let answer = succeeded(web.get(&url, &headers)?, &realm).map_err(|fault| match fault.code.as_ref() {
        "source.denied" => denied(format!("the registry {} does not accept the login", reference.registry())),
        _ => fault,
    })?;
    let token = serde_json::from_slice::<Token>(&content(answer, &realm, MAX_TOKEN)?).ok();
    let token = token.and_then(|token| token.token.or(token.access_token)).filter(|token| is_token(token));
    token.map(|token| format!("Bearer {token}")).ok_or_else(|| denied(format!("{realm} gave no token")))
}

/// Whether it can stand in a header.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// What somebody logged in with, as HTTP's basic authentication writes it.
fn login(registry: &str) -> Result<Option<String>> {
    let server = if registry == "docker.io" { DOCKER_HUB } else { registry };
    match get_credential(server)
        .or_else(|fault| if is_none(&fault) { get_podman_credential(server) } else { Err(fault) })
    {
        Ok(DockerCredential::UsernamePassword(name, password)) => {
            Ok(Some(format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))))
        }
        Ok(DockerCredential::IdentityToken(_)) => Err(denied(format!(
            "the login at {registry} is an identity token; one with a name and a password is needed"
        ))),
        Err(fault) if is_none(&fault) => Ok(None),
        Err(fault) => Err(denied(format!("the login at {registry} cannot be read")).source(anyhow::anyhow!("{fault}"))),
    }
}

fn is_none(fault: &CredentialRetrievalError) -> bool {
    use CredentialRetrievalError::{ConfigNotFound, ConfigReadError, NoCredentialConfigured};
    matches!(fault, ConfigNotFound | ConfigReadError | NoCredentialConfigured)
}
