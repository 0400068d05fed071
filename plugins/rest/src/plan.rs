//! plan: Intent × Catalogue → Plan, exactly what will be done. It deliberately writes no SQL.

pub(crate) mod aggregate;
pub(crate) mod call;
pub(crate) mod embed;
pub(crate) mod field;
pub(crate) mod link;
pub(crate) mod media;
pub(crate) mod node;
pub(crate) mod tree;
pub(crate) mod window;
pub(crate) mod write;

use crate::catalogue::Catalogue;
use crate::config::Config;
use crate::fuzzy;
use crate::payload::Payload;
use crate::refusal::{Failure, Refusal};
use crate::request::media::Media;
use crate::request::prefer::Count;
use crate::request::{Action, Intent, Target};
use call::Call;
use media::Handler;
use node::Node;
use sdk_plugin::schema::Relation;
use std::rc::Rc;
use window::Cap;
use write::Write;

/// What will be done.
#[derive(Debug)]
pub(crate) enum Plan {
    Read(Read),
    Write(Write),
    Call(Call),
    /// Nothing in the database: tell what can be done.
    Allow(String),
    /// Describe the API.
    Root,
}

/// Rows to answer with.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) tree: Node,
    pub(crate) shape: Shape,
    /// The operator's limit, where it made the result shorter.
    pub(crate) cap: Option<Cap>,
}

/// How the answer is made of rows.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) handler: Handler,
    pub(crate) media: Media,
    pub(crate) count: Option<Count>,
    /// Beyond how many rows an estimate will do.
    pub(crate) enough: Option<u64>,
}

/// What a plan is made from besides the request.
pub(crate) struct Context<'a> {
    pub(crate) catalogue: &'a dyn Catalogue,
    pub(crate) config: &'a Config,
    pub(crate) intent: &'a Intent,
}

/// Says what to do.
pub(crate) fn plan(context: &Context<'_>, payload: &Payload) -> Result<Plan, Failure> {
    match &context.intent.target {
        Target::Root if context.intent.action == Action::Describe => Ok(Plan::Allow("OPTIONS,GET,HEAD".to_owned())),
        Target::Root => media::root(context.intent).map(|()| Plan::Root),
        Target::Function(name) => call::plan(context, name, payload),
        Target::Relation(name) => about(context, context.relation(name)?, payload),
    }
}

fn about(context: &Context<'_>, relation: Rc<Relation>, payload: &Payload) -> Result<Plan, Failure> {
    let plan = match context.intent.action {
        Action::Describe => Plan::Allow(allowed(&relation)),
        Action::Read | Action::Peek => Plan::Read(read(context, relation)?),
        _ => Plan::Write(write::plan(context, relation, payload)?),
    };
    context.strict()?;
    Ok(plan)
}

fn read(context: &Context<'_>, relation: Rc<Relation>) -> Result<Read, Failure> {
    let (schema, name) = (relation.schema.clone(), relation.name.clone());
    let mut tree = tree::build(context, tree::Root::Relation(relation))?;
    let cap = window::restrict(&mut tree, context);
    let (handler, media) = media::negotiate(context, (&schema, &name), tree.is_everything())?;
    Ok(Read { tree, shape: context.shape(handler, media), cap })
}

impl Context<'_> {
    /// A relation of the request's schema, or why there is none.
    fn relation(&self, name: &str) -> Result<Rc<Relation>, Failure> {
        let schema = &self.intent.schema;
        match self.catalogue.relation(schema, name)? {
            Some(relation) => Ok(relation),
            None => Err(self.unknown(schema, name)?.into()),
        }
    }

    fn unknown(&self, schema: &str, name: &str) -> Result<Refusal, Failure> {
        let refusal = Refusal::unknown_relation(schema, name);
        // Anything less alike would be guessing, and would tell strangers the names of tables.
        Ok(match fuzzy::nearest(&self.catalogue.relations(schema)?, name, 0.75) {
            Some(nearest) => refusal.hint(format!("Perhaps you meant the table '{schema}.{nearest}'")),
            None => refusal,
        })
    }

    /// A strict client is refused what the server does not know.
    fn strict(&self) -> Result<(), Refusal> {
        let preferences = &self.intent.preferences;
        match preferences.strict() && !preferences.unknown.is_empty() {
            true => Err(Refusal::preferences(&preferences.unknown)),
            false => Ok(()),
        }
    }

    fn shape(&self, handler: Handler, media: Media) -> Shape {
        Shape { handler, media, count: self.intent.preferences.count, enough: self.config.max_limit }
    }
}

fn allowed(relation: &Relation) -> String {
    let mut allow = String::from("OPTIONS,GET,HEAD");
    let replaceable = relation.insertable && relation.updatable && !relation.primary_key.is_empty();
    let methods = [
        (relation.insertable, ",POST"),
        (replaceable, ",PUT"),
        (relation.updatable, ",PATCH"),
        (relation.deletable, ",DELETE"),
    ];
    for (_, method) in methods.into_iter().filter(|(possible, _)| *possible) {
        allow.push_str(method);
    }
    allow
}

#[cfg(test)]
mod tests;
