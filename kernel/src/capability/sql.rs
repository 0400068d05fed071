//! SQL, as the plugin's own login or as the caller. It writes no SQL of its own and checks no privilege: who the
//! connection logged in as decides, and Postgres enforces it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout_at;
use wasmtime::component::{HasSelf, Linker, Resource};

use super::bindings::basalt::sql::sql::{
    Access, Column, Host, HostRows, HostTransaction, Mode, Options, Parameter, add_to_linker,
};
use super::body::Body;
use super::{Call, Scope};
use crate::error::{Error, Result, code};
use crate::store::{self, Actor, Limits, Login, Reach, Store};

/// What a plugin has left, when a statement reached its deadline, to say so: otherwise both would end at the same moment,
/// and the caller would hear of either.
const REPORT: Duration = Duration::from_millis(100);

/// The scope of the capability: `sql = { modes = ["own"], tables = { "public.orders" = ["select"] } }`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Who the plugin may run statements as.
    #[serde(default)]
    pub modes: BTreeSet<GrantedMode>,
    /// What the plugin's own login may do with tables that are not its own. Postgres enforces it.
    #[serde(default)]
    pub tables: Reach,
}

/// A mode as manifests and configuration spell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantedMode {
    /// The plugin's own login.
    Own,
    /// The caller's role and claims; only for trusted plugins.
    Caller,
    /// Past row-level security; only for trusted plugins.
    Service,
}

impl GrantedMode {
    /// Whether only a trusted plugin may have it: Postgres does not stop it from acting as any signed-in user.
    pub fn needs_trust(self) -> bool {
        self != Self::Own
    }
}

/// What holds for every call.
#[derive(Clone)]
pub struct Fixed {
    /// Where statements run.
    pub store: Store,
    /// The granted scope.
    pub grant: Grant,
    /// The plugin's own login, when it was granted one.
    pub login: Option<Login>,
    /// Rows that one result may have.
    pub max_rows: u32,
    /// Bytes that one result may have.
    pub max_bytes: u64,
    /// Places for statements and transactions of the plugin at once, whoever they run as: callers' connections are shared by
    /// all plugins, and none may take them all.
    pub places: Arc<Semaphore>,
}

/// A finished result and how far the guest has read it.
#[derive(Debug)]
pub struct Cursor {
    rows: store::Rows,
    at: usize,
}

/// An open transaction.
pub struct Transaction {
    open: store::Transaction,
    /// Its place among the plugin's statements that run at once.
    _place: OwnedSemaphorePermit,
}

/// Adds the interface to a linker.
pub fn link(linker: &mut Linker<Call>) -> wasmtime::Result<()> {
    add_to_linker::<Call, HasSelf<Call>>(linker, |call| call)
}

impl Fixed {
    fn actor<'a>(&'a self, mode: Mode, scope: &'a Scope) -> Result<Actor<'a>> {
        let is_granted = |mode| self.grant.modes.contains(&mode);
        match (mode, &self.login) {
            (Mode::Own, Some(login)) if is_granted(GrantedMode::Own) => Ok(Actor::Own(login)),
            (Mode::Caller, _) if is_granted(GrantedMode::Caller) => Ok(Actor::Caller(&scope.identity)),
            (Mode::Service, _) if is_granted(GrantedMode::Service) => Ok(Actor::Service(&scope.identity)),
            _ => Err(Error::new(&code::SQL_NOT_GRANTED, format!("the plugin was not granted SQL as {mode:?}"))),
        }
    }

    /// How far a statement may go that has time until `latest` by its budget.
    fn limits(&self, scope: &Scope, latest: Instant) -> Limits {
        let deadline = scope.deadline.into_std();
        let left = deadline.saturating_duration_since(Instant::now());
        let deadline = latest.min(deadline - REPORT.min(left / 4));
        Limits { deadline, rows: self.max_rows, bytes: self.max_bytes }
    }

    async fn place(&self, until: Instant) -> Result<OwnedSemaphorePermit> {
        let place = timeout_at(until.into(), Arc::clone(&self.places).acquire_owned()).await;
        place.ok().and_then(|place| place.ok()).ok_or_else(|| {
            Error::new(&code::SQL_BUSY, "the plugin's own statements took all the connections that it may use")
                .hint("try again later; an operator can raise the plugin's limit `sql_connections`")
        })
    }
}

impl From<Access> for store::Access {
    fn from(access: Access) -> Self {
        match access {
            Access::ReadOnly => Self::ReadOnly,
            Access::ReadWrite => Self::ReadWrite,
        }
    }
}

impl From<Options> for store::Options {
    fn from(options: Options) -> Self {
        Self { settings: options.settings, before: options.before }
    }
}

