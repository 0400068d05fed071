//! parse: Head → Intent, what is wanted. It deliberately knows no catalogue: whether the columns exist is the plan's
//! business, and whether the words make sense is all that is decided here.

pub(crate) mod cursor;
pub(crate) mod field;
pub(crate) mod filter;
pub(crate) mod logic;
pub(crate) mod media;
pub(crate) mod operator;
pub(crate) mod order;
pub(crate) mod parameter;
pub(crate) mod prefer;
pub(crate) mod select;
pub(crate) mod window;

use crate::head::Head;
use crate::refusal::Refusal;
use filter::Condition;
use media::Media;
use order::Term;
use prefer::Preferences;
use select::Item;
use window::Window;

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Intent {
    pub(crate) action: Action,
    pub(crate) relation: String,
    /// The schema, when the request names one.
    pub(crate) profile: Option<String>,
    /// What to answer with; empty for every column.
    pub(crate) select: Vec<Item>,
    /// All of them must hold.
    pub(crate) filters: Vec<Condition>,
    pub(crate) order: Vec<Term>,
    pub(crate) window: Window,
    /// The members of the payload to use; all of them when absent.
    pub(crate) columns: Option<Vec<String>>,
    pub(crate) on_conflict: Option<Vec<String>>,
    pub(crate) preferences: Preferences,
    pub(crate) media: Media,
    /// Where this very result is found: the path with its parameters in order.
    pub(crate) location: String,
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
    /// Tell what can be done.
    Describe,
}

/// Says what `head` asks for.
pub(crate) fn parse(head: &Head) -> Result<Intent, Refusal> {
    let parameters = parameter::split(&head.query);
    let mut intent = blank(head, parameter::canonical(&parameters))?;
    for (name, value) in &parameters {
        match value {
            Some(value) => read(&mut intent, name, value)?,
            // PostgREST reads `?name` as absent, and clients leave such parameters behind.
            None => continue,
        }
    }
    intent.window.restrict(head.range.as_deref())?;
    if intent.writes_payload() {
        media::content(head.content_type.as_deref())?;
    }
    Ok(intent)
}

impl Intent {
    /// Whether the body says what to write.
    pub(crate) fn writes_payload(&self) -> bool {
        matches!(self.action, Action::Insert | Action::Update | Action::Replace)
    }
}

/// What the method and the headers say.
fn blank(head: &Head, canonical: String) -> Result<Intent, Refusal> {
    let preferences = prefer::parse(head.prefer.as_deref().unwrap_or_default())?;
    Ok(Intent {
        action: action(&head.method)?,
        relation: head.relation.clone(),
        profile: head.profile.clone(),
        select: Vec::new(),
        filters: Vec::new(),
        order: Vec::new(),
        window: Window::default(),
        columns: None,
        on_conflict: None,
        preferences,
        media: media::accept(head.accept.as_deref())?,
        location: location(head, &canonical),
    })
}

fn action(method: &str) -> Result<Action, Refusal> {
    Ok(match method {
        "GET" => Action::Read,
        "HEAD" => Action::Peek,
        "POST" => Action::Insert,
        "PATCH" => Action::Update,
        "DELETE" => Action::Delete,
        "OPTIONS" => Action::Describe,
        "PUT" => Action::Replace,
        other => return Err(Refusal::method(other)),
    })
}

/// Puts one parameter where it belongs. What has no name of its own is a filter.
fn read(intent: &mut Intent, name: &str, value: &str) -> Result<(), Refusal> {
    match name {
        "select" => intent.select = select::parse(value)?,
        "columns" => intent.columns = Some(field::names("columns parameter", value)?),
        "on_conflict" => intent.on_conflict = Some(field::names("on_conflict parameter", value)?),
        "order" => intent.order = order::parse(value)?,
        "limit" => intent.window.limit(value)?,
        "offset" => intent.window.offset(value),
        "and" | "or" | "not.and" | "not.or" => intent.filters.push(logic::parse(name, value)?),
        _ => intent.filters.push(filter::parse(name, value)?),
    }
    Ok(())
}

fn location(head: &Head, canonical: &str) -> String {
    let mut location = String::with_capacity(head.mount.len() + head.relation.len() + canonical.len() + 2);
    location.push_str(&head.mount);
    location.push('/');
    location.push_str(&parameter::encode(&head.relation));
    if !canonical.is_empty() {
        location.push('?');
        location.push_str(canonical);
    }
    location
}

#[cfg(test)]
mod tests;
