//! Inserts, updates and deletes whose columns exist. It deliberately leaves privileges to Postgres: whether the caller may
//! is not for the catalogue to say.

use super::filter::{self, Predicate};
use super::output::{self, Output, Sort};
use crate::config::Config;
use crate::payload::Payload;
use crate::refusal::Refusal;
use crate::request::Intent;
use crate::request::media::Media;
use crate::request::prefer::{Resolution, Returns};
use sdk_plugin::schema::{Column, Relation};

/// Rows to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Insert<'a> {
    pub(crate) relation: &'a Relation,
    pub(crate) source: Source<'a>,
    /// What must hold of a row of the payload for it to be inserted.
    pub(crate) filters: Vec<Predicate<'a>>,
    pub(crate) conflict: Option<Conflict<'a>>,
    pub(crate) returning: Returning<'a>,
}

/// Rows to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Update<'a> {
    pub(crate) relation: &'a Relation,
    pub(crate) source: Source<'a>,
    pub(crate) filters: Vec<Predicate<'a>>,
    pub(crate) returning: Returning<'a>,
}

/// Rows to remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delete<'a> {
    pub(crate) relation: &'a Relation,
    pub(crate) filters: Vec<Predicate<'a>>,
    pub(crate) returning: Returning<'a>,
}

/// What the payload sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source<'a> {
    pub(crate) shape: Shape,
    pub(crate) columns: Vec<&'a Column>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Object,
    Array,
    Empty,
}

/// What to do with rows that are there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Conflict<'a> {
    pub(crate) columns: Vec<&'a str>,
    pub(crate) resolution: Resolution,
}

/// What a write answers with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Returning<'a> {
    /// How many rows.
    Count,
    /// The primary key, when there is one row.
    Key(&'a [String]),
    Rows {
        outputs: Vec<Output<'a>>,
        order: Vec<Sort<'a>>,
        media: Media,
    },
}

impl Returning<'_> {
    /// Whether there are rows in the answer.
    pub(crate) fn has_rows(&self) -> bool {
        matches!(self, Self::Rows { .. })
    }
}

pub(crate) fn insert<'a>(
    intent: &'a Intent,
    payload: &'a Payload,
    relation: &'a Relation,
) -> Result<Insert<'a>, Refusal> {
    if !intent.filters.is_empty() {
        return Err(Refusal::not_implemented("Filters on POST"));
    }
    refuse_window(intent, "POST")?;
    Ok(Insert {
        relation,
        source: source(payload, relation)?,
        filters: Vec::new(),
        conflict: conflict(intent, relation)?,
        returning: returning(intent, relation, true)?,
    })
}

/// Inserts the row that the filters name by its primary key, or replaces it.
pub(crate) fn replace<'a>(
    intent: &'a Intent,
    payload: &'a Payload,
    relation: &'a Relation,
) -> Result<Insert<'a>, Refusal> {
    if intent.window.is_set() {
        return Err(Refusal::replace_window());
    }
    let key = &relation.primary_key;
    if !filter::are_key(&intent.filters, key) {
        return Err(Refusal::replace_by_key());
    }
    let source = source(payload, relation)?;
    if !key.iter().all(|name| source.columns.iter().any(|column| column.name == *name)) {
        return Err(Refusal::replace_mismatch());
    }
    let columns = key.iter().map(String::as_str).collect();
    Ok(Insert {
        relation,
        source,
        filters: filter::plan(&intent.filters, relation)?,
        conflict: Some(Conflict { columns, resolution: Resolution::Merge }),
        returning: returning(intent, relation, false)?,
    })
}

pub(crate) fn update<'a>(
    intent: &'a Intent,
    payload: &'a Payload,
    relation: &'a Relation,
    config: &Config,
) -> Result<Update<'a>, Refusal> {
    refuse_window(intent, "PATCH")?;
    let source = source(payload, relation)?;
    // Without columns nothing is updated, so there is nothing to protect.
    if config.require_filter && intent.filters.is_empty() && !source.columns.is_empty() {
        return Err(Refusal::unfiltered("UPDATE"));
    }
    let filters = filter::plan(&intent.filters, relation)?;
    Ok(Update { relation, source, filters, returning: returning(intent, relation, false)? })
}

pub(crate) fn delete<'a>(intent: &'a Intent, relation: &'a Relation, config: &Config) -> Result<Delete<'a>, Refusal> {
    refuse_window(intent, "DELETE")?;
    if config.require_filter && intent.filters.is_empty() {
        return Err(Refusal::unfiltered("DELETE"));
    }
    let filters = filter::plan(&intent.filters, relation)?;
    Ok(Delete { relation, filters, returning: returning(intent, relation, false)? })
}

/// PostgREST has meant two things by a limit on a write. Until one is chosen, neither is done.
fn refuse_window(intent: &Intent, method: &str) -> Result<(), Refusal> {
    match intent.window.is_set() {
        true => Err(Refusal::not_implemented(format!("limit and offset on {method}"))),
        false => Ok(()),
    }
}

fn source<'a>(payload: &'a Payload, relation: &'a Relation) -> Result<Source<'a>, Refusal> {
    let (shape, names) = match payload {
        Payload::Object(names) => (Shape::Object, names.as_slice()),
        Payload::Array(names) => (Shape::Array, names.as_slice()),
        Payload::Empty => (Shape::Empty, [].as_slice()),
    };
    Ok(Source { shape, columns: columns(names, relation)? })
}

fn columns<'a>(names: &[String], relation: &'a Relation) -> Result<Vec<&'a Column>, Refusal> {
    let find =
        |name: &String| relation.column(name).ok_or_else(|| Refusal::unknown_payload_column(&relation.name, name));
    names.iter().map(find).collect()
}

/// What to do about duplicates: by the key that `on_conflict` names, or the primary key. With neither there are none.
fn conflict<'a>(intent: &'a Intent, relation: &'a Relation) -> Result<Option<Conflict<'a>>, Refusal> {
    let Some(resolution) = intent.preferences.resolution else { return Ok(None) };
    let names = intent.on_conflict.as_ref().unwrap_or(&relation.primary_key);
    let mut columns = Vec::with_capacity(names.len());
    for name in names {
        let column = relation.column(name).ok_or_else(|| unknown_key(name))?;
        columns.push(column.name.as_str());
    }
    Ok((!columns.is_empty()).then_some(Conflict { columns, resolution }))
}

/// In the words of Postgres.
fn unknown_key(name: &str) -> Refusal {
    Refusal::new(400, "42703", format!("column \"{name}\" does not exist"))
}

fn returning<'a>(intent: &'a Intent, relation: &'a Relation, insert: bool) -> Result<Returning<'a>, Refusal> {
    match intent.preferences.returns {
        Some(Returns::Representation) => Ok(Returning::Rows {
            outputs: output::select(&intent.select, relation)?,
            order: output::order(&intent.order, relation)?,
            media: intent.media,
        }),
        Some(Returns::HeadersOnly) if insert && !relation.primary_key.is_empty() => {
            Ok(Returning::Key(&relation.primary_key))
        }
        _ => Ok(Returning::Count),
    }
}