impl Call {
    fn content(&self, body: &Resource<Body>) -> Result<Bytes> {
        Ok(self.table.get(body).map_err(Error::internal)?.to_bytes())
    }

    async fn parameters(&mut self, parameters: Vec<Parameter>) -> Result<Vec<store::Parameter>> {
        for parameter in &parameters {
            if let Parameter::Body(body) | Parameter::Raw(body) = parameter {
                self.materialise(body).await?;
            }
        }
        let convert = |parameter| match parameter {
            Parameter::Null => Ok(store::Parameter::Null),
            Parameter::Text(text) => Ok(store::Parameter::Text(text)),
            Parameter::Body(body) => Ok(store::Parameter::Bytes(self.content(&body)?)),
            Parameter::Raw(body) => Ok(store::Parameter::Raw(self.content(&body)?)),
        };
        let converted: Vec<_> = parameters.into_iter().map(convert).collect::<Result<_>>()?;
        // One handle can be lent many times in one call.
        let size: u64 = converted.iter().map(store::Parameter::size).sum();
        if size > self.fixed.host_memory {
            return Err(Error::new(&code::SQL_TOO_LARGE, format!("the parameters have {size} bytes")));
        }
        Ok(converted)
    }

    /// Counts a statement. When it began, and until when it may run by the plugin's budget.
    fn statement(&mut self) -> Result<(Instant, Instant)> {
        let now = Instant::now();
        Ok((now, self.usage.statement(&self.fixed.budget, now)?))
    }

    fn push(&mut self, rows: store::Rows) -> Result<Resource<Cursor>> {
        let too_much = |fault| Error::new(&code::SQL_TOO_LARGE, "the plugin holds too many results").source(fault);
        self.usage.sql_rows += rows.len() as u64;
        if let Err(fault) = self.held.take(rows.size()) {
            let fault = anyhow::anyhow!(fault);
            return Err(if self.held.is_exhausted() { super::exhausted().source(fault) } else { too_much(fault) });
        }
        self.table.push(Cursor { rows, at: 0 }).map_err(Error::internal)
    }

    fn cursor(&mut self, rows: &Resource<Cursor>) -> wasmtime::Result<&mut Cursor> {
        Ok(self.table.get_mut(rows)?)
    }

    fn value_as(
        &mut self,
        rows: &Resource<Cursor>,
        row: u32,
        column: u32,
        take: impl Fn(&store::Rows, usize, usize) -> Option<Bytes>,
    ) -> wasmtime::Result<Option<Resource<Body>>> {
        let cursor = self.cursor(rows)?;
        let (row, column) = cursor.check(row, column)?;
        match take(&cursor.rows, row, column) {
            Some(bytes) => self.hold(Body::from(bytes)).map(Some),
            None => Ok(None),
        }
    }
}

impl Cursor {
    fn check(&self, row: u32, column: u32) -> wasmtime::Result<(usize, usize)> {
        let (row, column) = (row as usize, column as usize);
        wasmtime::ensure!(row < self.rows.len() && column < self.rows.columns().len(), "no such row or column");
        Ok((row, column))
    }

    fn next(&mut self, max: u32) -> Vec<Vec<Option<String>>> {
        let end = self.rows.len().min(self.at.saturating_add(max as usize));
        let range = std::mem::replace(&mut self.at, end)..end;
        range.map(|row| self.rows.row(row).map(|value| value.map(str::to_owned)).collect()).collect()
    }
}

impl Host for Call {
    async fn query(
        &mut self,
        mode: Mode,
        access: Access,
        text: String,
        parameters: Vec<Parameter>,
    ) -> Result<Resource<Cursor>> {
        let none = Options { settings: Vec::new(), before: Vec::new() };
        self.query_with(mode, access, none, text, parameters).await
    }

    async fn query_with(
        &mut self,
        mode: Mode,
        access: Access,
        options: Options,
        text: String,
        parameters: Vec<Parameter>,
    ) -> Result<Resource<Cursor>> {
        let parameters = self.parameters(parameters).await?;
        let fixed = Arc::clone(&self.fixed);
        let (started, latest) = self.statement()?;
        let scope = self.scope()?;
        scope.journey.note(access != Access::ReadOnly);
        let (actor, limits) = (fixed.sql.actor(mode, scope)?, fixed.sql.limits(scope, latest));
        let ran = async {
            let _place = fixed.sql.place(limits.deadline).await?;
            fixed.sql.store.query_with(actor, access.into(), options.into(), &text, &parameters, limits).await
        };
        let ran = ran.await;
        let rows = self.usage.took(&fixed.budget, started.elapsed(), ran)?;
        self.push(rows)
    }

