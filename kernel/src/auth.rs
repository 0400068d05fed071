//! Proves who is calling, and keeps what proves it: passwords, signing keys, second factors.
//!
//! What a flow looks like is not its business: a plugin asks for one act after another.

pub mod audit;
pub mod factor;
mod issuer;
pub mod key;
pub mod operator;
pub mod password;
mod ring;
pub mod seal;
pub mod session;
pub mod ticket;
mod token;
pub mod totp;
pub mod user;
mod vault;

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use serde_json::{Map, Value};

use crate::config::{Duration, Secret, section};
use crate::error::{Error, Result, code};
use crate::identity::{Identity, Origin};
use crate::store::{InstanceKey, Store};
use issuer::{Issuer, Trusted};
use password::{Hasher, Policy};
use ring::{Key, Ring};

pub use ring::generate;
pub(crate) use ring::seal_name;
pub(crate) use vault::FILE as VAULT_FILE;
pub use vault::Vault;

section! {
    /// Who is calling.
    pub struct Config {
        /// The secret that tokens are signed with (HS256) until `basalt key rotate` made a key for it, and that others may sign
        /// tokens with: at least 32 bytes. Unset: one is made at the first start and kept in the data directory.
        jwt_secret: Option<Secret> = none,
        /// The key of 32 bytes that seals the secrets of second factors and signing keys: 64 hexadecimal digits, or base64.
        /// Unset: one is made at the first start and kept in the data directory.
        encryption_key: Option<Secret> = none,
        /// Keys that sealed before, while `basalt key reseal` has not run.
        old_encryption_keys: Vec<Secret> = (Vec::<String>::new()),
        /// Whether all of these have to be set: a kernel of many nodes, or one whose disk is not kept, must not make its own.
        production: bool = false,
        /// The Postgres role of callers without a token, and of tokens without a `role` claim.
        anonymous_role: String = "anon",
        /// What tokens made here say of who made them.
        issuer: String = "basalt",
        /// Whom tokens have to be for, where they say it. Unset: whoever they are for.
        audience: Option<String> = none,
        /// Issuers elsewhere whose tokens are believed: `[[auth.issuers]]` with `issuer`, `audience`, `jwks` (where its keys are),
        /// and `role` or `role_claim`.
        issuers: Vec<Trusted> = (Vec::<toml::Table>::new()),
        /// How long an access token is good.
        access_token_lifetime: Duration = "15m",
        /// How long a session lives without being refreshed.
        refresh_token_lifetime: Duration = "7d",
        /// How long a session lives at most.
        session_lifetime: Option<Duration> = none,
        /// Whether strangers may sign up.
        sign_up: bool = true,
        /// Whether they may without saying who they are.
        anonymous_users: bool = false,
        /// Whether addresses have to be confirmed before a session starts. That takes a plugin that sends mail.
        confirm_email: bool = false,
        /// The fewest characters of a password.
        password_min_length: u32 = 12,
        /// Whether a password needs a capital letter.
        password_require_upper: bool = false,
        /// Whether a password needs a digit.
        password_require_digit: bool = false,
        /// Whether a password needs a symbol.
        password_require_symbol: bool = false,
        /// Passwords that are checked at once, each on a core of its own; 0 is half of the cores.
        password_workers: u32 = 0,
        /// Logins that wait for that; more are told to come again.
        password_queue: u32 = 64,
        /// Whether whoever signed in more than a day ago has to show a token of `reauthentication` to set a password.
        reauthenticate: bool = false,
        /// Failures in `attempt_window` that lock an account, known or not, for `lockout`.
        max_failures: u32 = 5,
        /// See `max_failures`.
        attempt_window: Duration = "15m",
        /// See `max_failures`. The same for codes of second factors, of which `max_failures` are good in five minutes.
        lockout: Duration = "15m",
        /// Second factors that a user may have.
        max_factors: u32 = 10,
    }
}

/// HMAC-SHA256 is as strong as its key up to 256 bits.
pub(crate) const MIN_SECRET: usize = 32;

/// How far the clocks of two machines may be apart, in seconds.
pub(crate) const SKEW: u64 = 30;

/// The file in the data directory that keeps a secret made at the first start.
pub(crate) const SECRET_FILE: &str = "jwt.secret";

/// What is secret, and not in the database. It can mint what any kernel of the instance accepts.
pub struct Secrets {
    shared: Arc<Key>,
    vault: Vault,
}

