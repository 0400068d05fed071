//! Passwords: what one has to be, hashing and checking, on few threads of their own. It keeps none and reads no database.
//!
//! Argon2id with OWASP's parameters takes 19 MiB and some 20 ms of a core: without a bound on how many are hashed at once, a
//! flood of logins would be everybody's. The threads stand back behind those of requests, and who comes when the queue is
//! full is told to come again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use rand::Rng as _;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroizing;

use super::Config;
use crate::error::{Error, Result, code};

/// The most bytes: hashing itself has no limit, a request of megabytes would be one.
const MOST: usize = 1024;

/// Of imported hashes: what takes more was made to keep the server busy.
const MAX_MEMORY_KIB: u32 = 256 << 10;
const MAX_ROUNDS: u32 = 16;
const MAX_BCRYPT_COST: u32 = 14;

/// What a password has to have.
#[derive(Debug, Clone)]
pub struct Policy {
    min_length: usize,
    upper: bool,
    digit: bool,
    symbol: bool,
}

impl Policy {
    /// As configured.
    pub fn new(config: &Config) -> Self {
        Self {
            min_length: config.password_min_length as usize,
            upper: config.password_require_upper,
            digit: config.password_require_digit,
            symbol: config.password_require_symbol,
        }
    }

    /// What flows tell people.
    pub fn describe(&self) -> serde_json::Value {
        json!({
            "min_length": self.min_length, "require_upper": self.upper, "require_digit": self.digit,
            "require_symbol": self.symbol,
        })
    }

    /// Whether a password will do.
    ///
    /// # Errors
    /// `identity.weak-password`, with the reasons.
    pub fn check(&self, password: &str) -> Result<()> {
        if password.len() > MOST {
            return Err(Error::new(&code::IDENTITY_INVALID, format!("a password has at most {MOST} bytes")));
        }
        let lacks = |wanted: bool, is: fn(char) -> bool| wanted && !password.chars().any(is);
        let is_short = password.chars().count() < self.min_length;
        let lacks_one = lacks(self.upper, char::is_uppercase)
            || lacks(self.digit, char::is_numeric)
            || lacks(self.symbol, |c| !c.is_alphanumeric() && !c.is_whitespace());
        let reasons = [is_short.then_some("length"), lacks_one.then_some("characters")];
        let reasons: Vec<_> = reasons.into_iter().flatten().collect();
        if reasons.is_empty() {
            return Ok(());
        }
        let wanted = [(self.upper, "a capital letter"), (self.digit, "a digit"), (self.symbol, "a symbol")];
        let wanted: Vec<_> = wanted.iter().filter(|(is, _)| *is).map(|(_, what)| *what).collect();
        let with = if wanted.is_empty() { String::new() } else { format!(", with {}", wanted.join(" and ")) };
        let message = format!("a password has at least {} characters{with}", self.min_length);
        Err(Error::new(&code::IDENTITY_WEAK_PASSWORD, message).details(json!({ "reasons": reasons })))
    }
}

/// Hashes and checks.
pub struct Hasher {
    /// Until it is dropped.
    threads: Option<tokio::runtime::Runtime>,
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    queue: usize,
    /// The hash of a password that nobody knows: to be checked where there is none.
    nobody: String,
}

/// A place among those whose password is looked at. Whatever depends on the outcome is best read while holding it: then no more
/// guesses are under way than there are places.
pub struct Turn<'a> {
    hasher: &'a Hasher,
    _place: OwnedSemaphorePermit,
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it was the password.
    pub is_right: bool,
    /// A hash to keep in place of the one that was checked, which is of an older kind.
    pub renewed: Option<String>,
}

impl Hasher {
    /// Hashes so many at once, and lets so many wait.
    ///
    /// # Errors
    /// When there are no threads to be had.
    pub fn new(workers: u32, queue: u32) -> Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let workers = if workers == 0 { cores.div_ceil(2) } else { workers as usize };
        let threads = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(workers)
            .thread_name("password")
            .on_thread_start(stand_back)
            .build()
            .map_err(Error::internal)?;
        let mut random = [0; 32];
        rand::rng().fill_bytes(&mut random);
        let nobody = hash(&random)?;
        let (places, waiting) = (Arc::new(Semaphore::new(workers)), AtomicUsize::new(0));
        Ok(Self { threads: Some(threads), places, waiting, queue: queue as usize, nobody })
    }

    /// Waits for a place.
    ///
    /// # Errors
    /// `identity.busy` when too many wait already.
    pub async fn turn(&self) -> Result<Turn<'_>> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(Turn { hasher: self, _place: place });
        }
        let waits = Waits::begin(&self.waiting, self.queue).ok_or_else(|| {
            Error::new(&code::IDENTITY_BUSY, "more passwords are being checked than the server takes on at once")
                .details(json!({ "retry_after": 1 }))
        })?;
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(Error::internal)?;
        drop(waits);
        Ok(Turn { hasher: self, _place: place })
    }
}

