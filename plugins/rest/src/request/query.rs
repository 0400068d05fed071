//! The parameters, each where it belongs: `select`, filters, orders and windows, of the outermost rows and of embedded ones. It
//! deliberately does not look whether what is embedded was selected.

use super::order::{self, Term};
use super::select::{self, Item};
use super::window::Window;
use crate::refusal::Refusal;
use sdk_filter::cursor::Cursor;
use sdk_filter::filter::{self, Condition, Extent, Test};
use sdk_filter::{field, logic};
use std::borrow::Cow;

/// The names of the embedded relations that lead to something; none for the outermost rows.
pub(crate) type Way = Vec<String>;

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Query {
    /// Never empty: nothing selected is everything.
    pub(crate) select: Vec<Item>,
    pub(crate) filters: Vec<(Way, Condition)>,
    pub(crate) order: Vec<(Way, Vec<Term>)>,
    /// Of the outermost rows, as the parameters say.
    pub(crate) window: Window,
    pub(crate) windows: Vec<(Way, Window)>,
    /// The members of the payload to use; all of them when absent.
    pub(crate) columns: Option<Vec<String>>,
    pub(crate) on_conflict: Option<Vec<String>>,
    /// What a function is called with.
    pub(crate) arguments: Vec<(String, String)>,
}

type Parameters<'a> = [(Cow<'a, str>, Option<Cow<'a, str>>)];

/// Reads all parameters; `calls` says that what is no filter is an argument.
pub(crate) fn parse(parameters: &Parameters<'_>, calls: bool) -> Result<Query, Refusal> {
    let mut query = Query::default();
    let mut selected = None;
    for (name, value) in parameters {
        // PostgREST reads `?name` as absent, and clients leave such parameters behind.
        let Some(value) = value else { continue };
        match name.as_ref() {
            "select" => drop(selected.get_or_insert(value)),
            "columns" if query.columns.is_none() => {
                query.columns = Some(field::names("columns parameter", value)?);
            }
            "on_conflict" if query.on_conflict.is_none() => {
                query.on_conflict = Some(field::names("on_conflict parameter", value)?);
            }
            "columns" | "on_conflict" => {}
            name => query.read(name, value, calls)?,
        }
    }
    query.select = select::parse(selected.map_or("*", |text| text.as_ref()))?;
    Ok(query)
}

impl Query {
    fn read(&mut self, name: &str, value: &str, calls: bool) -> Result<(), Refusal> {
        match name.rsplit('.').next() {
            Some("order") => self.order.push((way(name)?, order::parse(value)?)),
            Some("limit") => self.window(name)?.limit(value)?,
            Some("offset") => self.window(name)?.offset(value),
            Some("and" | "or") => self.filters.push(logic::parse(name, value)?),
            _ => self.filter(name, value, calls)?,
        }
        Ok(())
    }

    fn window(&mut self, name: &str) -> Result<&mut Window, Refusal> {
        let way = way(name)?;
        if way.is_empty() {
            return Ok(&mut self.window);
        }
        let place = self.windows.iter().position(|(other, _)| *other == way).unwrap_or(self.windows.len());
        if place == self.windows.len() {
            self.windows.push((way, Window::default()));
        }
        Ok(&mut self.windows[place].1)
    }

    fn filter(&mut self, name: &str, value: &str, calls: bool) -> Result<(), Refusal> {
        if !calls {
            self.filters.push(filter::parse(name, value)?);
            return Ok(());
        }
        let (way, field) = field::way(&mut Cursor::new("tree path", name))?;
        let mut cursor = Cursor::new("filter", value);
        match filter::attempt(&mut cursor, Extent::Whole)? {
            Some((negated, operation)) => {
                cursor.end("end of input")?;
                self.filters.push((way, Condition::Test(Test { field, negated, operation })));
            }
            None => self.arguments.push((field.name, value.to_owned())),
        }
        Ok(())
    }

    /// The conditions on the outermost rows.
    pub(crate) fn outermost(&self) -> impl Iterator<Item = &Condition> {
        self.filters.iter().filter(|(way, _)| way.is_empty()).map(|(_, condition)| condition)
    }
}

/// `clients.projects.order`: without its last word.
fn way(name: &str) -> Result<Way, Refusal> {
    Ok(field::way(&mut Cursor::new("tree path", name))?.0)
}
