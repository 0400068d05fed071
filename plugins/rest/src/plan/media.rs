//! In which form to answer: the first that the client accepts and that there is. It deliberately has the catalogue's own handlers
//! win over those of this plugin, as they are somebody's deliberate choice.

use super::Context;
use crate::refusal::{Failure, Refusal};
use crate::request::media::Media;
use crate::request::prefer::Returns;
use crate::request::{self, Action, Intent};
use sdk_plugin::schema::Media as Custom;

/// What makes the body of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Handler {
    /// No body.
    Nothing,
    Json {
        strip: bool,
    },
    /// The first row.
    Single {
        strip: bool,
    },
    Csv,
    GeoJson,
    /// An aggregate over rows, which are cast to the relation that it takes.
    Aggregate {
        schema: String,
        name: String,
        of: Option<(String, String)>,
    },
    /// A type whose value the function returned.
    Value {
        schema: String,
        name: String,
    },
}

/// The form for rows of this relation, or of this function; `whole` says that all columns were asked for.
pub(super) fn negotiate(context: &Context<'_>, of: (&str, &str), whole: bool) -> Result<(Handler, Media), Failure> {
    let customs = customs(context)?;
    let find = |media: &Media| lookup(&customs, of, whole, media);
    let pick = |media: &Media| match media {
        Media::Single { strip } => Some((Handler::Single { strip: *strip }, media.clone())),
        Media::Stripped => Some((Handler::Json { strip: true }, media.clone())),
        Media::Plan { of: inner, .. } => {
            let handler = match inner.as_ref() {
                Media::Single { strip } => Handler::Single { strip: *strip },
                Media::Stripped => Handler::Json { strip: true },
                other => find(other)?.0,
            };
            context.config.plans.then(|| (handler, media.clone()))
        }
        media => find(media),
    };
    let found = context.intent.accept.iter().find_map(pick);
    let (handler, media) = found.ok_or_else(|| refused(&context.intent.accept))?;
    Ok((if wants_body(context.intent) { handler } else { Handler::Nothing }, media))
}

/// What the client accepts of the API's description.
pub(super) fn root(intent: &Intent) -> Result<(), Failure> {
    let known = [Media::OpenApi, Media::Json, Media::Any];
    match intent.accept.iter().any(|media| known.contains(media)) {
        true => Ok(()),
        false => Err(refused(&intent.accept).into()),
    }
}

fn refused(accept: &[Media]) -> Refusal {
    Refusal::media(&accept.iter().map(Media::name).collect::<Vec<_>>().join(", "))
}

fn wants_body(intent: &Intent) -> bool {
    match intent.action {
        Action::Peek => false,
        _ if intent.writes() => intent.preferences.returns == Some(Returns::Representation),
        _ => true,
    }
}

fn customs(context: &Context<'_>) -> Result<Vec<Custom>, Failure> {
    let mut customs = Vec::new();
    for schema in &context.config.schemas {
        customs.extend(context.catalogue.schema(schema)?.media.iter().cloned());
    }
    Ok(customs)
}

fn lookup(customs: &[Custom], of: (&str, &str), whole: bool, wanted: &Media) -> Option<(Handler, Media)> {
    let is_own = |custom: &&Custom| whole && is_of(custom, of);
    let own = |media: &Media| customs.iter().filter(is_own).find(|custom| named(custom) == *media).map(handled);
    let any = || customs.iter().find(|custom| custom.aggregate && custom.any && named(custom) == *wanted).map(handled);
    own(&Media::Any).or_else(|| own(wanted)).or_else(any).or_else(|| built_in(wanted))
}

fn built_in(wanted: &Media) -> Option<(Handler, Media)> {
    match wanted {
        Media::Any | Media::Json => Some((Handler::Json { strip: false }, Media::Json)),
        Media::Csv => Some((Handler::Csv, Media::Csv)),
        Media::GeoJson => Some((Handler::GeoJson, Media::GeoJson)),
        _ => None,
    }
}

/// Whether it handles rows of this relation, or is this function.
fn is_of(custom: &Custom, of: (&str, &str)) -> bool {
    match (custom.aggregate, &custom.relation) {
        (true, Some(relation)) => (relation.schema.as_str(), relation.name.as_str()) == of,
        (true, None) => false,
        (false, _) => !custom.set && (custom.schema.as_str(), custom.name.as_str()) == of,
    }
}

fn named(custom: &Custom) -> Media {
    request::media::read(&custom.type_name.name.to_lowercase())
}

fn handled(custom: &Custom) -> (Handler, Media) {
    let media = Some(named(custom)).filter(|media| *media != Media::Any).unwrap_or(Media::Bytes);
    let (schema, name) = (custom.schema.clone(), custom.name.clone());
    if !custom.aggregate {
        let domain = &custom.type_name;
        return (Handler::Value { schema: domain.schema.clone(), name: domain.name.clone() }, media);
    }
    let of = custom.relation.as_ref().map(|relation| (relation.schema.clone(), relation.name.clone()));
    (Handler::Aggregate { schema, name, of }, media)
}
