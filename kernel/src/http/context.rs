//! What every request works with. It is made once, at start, and never changes but for the drain flag.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use salvo::http::Method;

use super::Config;
use super::endpoint::Endpoint;
use crate::auth::Auth;
use crate::host::Registry;
use crate::store::Store;

/// The layers below, as the HTTP layer uses them.
pub struct Context {
    /// `[server]`
    pub config: Config,
    /// Proves identities.
    pub auth: Auth,
    /// The database.
    pub store: Store,
    /// The plugins.
    pub registry: Registry,
    endpoints: HashMap<&'static str, Vec<Endpoint>>,
    draining: AtomicBool,
}

impl Context {
    /// Joins the layers with the kernel's endpoints.
    pub fn new(config: Config, auth: Auth, store: Store, registry: Registry, endpoints: Vec<Endpoint>) -> Self {
        let mut by_path: HashMap<_, Vec<_>> = HashMap::new();
        for endpoint in endpoints {
            by_path.entry(endpoint.path).or_default().push(endpoint);
        }
        Self { config, auth, store, registry, endpoints: by_path, draining: AtomicBool::new(false) }
    }

    /// The endpoints at a path.
    pub fn endpoints(&self, path: &str) -> Option<&[Endpoint]> {
        self.endpoints.get(path).map(Vec::as_slice)
    }

    /// Says that the kernel is going to stop: `/ready` fails, so that balancers send no more.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether the kernel is going to stop.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}

/// The methods of some endpoints, for `Allow`.
pub fn allow(methods: impl Iterator<Item = Method>) -> String {
    let mut all: Vec<String> = methods.map(|method| method.to_string()).collect();
    if all.iter().any(|method| method == "GET") {
        all.push("HEAD".to_owned());
    }
    all.sort();
    all.join(", ")
}