/// A runtime waits for its threads when it is dropped, which must not be done where others run.
impl Drop for Hasher {
    fn drop(&mut self) {
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }
}

/// Somebody who waits, until dropped.
struct Waits<'a>(&'a AtomicUsize);

impl<'a> Waits<'a> {
    fn begin(waiting: &'a AtomicUsize, most: usize) -> Option<Self> {
        let before = waiting.fetch_add(1, Ordering::Relaxed);
        let waits = Self(waiting);
        (before < most).then_some(waits)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Turn<'_> {
    /// The hash to keep of a password.
    ///
    /// # Errors
    /// Never for a password that the policy accepts.
    pub async fn hash(&self, password: Zeroizing<String>) -> Result<String> {
        self.run(move || hash(password.as_bytes())).await?
    }

    /// Whether it is the password of this hash; without one, as much work for nothing.
    ///
    /// # Errors
    /// When the threads are gone.
    pub async fn verify(&self, password: Zeroizing<String>, kept: Option<String>) -> Result<Verdict> {
        let nobody = self.hasher.nobody.clone();
        self.run(move || {
            let Some(kept) = kept.filter(|_| password.len() <= MOST) else {
                matches(password.as_bytes(), &nobody);
                return Verdict { is_right: false, renewed: None };
            };
            let is_right = matches(password.as_bytes(), &kept);
            let renewed = (is_right && is_old(&kept)).then(|| hash(password.as_bytes()).ok()).flatten();
            Verdict { is_right, renewed }
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let gone = || Error::internal(anyhow::anyhow!("nobody hashes any more"));
        self.hasher.threads.as_ref().ok_or_else(gone)?.spawn_blocking(work).await.map_err(Error::internal)
    }
}

/// Whether a hash that came from elsewhere is one that is checked here.
///
/// # Errors
/// `identity.invalid` when not, or when checking it would take too much.
pub fn check_imported(kept: &str) -> Result<()> {
    let refused = || {
        Error::new(&code::IDENTITY_INVALID, "`password_hash` is no hash of bcrypt or argon2 that is checked here")
            .hint("bcrypt up to a cost of 14; argon2 in PHC form, up to 256 MiB and 16 rounds")
    };
    if is_bcrypt(kept) {
        let parts: bcrypt::HashParts = kept.parse().map_err(|_| refused())?;
        return (parts.get_cost() <= MAX_BCRYPT_COST).then_some(()).ok_or_else(refused);
    }
    let parsed = PasswordHash::new(kept).map_err(|_| refused())?;
    let params = argon2::Params::try_from(&parsed).map_err(|_| refused())?;
    let fits = parsed.algorithm.as_str().starts_with("argon2")
        && parsed.hash.is_some()
        && params.m_cost() <= MAX_MEMORY_KIB
        && params.t_cost() <= MAX_ROUNDS;
    fits.then_some(()).ok_or_else(refused)
}

fn is_bcrypt(kept: &str) -> bool {
    ["$2a$", "$2b$", "$2x$", "$2y$"].iter().any(|prefix| kept.starts_with(prefix))
}

fn hash(password: &[u8]) -> Result<String> {
    let mut salt = [0; 16];
    rand::rng().fill_bytes(&mut salt);
    let made: PasswordHash = Argon2::default()
        .hash_password_with_salt(password, &salt)
        .map_err(|fault| Error::internal(anyhow::anyhow!("{fault}")))?;
    Ok(made.to_string())
}

fn matches(password: &[u8], kept: &str) -> bool {
    if is_bcrypt(kept) {
        return bcrypt::verify(password, kept).unwrap_or(false);
    }
    PasswordHash::new(kept).is_ok_and(|kept| Argon2::default().verify_password(password, &kept).is_ok())
}

/// Whether it was made otherwise than one is made now.
fn is_old(kept: &str) -> bool {
    let now = Argon2::default();
    let same = |parsed: &PasswordHash| {
        parsed.algorithm.as_str() == "argon2id"
            && argon2::Params::try_from(parsed).is_ok_and(|params| {
                (params.m_cost(), params.t_cost(), params.p_cost())
                    == (now.params().m_cost(), now.params().t_cost(), now.params().p_cost())
            })
    };
    !PasswordHash::new(kept).is_ok_and(|parsed| same(&parsed))
}

/// On Linux priority is a thread's; elsewhere it is the process's, and all would stand back.
fn stand_back() {
    #[cfg(target_os = "linux")]
    if let Err(fault) = rustix::process::setpriority_process(None, 10) {
        tracing::warn!(%fault, "passwords are checked with the priority of requests");
    }
}

#[cfg(test)]
mod tests;
