//! plan: Intent × Schema → Plan, exactly what will be done. It deliberately writes no SQL, and every name in a plan that
//! is not an alias comes from the catalogue.

pub(crate) mod filter;
pub(crate) mod output;
pub(crate) mod window;
pub(crate) mod write;

use crate::config::Config;
use crate::payload::Payload;
use crate::refusal::Refusal;
use crate::request::media::Media;
use crate::request::{Action, Intent};
use filter::Predicate;
use output::{Output, Sort};
use sdk_plugin::schema::Relation;
use window::Window;
use write::{Delete, Insert, Shape, Update};

/// What will be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Plan<'a> {
    Read(Read<'a>),
    Insert(Insert<'a>),
    /// An insert of one row that may be there already.
    Replace(Insert<'a>),
    Update(Update<'a>),
    Delete(Delete<'a>),
    /// Nothing in the database: tell what can be done with the relation.
    Describe,
}

/// Rows to answer with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Read<'a> {
    pub(crate) relation: &'a Relation,
    pub(crate) outputs: Vec<Output<'a>>,
    pub(crate) filters: Vec<Predicate<'a>>,
    pub(crate) order: Vec<Sort<'a>>,
    pub(crate) window: Window,
    /// Whether to count all that the filters leave.
    pub(crate) count: bool,
    /// The form of the body; none when only the headers are wanted.
    pub(crate) body: Option<Media>,
}

impl Plan<'_> {
    /// Whether a write answers with rows of which there may be many. The host refuses a result over its limit, and what is
    /// refused must not have been done.
    pub(crate) fn returns_many(&self) -> bool {
        match self {
            Self::Read(_) | Self::Describe | Self::Replace(_) => false,
            Self::Insert(insert) => insert.returning.has_rows() && insert.source.shape == Shape::Array,
            Self::Update(update) => update.returning.has_rows() && many(&update.filters, update.relation),
            Self::Delete(delete) => delete.returning.has_rows() && many(&delete.filters, delete.relation),
        }
    }
}

fn many(filters: &[Predicate<'_>], relation: &Relation) -> bool {
    !window::at_most_one(filters, relation)
}

/// The schema that a request is about.
pub(crate) fn schema<'a>(intent: &'a Intent, config: &'a Config) -> Result<&'a str, Refusal> {
    match &intent.profile {
        Some(name) if !config.schemas.contains(name) => Err(Refusal::schema(name, &config.schemas)),
        Some(name) => Ok(name),
        None => Ok(&config.schemas[0]),
    }
}

/// Says what to do about `relation`.
pub(crate) fn plan<'a>(
    intent: &'a Intent,
    payload: &'a Payload,
    relation: &'a Relation,
    config: &Config,
) -> Result<Plan<'a>, Refusal> {
    Ok(match intent.action {
        Action::Read | Action::Peek => Plan::Read(read(intent, relation, config)?),
        Action::Insert => Plan::Insert(write::insert(intent, payload, relation)?),
        Action::Replace => Plan::Replace(write::replace(intent, payload, relation)?),
        Action::Update => Plan::Update(write::update(intent, payload, relation, config)?),
        Action::Delete => Plan::Delete(write::delete(intent, relation, config)?),
        Action::Describe => Plan::Describe,
    })
}

fn read<'a>(intent: &'a Intent, relation: &'a Relation, config: &Config) -> Result<Read<'a>, Refusal> {
    let filters = filter::plan(&intent.filters, relation)?;
    Ok(Read {
        relation,
        outputs: output::select(&intent.select, relation)?,
        order: output::order(&intent.order, relation)?,
        window: window::plan(intent, window::at_most_one(&filters, relation), config),
        filters,
        count: intent.preferences.count,
        body: (intent.action == Action::Read).then_some(intent.media),
    })
}

#[cfg(test)]
mod tests;
