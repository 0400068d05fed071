//! What every request is checked against, in memory: what was revoked, the keys of programs, the keys that sign. It holds no
//! session and no user.
//!
//! It reads what was added since it last looked. A row of a transaction that was open then is not missed: looking begins at
//! the oldest one that was.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::{Mutex, RwLock};
use serde::Deserialize;

use super::key::ApiKey;
use super::signing::SigningKey;
use super::text;
use crate::error::{Error, Result};
use crate::store::session::Session;
use crate::store::{Access, Actor, Limits, Store};

const LOOK: &str = "select pg_snapshot_xmin(pg_current_snapshot()), \
  (select json_agg(json_build_object('subject', subject, 'until', ceil(extract(epoch from until))::bigint)) \
   from auth.revocations where added_by >= $1::xid8 and (until > now() or $1::text <> '0')), \
  (select json_agg(json_build_object('id', id, 'kind', kind, 'name', name, 'digest', encode(digest, 'hex'), 'user_id', user_id, \
    'role', role, 'scopes', scopes, 'rate_limit', rate_limit, 'is_revoked', revoked_at is not null, \
    'expires_at', floor(extract(epoch from expires_at))::bigint)) from auth.api_keys where changed_by >= $1::xid8), \
  (select json_agg(json_build_object('kid', kid, 'algorithm', algorithm, 'sealed', encode(sealed, 'hex'), \
    'active_from', floor(extract(epoch from active_from))::bigint, \
    'accepted_until', ceil(extract(epoch from accepted_until))::bigint) order by active_from, kid) \
   from auth.signing_keys where accepted_until is null or accepted_until > now())";

/// While nobody tells: how old what is known may be.
const AGE: Duration = Duration::from_millis(500);

/// What is known.
#[derive(Default)]
pub(crate) struct Known {
    revoked: RwLock<HashMap<String, u64>>,
    keys: RwLock<HashMap<[u8; 32], Arc<ApiKey>>>,
    signing: RwLock<Arc<Vec<SigningKey>>>,
    /// The oldest transaction that was open at the last look.
    horizon: Mutex<String>,
    is_told: AtomicBool,
    asked: tokio::sync::Mutex<Option<Instant>>,
}

#[derive(Deserialize)]
struct Revocation {
    subject: String,
    until: u64,
}

impl Known {
    pub(super) fn is_revoked(&self, subject: &str) -> bool {
        // Most of the time nothing is.
        let revoked = self.revoked.read();
        !revoked.is_empty() && revoked.get(subject).is_some_and(|until| *until > now())
    }

    pub(super) fn signing(&self) -> Arc<Vec<SigningKey>> {
        Arc::clone(&self.signing.read())
    }

    pub(super) fn key(&self, digest: &[u8; 32]) -> Option<Arc<ApiKey>> {
        self.keys.read().get(digest).cloned()
    }

    pub(super) fn is_told(&self) -> bool {
        self.is_told.load(Ordering::Acquire)
    }

    pub(crate) fn trust(&self) {
        self.is_told.store(true, Ordering::Release);
    }

    pub(crate) fn distrust(&self) {
        self.is_told.store(false, Ordering::Release);
    }

    /// Looks over the kernel's own login, for all who wait at once.
    pub(super) async fn ask(&self, store: &Store) -> Result<()> {
        let wanted = Instant::now();
        let mut asked = self.asked.lock().await;
        let is_recent = |at: Instant| at >= wanted || (!self.is_told() && at.elapsed() < AGE);
        if asked.is_some_and(is_recent) {
            return Ok(());
        }
        let began = Instant::now();
        let limits = Limits { deadline: began + Duration::from_secs(2), rows: 1, bytes: 256 << 20 };
        let (actor, horizon) = (Actor::Own(store.keeper()), [text(&self.horizon())]);
        let rows = store.query(actor, Access::ReadWrite, LOOK, &horizon, limits).await?;
        self.learn(rows.row(0).map(|value| value.map(str::to_owned)).collect())?;
        *asked = Some(began);
        Ok(())
    }

    /// Looks over the connection that watches.
    pub(crate) async fn look(&self, session: &mut Session) -> Result<()> {
        let answer = session.ask(LOOK, &[text(&self.horizon())]).await?;
        self.learn(answer.texts().next().unwrap_or_default())
    }

    fn horizon(&self) -> String {
        let horizon = self.horizon.lock();
        if horizon.is_empty() { "0".to_owned() } else { horizon.clone() }
    }

    fn learn(&self, row: Vec<Option<String>>) -> Result<()> {
        let mut row = row.into_iter();
        let mut next = || row.next().flatten();
        let horizon = next().unwrap_or_default();
        let revocations: Vec<Revocation> = read(next())?;
        let (keys, signing): (Vec<ApiKey>, Vec<SigningKey>) = (read(next())?, read(next())?);
        if !revocations.is_empty() {
            let (mut revoked, now) = (self.revoked.write(), now());
            revoked.retain(|_, until| *until > now);
            revoked.extend(revocations.into_iter().map(|it| (it.subject, it.until)));
        }
        for key in keys {
            let Some(digest) = key.digest() else { continue };
            if key.is_revoked {
                self.keys.write().remove(&digest);
            } else {
                self.keys.write().insert(digest, Arc::new(key));
            }
        }
        if *self.signing() != signing {
            *self.signing.write() = Arc::new(signing);
        }
        *self.horizon.lock() = horizon;
        Ok(())
    }
}

fn read<T: serde::de::DeserializeOwned>(list: Option<String>) -> Result<Vec<T>> {
    list.map_or_else(|| Ok(Vec::new()), |text| serde_json::from_str(&text).map_err(Error::internal))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