    async fn begin(&mut self, mode: Mode, access: Access) -> Result<Resource<Transaction>> {
        self.begin_with(mode, access, Options { settings: Vec::new(), before: Vec::new() }).await
    }

    async fn begin_with(&mut self, mode: Mode, access: Access, options: Options) -> Result<Resource<Transaction>> {
        let fixed = Arc::clone(&self.fixed);
        let (started, latest) = self.statement()?;
        let scope = self.scope()?;
        scope.journey.note(access != Access::ReadOnly);
        let (actor, limits) = (fixed.sql.actor(mode, scope)?, fixed.sql.limits(scope, latest));
        let ran = async {
            let place = fixed.sql.place(limits.deadline).await?;
            let open = fixed.sql.store.begin_with(actor, access.into(), options.into(), limits).await?;
            Ok(Transaction { open, _place: place })
        };
        let ran = ran.await;
        let transaction = self.usage.took(&fixed.budget, started.elapsed(), ran)?;
        self.table.push(transaction).map_err(Error::internal)
    }
}

impl HostRows for Call {
    fn columns(&mut self, rows: Resource<Cursor>) -> wasmtime::Result<Vec<Column>> {
        let rows = &self.cursor(&rows)?.rows;
        let convert = |column: &store::Column| Column {
            name: column.name.clone(),
            type_name: rows.type_name(column).into_owned(),
        };
        Ok(rows.columns().iter().map(convert).collect())
    }

    fn length(&mut self, rows: Resource<Cursor>) -> wasmtime::Result<u32> {
        Ok(u32::try_from(self.cursor(&rows)?.rows.len()).unwrap_or(u32::MAX))
    }

    fn affected(&mut self, rows: Resource<Cursor>) -> wasmtime::Result<u64> {
        Ok(self.cursor(&rows)?.rows.affected())
    }

    fn next(&mut self, rows: Resource<Cursor>, max: u32) -> wasmtime::Result<Vec<Vec<Option<String>>>> {
        Ok(self.cursor(&rows)?.next(max))
    }

    fn value(&mut self, rows: Resource<Cursor>, row: u32, column: u32) -> wasmtime::Result<Option<String>> {
        let cursor = self.cursor(&rows)?;
        let (row, column) = cursor.check(row, column)?;
        Ok(cursor.rows.value(row, column).map(str::to_owned))
    }

    fn values(&mut self, rows: Resource<Cursor>, row: u32, columns: Vec<u32>) -> wasmtime::Result<Vec<Option<String>>> {
        let cursor = self.cursor(&rows)?;
        let value = |column| {
            let (row, column) = cursor.check(row, column)?;
            Ok(cursor.rows.value(row, column).map(str::to_owned))
        };
        columns.into_iter().map(value).collect()
    }

    fn value_body(
        &mut self,
        rows: Resource<Cursor>,
        row: u32,
        column: u32,
    ) -> wasmtime::Result<Option<Resource<Body>>> {
        self.value_as(&rows, row, column, store::Rows::value_bytes)
    }

    fn value_content(
        &mut self,
        rows: Resource<Cursor>,
        row: u32,
        column: u32,
    ) -> wasmtime::Result<Option<Resource<Body>>> {
        self.value_as(&rows, row, column, store::Rows::value_content)
    }

    fn drop(&mut self, rows: Resource<Cursor>) -> wasmtime::Result<()> {
        let cursor = self.table.delete(rows)?;
        self.held.give_back(cursor.rows.size());
        Ok(())
    }
}

impl HostTransaction for Call {
    async fn query(
        &mut self,
        transaction: Resource<Transaction>,
        text: String,
        parameters: Vec<Parameter>,
    ) -> Result<Resource<Cursor>> {
        let parameters = self.parameters(parameters).await?;
        let (started, _) = self.statement()?;
        let open = &mut self.table.get_mut(&transaction).map_err(Error::internal)?.open;
        let ran = open.query(&text, &parameters).await;
        let rows = self.usage.took(&self.fixed.budget, started.elapsed(), ran)?;
        self.push(rows)
    }

    async fn commit(&mut self, transaction: Resource<Transaction>) -> Result<()> {
        self.table.delete(transaction).map_err(Error::internal)?.open.commit().await
    }

    async fn rollback(&mut self, transaction: Resource<Transaction>) -> Result<()> {
        self.table.delete(transaction).map_err(Error::internal)?.open.rollback().await
    }

    fn drop(&mut self, transaction: Resource<Transaction>) -> wasmtime::Result<()> {
        self.table.delete(transaction)?;
        Ok(())
    }
}
