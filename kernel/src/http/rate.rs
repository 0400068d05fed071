//! Who is counted against which quota, and how they are told. Counting is `limit`'s.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use salvo::http::header::HeaderName;
use salvo::http::{HeaderMap, HeaderValue};
use serde_json::json;

use crate::config::Network;
use crate::error::{Error, Result, code};
use crate::identity::Identity;
use crate::limit::{Config, Limiter, Quota, Verdict};
use crate::store::SERVICE_ROLE;
use crate::telemetry;

/// Whoever has an address of IPv6 has a network of so many bits at least.
const NETWORK_BITS: u8 = 64;

/// What quotas said of a request, for its answer.
pub type Told = Vec<(Arc<Quota>, Verdict)>;

/// The quotas of all requests.
pub struct Gate {
    limiter: Limiter,
    address: Option<Arc<Quota>>,
    user: Option<Arc<Quota>>,
    key: u32,
}

impl Gate {
    /// None when requests are not to be counted.
    ///
    /// # Errors
    /// `config.invalid` for an address of Redis that is none.
    pub fn new(config: &Config, production: bool) -> Result<Option<Self>> {
        if !config.enabled.unwrap_or(production) {
            return Ok(None);
        }
        let limiter = Limiter::new(config)?;
        let quota = |name, count| (count > 0).then(|| Arc::new(Quota::per_minute(name, count)));
        let (address, user) = (quota("address", config.address), quota("user", config.user));
        Ok(Some(Self { limiter, address, user, key: config.key }))
    }

    /// Counts a request of somebody unknown.
    ///
    /// # Errors
    /// `http.too-many-requests`
    pub async fn stranger(&self, address: Option<IpAddr>, told: &mut Told) -> Result<()> {
        match &self.address {
            Some(quota) => self.count(Arc::clone(quota), &subject(address), told).await,
            None => Ok(()),
        }
    }

    /// Counts a request of somebody who is known.
    ///
    /// # Errors
    /// `http.too-many-requests`
    pub async fn caller(&self, identity: &Identity, told: &mut Told) -> Result<()> {
        if is_server(identity) {
            return Ok(());
        }
        if let Some(key) = &identity.key {
            let count = key.rate.unwrap_or(self.key);
            return match count {
                0 => Ok(()),
                count => self.count(Arc::new(Quota::per_minute("key", count)), &key.id, told).await,
            };
        }
        match (&identity.subject, &self.user) {
            (Some(subject), Some(quota)) if identity.authenticated => {
                self.count(Arc::clone(quota), subject, told).await
            }
            (Some(_), None) if identity.authenticated => Ok(()),
            _ => self.stranger(identity.origin.address, told).await,
        }
    }

    /// Counts a request to a route that has a quota of its own, by address, whoever is signed in: what is guessed there are credentials.
    ///
    /// # Errors
    /// `http.too-many-requests`
    pub async fn route(&self, quota: &Arc<Quota>, identity: &Identity, told: &mut Told) -> Result<()> {
        if is_server(identity) {
            return Ok(());
        }
        self.count(Arc::clone(quota), &subject(identity.origin.address), told).await
    }

    async fn count(&self, quota: Arc<Quota>, subject: &str, told: &mut Told) -> Result<()> {
        let Some(verdict) = self.limiter.take(&quota, subject).await else {
            return Err(Error::new(&code::HTTP_UNCOUNTED, "requests cannot be counted at the moment"));
        };
        let refusal = (!verdict.allowed).then(|| refusal(&quota, verdict));
        told.push((quota, verdict));
        refusal.map_or(Ok(()), Err)
    }
}

/// Whether it is one of the operator's own: whoever has the key of that role is past every other wall too.
fn is_server(identity: &Identity) -> bool {
    identity.key.is_none() && identity.role == SERVICE_ROLE
}

fn subject(address: Option<IpAddr>) -> String {
    address.map_or_else(
        || "unknown".to_owned(),
        |address| match address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(_) => Network::around(address, NETWORK_BITS).to_string(),
        },
    )
}

fn refusal(quota: &Quota, verdict: Verdict) -> Error {
    telemetry::rate_limit_hit(&quota.name);
    let wait = seconds(verdict.retry_after);
    Error::new(&code::HTTP_TOO_MANY, format!("more than {} requests in a minute", quota.count))
        .details(json!({ "limit": quota.name, "retry_after": wait }))
        .hint(format!("try again in {wait} s; an operator sets the limits in [limit]"))
}

/// Writes what quotas said: all of them as the IETF's `RateLimit` fields, the one that is nearest to its end as `X-RateLimit-…` too.
pub(super) fn tell(told: &Told, headers: &mut HeaderMap) {
    let Some((quota, verdict)) = told.iter().min_by_key(|(_, verdict)| (verdict.allowed, verdict.remaining)) else {
        return;
    };
    let list = |each: &dyn Fn(&Quota, &Verdict) -> String| {
        told.iter().map(|(quota, verdict)| each(quota, verdict)).collect::<Vec<_>>().join(", ")
    };
    let policy = list(&|quota, _| format!("\"{}\";q={};w={}", quota.name, quota.count, quota.period.as_secs()));
    let state =
        list(&|quota, verdict| format!("\"{}\";r={};t={}", quota.name, verdict.remaining, seconds(verdict.reset)));
    for (name, value) in [
        ("x-ratelimit-limit", quota.count.to_string()),
        ("x-ratelimit-remaining", verdict.remaining.to_string()),
        ("x-ratelimit-reset", seconds(verdict.reset).to_string()),
        ("ratelimit-policy", policy),
        ("ratelimit", state),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// Rounded up: who comes back then is let in.
fn seconds(duration: Duration) -> u64 {
    duration.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_network_of_an_address_of_ipv6_is_counted() {
        let of = |text: &str| subject(Some(text.parse().expect(text)));
        assert_eq!(of("2001:db8:1:2:3::4"), of("2001:db8:1:2:ffff::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("192.0.2.7"), "192.0.2.7");
    }

    #[test]
    fn the_quota_that_is_nearest_to_its_end_is_told_and_all_are_listed() {
        let verdict = |remaining, reset| Verdict {
            allowed: true,
            remaining,
            reset: Duration::from_millis(reset),
            retry_after: Duration::ZERO,
        };
        let told = vec![
            (Arc::new(Quota::per_minute("user", 500)), verdict(400, 12_000)),
            (Arc::new(Quota::per_minute("shop:guess", 30)), verdict(7, 1)),
        ];
        let mut headers = HeaderMap::new();
        tell(&told, &mut headers);
        let mut lines: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().expect("text"))).collect();
        lines.sort();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        ratelimit-policy: "user";q=500;w=60, "shop:guess";q=30;w=60
        ratelimit: "user";r=400;t=12, "shop:guess";r=7;t=1
        x-ratelimit-limit: 30
        x-ratelimit-remaining: 7
        x-ratelimit-reset: 1
        "#);
    }
}