/// Knows who is calling, and acts on users and sessions.
pub struct Auth {
    config: Config,
    store: Store,
    vault: Vault,
    shared: Arc<Key>,
    ring: ArcSwap<Ring>,
    policy: Policy,
    hasher: Hasher,
    issuers: Vec<Issuer>,
    uses: key::Uses,
    anonymous: Identity,
    /// What refresh tokens are made with.
    refresh: [u8; 32],
}

/// Whether the section can be worked with.
///
/// # Errors
/// `config.invalid` with what is wrong.
pub fn check(config: &Config) -> Result<()> {
    let invalid = |message: &str| Err(Error::new(&code::CONFIG_INVALID, message));
    if let Some(secret) = &config.jwt_secret {
        long_enough(secret)?;
    }
    for key in config.encryption_key.iter().chain(&config.old_encryption_keys) {
        vault::parse(key)?;
    }
    config.issuers.iter().try_for_each(issuer::check)?;
    if config.production && (config.jwt_secret.is_none() || config.encryption_key.is_none()) {
        let missing = if config.jwt_secret.is_none() { "auth.jwt_secret" } else { "auth.encryption_key" };
        let message = format!("auth.production is set and {missing} is not: it would be made here, and nowhere else");
        return Err(Error::new(&code::CONFIG_INVALID, message).hint("`openssl rand -base64 32` makes one"));
    }
    if config.access_token_lifetime.0.as_secs() < 60 || config.refresh_token_lifetime < config.access_token_lifetime {
        return invalid("auth.access_token_lifetime is at least a minute, and refresh_token_lifetime no shorter");
    }
    if config.max_failures == 0 || config.password_min_length == 0 {
        return invalid("auth.max_failures and auth.password_min_length are at least 1");
    }
    Ok(())
}

fn long_enough(secret: &Secret) -> Result<()> {
    let length = secret.expose().len();
    if length >= MIN_SECRET {
        return Ok(());
    }
    let message = format!("auth.jwt_secret has {length} bytes and needs at least {MIN_SECRET}");
    Err(Error::new(&code::CONFIG_INVALID, message).hint("`openssl rand -base64 32` makes one"))
}

/// The text of a secret's file, made now if there is none; then it says so.
fn made(data_dir: &Path, file: &str, setting: &str) -> Result<String> {
    let path = data_dir.join(file);
    let is_new = !path.exists();
    let text = crate::store::secret_file(&path)?;
    if is_new {
        tracing::info!(path = %path.display(), setting, "made a secret; other nodes need the same: set it, or copy the file");
    }
    Ok(text)
}

impl Secrets {
    /// Takes the configured secrets, or the data directory's, making them at the first start.
    ///
    /// # Errors
    /// `config.invalid`.
    pub fn open(config: &Config, data_dir: &Path) -> Result<Self> {
        check(config)?;
        let secret = match &config.jwt_secret {
            Some(secret) => secret.clone(),
            None => Secret::new(made(data_dir, SECRET_FILE, "auth.jwt_secret")?.trim()),
        };
        long_enough(&secret)?;
        let shared = Arc::new(Key::shared(secret.expose().as_bytes()));
        Ok(Self { shared, vault: Vault::open(config, data_dir)? })
    }

    /// A token for these claims, signed with the shared secret.
    ///
    /// # Errors
    /// When the claims cannot be encoded.
    pub fn mint(&self, claims: &Map<String, Value>) -> Result<String> {
        self.shared.sign(claims)
    }

    /// What seals.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }
}

impl Auth {
    /// Joins the secrets with the database.
    ///
    /// # Errors
    /// When there are no threads to be had.
    pub fn new(config: &Config, secrets: Secrets, store: &Store) -> Result<Self> {
        let Secrets { shared, vault } = secrets;
        let ring = ArcSwap::from_pointee(Ring::new(Arc::clone(&shared), store.signing_keys(), &vault));
        Ok(Self {
            ring,
            shared,
            vault,
            policy: Policy::new(config),
            hasher: Hasher::new(config.password_workers, config.password_queue)?,
            issuers: config.issuers.iter().map(Issuer::new).collect(),
            uses: key::Uses::default(),
            anonymous: Identity::anonymous(&config.anonymous_role),
            refresh: refresh_key(store.key()),
            store: store.clone(),
            config: config.clone(),
        })
    }

