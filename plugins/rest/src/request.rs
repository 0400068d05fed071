//! parse: Head → Intent, what is wanted. It deliberately knows no catalogue: whether the columns exist is the plan's
//! business, and whether the words make sense is all that is decided here.

pub(crate) mod media;
pub(crate) mod order;
pub(crate) mod parameter;
pub(crate) mod prefer;
pub(crate) mod query;
pub(crate) mod select;
pub(crate) mod window;

use crate::config::{Config, OpenApi};
use crate::head::Head;
use crate::refusal::Refusal;
use media::Media;
use prefer::Preferences;
use query::Query;
use window::Window;

/// What a request asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Intent {
    pub(crate) target: Target,
    pub(crate) action: Action,
    pub(crate) schema: String,
    /// Whether a client could not know the schema otherwise.
    pub(crate) tells_schema: bool,
    pub(crate) query: Query,
    /// Of the outermost rows.
    pub(crate) window: Window,
    pub(crate) preferences: Preferences,
    /// Best first.
    pub(crate) accept: Vec<Media>,
    pub(crate) content: Media,
    /// Where this very result is found: the path with its parameters in order.
    pub(crate) location: String,
}

/// What it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Relation(String),
    Function(String),
    /// The API itself.
    Root,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Read,
    /// A read that wants the headers only.
    Peek,
    Insert,
    Update,
    /// Make the row of this key be as the payload says.
    Replace,
    Delete,
    /// Call a function with the payload.
    Call,
    /// Tell what can be done.
    Describe,
}

/// Says what `head` asks for.
pub(crate) fn parse(head: &Head, config: &Config) -> Result<Intent, Refusal> {
    let target = target(head, config)?;
    let (schema, tells_schema) = schema(head, config)?;
    let action = action(&target, &head.method)?;
    let parameters = parameter::split(&head.query);
    let calls = matches!(target, Target::Function(_)) && matches!(action, Action::Read | Action::Peek);
    let query = query::parse(&parameters, calls)?;
    let window = query.window.restrict(head.range.as_deref())?;
    if action == Action::Replace && window.is_set() {
        return Err(Refusal::replace_window());
    }
    Ok(Intent {
        location: location(head, &target, &parameter::canonical(&parameters)),
        preferences: prefer::parse(head.prefer.as_deref().unwrap_or_default(), config.transaction_end.overridable),
        accept: media::accept(head.accept.as_deref()),
        content: head.content_type.as_deref().map_or(Media::Json, media::read),
        target,
        action,
        schema,
        tells_schema,
        query,
        window,
    })
}

impl Intent {
    /// Whether the body says what to write.
    pub(crate) fn has_payload(&self) -> bool {
        matches!(self.action, Action::Insert | Action::Update | Action::Replace | Action::Call)
    }

    /// Whether rows are written.
    pub(crate) fn writes(&self) -> bool {
        matches!(self.action, Action::Insert | Action::Update | Action::Replace | Action::Delete)
    }
}

fn target(head: &Head, config: &Config) -> Result<Target, Refusal> {
    match head.route.as_str() {
        "table" => Ok(Target::Relation(head.name.clone())),
        "function" => Ok(Target::Function(head.name.clone())),
        "root" => match (&config.root_spec, config.openapi) {
            (_, OpenApi::Disabled) => Err(Refusal::no_description()),
            (Some(function), _) => Ok(Target::Function(function.clone())),
            (None, _) => Ok(Target::Root),
        },
        _ => Err(Refusal::no_path()),
    }
}

fn schema(head: &Head, config: &Config) -> Result<(String, bool), Refusal> {
    match &head.profile {
        Some(name) if !config.exposes(name) => Err(Refusal::schema(name, &config.schemas)),
        Some(name) => Ok((name.clone(), true)),
        None => Ok((config.schemas[0].clone(), config.schemas.len() > 1)),
    }
}

fn action(target: &Target, method: &str) -> Result<Action, Refusal> {
    Ok(match (target, method) {
        (_, "GET") => Action::Read,
        (_, "HEAD") => Action::Peek,
        (_, "OPTIONS") => Action::Describe,
        (Target::Function(_), "POST") => Action::Call,
        (Target::Function(_), other) => return Err(Refusal::call_method(other)),
        (Target::Relation(_), "POST") => Action::Insert,
        (Target::Relation(_), "PATCH") => Action::Update,
        (Target::Relation(_), "DELETE") => Action::Delete,
        (Target::Relation(_), "PUT") => Action::Replace,
        (_, other) => return Err(Refusal::method(other)),
    })
}

fn location(head: &Head, target: &Target, canonical: &str) -> String {
    let path = match target {
        Target::Relation(name) => format!("/{}", parameter::encode(name)),
        Target::Function(name) => format!("/rpc/{}", parameter::encode(name)),
        Target::Root => "/".to_owned(),
    };
    let mark = if canonical.is_empty() { "" } else { "?" };
    [&head.mount, &path, mark, canonical].concat()
}

#[cfg(test)]
mod tests;