    /// Who is calling: nobody in particular without a token or key.
    ///
    /// # Errors
    /// `auth.invalid-token`, `auth.expired-token`, `auth.revoked`: a bad token is never taken for no token.
    pub async fn identify(&self, bearer: Option<&str>, origin: Origin) -> Result<Identity> {
        let Some(bearer) = bearer else { return Ok(self.anonymous.clone().of(origin)) };
        // Costs nothing while somebody tells what is revoked.
        self.store.refresh_identities().await?;
        let identity =
            if bearer.starts_with(key::PREFIX) { self.by_key(bearer)? } else { self.by_token(bearer).await? };
        Ok(identity.of(origin))
    }

    async fn by_token(&self, bearer: &str) -> Result<Identity> {
        let verified = match self.issuer(bearer) {
            Some(issuer) => token::verify_foreign(bearer, issuer).await?,
            None => token::verify(bearer, &self.ring(), self.config.audience.as_deref(), now())?,
        };
        let names = [verified.session.as_deref(), verified.id.as_deref(), verified.subject.as_deref()];
        if names.into_iter().flatten().any(|name| self.store.is_revoked(name)) {
            return Err(Error::new(
                &code::AUTH_REVOKED,
                "the token was revoked: its session ended, or its user may not sign in",
            ));
        }
        Ok(Identity {
            role: verified.role.unwrap_or_else(|| self.anonymous.role.clone()),
            subject: verified.subject,
            claims: verified.claims,
            authenticated: true,
            session: verified.session,
            key: None,
            origin: Origin::default(),
        })
    }

    /// The issuer elsewhere that a token says it is of. What it says is believed when that issuer's key has checked it.
    fn issuer(&self, bearer: &str) -> Option<&Issuer> {
        if self.issuers.is_empty() {
            return None;
        }
        let said = token::issuer(bearer)?;
        self.issuers.iter().find(|issuer| issuer.trusted.issuer == said)
    }

    /// The keys as they are now on all nodes.
    fn ring(&self) -> Arc<Ring> {
        let (known, kept) = (self.ring.load_full(), self.store.signing_keys());
        if Arc::ptr_eq(&known.source, &kept) {
            return known;
        }
        let ring = Arc::new(Ring::new(Arc::clone(&self.shared), kept, &self.vault));
        self.ring.store(Arc::clone(&ring));
        ring
    }

    /// The public keys, as a JWK Set.
    pub fn jwks(&self) -> Value {
        self.ring().public(now())
    }

    /// A token for these claims, signed with the key that signs now.
    fn sign(&self, claims: &Value) -> Result<String> {
        self.ring().signer(now()).sign(claims)
    }

    /// What flows tell people of the operator's decisions.
    pub fn describe(&self) -> Value {
        let Config { sign_up, anonymous_users, confirm_email, .. } = &self.config;
        serde_json::json!({
            "sign_up": sign_up,
            "anonymous_users": anonymous_users,
            "confirm_email": confirm_email,
            "access_token_lifetime": self.config.access_token_lifetime.0.as_secs(),
            "refresh_token_lifetime": self.config.refresh_token_lifetime.0.as_secs(),
            "password": self.policy.describe(),
        })
    }
}

/// Another purpose than all others of the instance key's.
fn refresh_key(key: &InstanceKey) -> [u8; 32] {
    key.derive_bytes("refresh-token")
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
impl Config {
    /// Everything by default.
    pub(crate) fn for_tests() -> Self {
        crate::config::Section::read("auth", toml::Table::new(), &mut Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_worked_with_is_refused() {
        let faulty: &[fn(&mut Config)] = &[
            |config| config.jwt_secret = Some(Secret::new("short")),
            |config| config.encryption_key = Some(Secret::new("short")),
            |config| config.old_encryption_keys = vec![Secret::new("short")],
            |config| config.production = true,
            |config| config.max_failures = 0,
            |config| config.refresh_token_lifetime = Duration(std::time::Duration::from_secs(61)),
        ];
        check(&Config::for_tests()).expect("the default");
        for change in faulty {
            let mut config = Config::for_tests();
            change(&mut config);
            assert_eq!(check(&config).expect_err("refused").code, "config.invalid");
        }
        let (jwt_secret, encryption_key) = (Some(Secret::new("x".repeat(32))), Some(Secret::new("y".repeat(32))));
        check(&Config { production: true, jwt_secret, encryption_key, ..Config::for_tests() }).expect("all is set");
    }
}
