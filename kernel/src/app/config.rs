//! The whole configuration, composed of each layer's section, with every fault reported at once.

use std::collections::BTreeMap;
use std::path::PathBuf;

use toml::{Table, Value};

use crate::config::{self, Layers, Section, Sources, default_toml, effective_toml, section};
use crate::error::{Error, Result, code};
use crate::host::config::Limits;
use crate::host::grant::Grant;
use crate::host::roster::Origin;
use crate::{auth, host, http, store, telemetry};

section! {
    /// The configuration of a Basalt kernel, as `basalt.toml`. Every key can also be set in the environment:
    /// `BASALT_SERVER__ADDRESS` sets `server.address`. `DATABASE_URL`, `BASALT_JWT_SECRET`, `BASALT_ENCRYPTION_KEY`,
    /// `BASALT_DATA_DIR` and `BASALT_SERVER_ADDRESS` are understood too.
    pub struct Root {
        /// Where the kernel keeps what it makes: secrets, compiled plugins, and the embedded Postgres.
        data_dir: PathBuf = "basalt-data",
    }
}

/// Everything that can be configured.
#[derive(Debug, Clone)]
pub struct Config {
    /// The keys outside of any section.
    pub root: Root,
    /// `[server]`
    pub server: http::Config,
    /// `[server.cors]`
    pub cors: http::cors::Config,
    /// `[log]`
    pub log: telemetry::Config,
    /// `[database]`
    pub database: store::Config,
    /// `[auth]`
    pub auth: auth::Config,
    /// `[host]`
    pub host: host::Config,
    /// `[host.limits]`
    pub limits: Limits,
    /// `[plugins.<id>]`, without what is recorded: see [`Config::grant`].
    pub plugins: BTreeMap<String, Grant>,
    /// `[plugins]` by who says it.
    layers: Layers,
}

const SECTIONS: [&str; 6] = ["server", "log", "database", "auth", "host", "plugins"];

impl Config {
    /// Reads the sources.
    ///
    /// # Errors
    /// `config.invalid` with all faults, a line each.
    pub fn load(sources: &Sources) -> Result<Self> {
        let layers = config::load(sources)?;
        let mut faults = Vec::new();
        let mut config = Self::read(&mut layers.merged(), &mut faults);
        config.layers = layers.only("plugins");
        config.check(&mut faults);
        if faults.is_empty() {
            return Ok(config);
        }
        Err(invalid(&faults))
    }

    fn read(table: &mut Table, faults: &mut Vec<String>) -> Self {
        let [mut server, log, database, auth, mut host, plugins] = SECTIONS.map(|name| take(table, name, name, faults));
        let limits = take(&mut host, "limits", "host.limits", faults);
        let limits = Limits::read("host.limits", limits, faults);
        let cors = take(&mut server, "cors", "server.cors", faults);
        Self {
            root: Root::read("", std::mem::take(table), faults),
            server: Section::read("server", server, faults),
            cors: Section::read("server.cors", cors, faults),
            log: Section::read("log", log, faults),
            database: Section::read("database", database, faults),
            auth: Section::read("auth", auth, faults),
            host: Section::read("host", host, faults),
            plugins: read_plugins(plugins, &limits, faults),
            layers: Layers::default(),
            limits,
        }
    }

    /// What no single key can be wrong about.
    fn check(&self, faults: &mut Vec<String>) {
        let mut note = |checked: Result<()>| faults.extend(checked.err().map(|fault| fault.message));
        note(telemetry::check(&self.log));
        note(http::config::check(&self.server));
        note(self.cors.check());
        note(store::check(&self.database));
        note(host::config::check("host.limits", &self.limits));
        for (id, grant) in &self.plugins {
            note(host::config::check(&format!("plugins.{id}.limits"), &grant.limits));
        }
    }

    /// The grant in effect of one plugin: the bundle's preset, over it what is recorded of the operator's answers, over
    /// that his file and his environment. A list replaces a list, `grant = { log = false }` takes a capability back.
    ///
    /// The preset is about the files that it came with: another file of the same id has nothing of it.
    ///
    /// # Errors
    /// `config.invalid` with all faults of the recorded table.
    pub fn grant(&self, id: &str, recorded: &Table, origin: Origin) -> Result<Grant> {
        let own = |layer: &Table| layer.get(id).and_then(Value::as_table).cloned().unwrap_or_default();
        let mut table = match origin {
            Origin::Binary => own(&self.layers.preset),
            Origin::File => Table::new(),
        };
        config::merge(&mut table, recorded.clone());
        config::merge(&mut table, own(&self.layers.operator));
        let mut faults = Vec::new();
        let grant = Grant::read(id, table, &self.limits, &mut faults);
        faults.extend(host::config::check(&format!("plugins.{id}.limits"), &grant.limits).err().map(|it| it.message));
        if faults.is_empty() { Ok(grant) } else { Err(invalid(&faults)) }
    }

    /// `config/default.toml`: every key with its manual.
    pub fn manual() -> String {
        [
            default_toml::<Root>(""),
            default_toml::<http::Config>("server"),
            default_toml::<http::cors::Config>("server.cors"),
            default_toml::<telemetry::Config>("log"),
            default_toml::<store::Config>("database"),
            default_toml::<auth::Config>("auth"),
            default_toml::<host::Config>("host"),
            default_toml::<Limits>("host.limits"),
            include_str!("plugins.toml").to_owned(),
        ]
        .join("\n")
    }

    /// What is in effect, secrets masked.
    pub fn effective(&self) -> String {
        let mut parts = vec![
            effective_toml("", &self.root),
            effective_toml("server", &self.server),
            effective_toml("server.cors", &self.cors),
            effective_toml("log", &self.log),
            effective_toml("database", &self.database),
            effective_toml("auth", &self.auth),
            effective_toml("host", &self.host),
            effective_toml("host.limits", &self.limits),
        ];
        parts.extend(self.plugins.iter().map(|(id, grant)| grant.print(id)));
        parts.join("\n")
    }
}

fn invalid(faults: &[String]) -> Error {
    let message = format!("the configuration has {} fault(s):\n  {}", faults.len(), faults.join("\n  "));
    Error::new(&code::CONFIG_INVALID, message).hint("`basalt config --default` prints every key with its meaning")
}

fn take(table: &mut Table, key: &str, path: &str, faults: &mut Vec<String>) -> Table {
    match table.remove(key) {
        Some(Value::Table(section)) => section,
        None => Table::new(),
        Some(other) => {
            faults.push(format!("{path}: a table is expected, not a {}", other.type_str()));
            Table::new()
        }
    }
}

fn read_plugins(mut table: Table, limits: &Limits, faults: &mut Vec<String>) -> BTreeMap<String, Grant> {
    let ids: Vec<_> = table.keys().cloned().collect();
    let read = |id: String| {
        let own = take(&mut table, &id, &format!("plugins.{id}"), faults);
        let grant = Grant::read(&id, own, limits, faults);
        (id, grant)
    };
    ids.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Config> {
        Config::load(&Sources { preset: Some(text.to_owned()), ..Sources::default() })
    }

    #[test]
    fn the_defaults_are_valid_and_the_manual_says_them() {
        let config = load("").expect("the defaults are valid");
        load(&Config::manual()).expect("the manual is a valid configuration");
        assert_eq!(config.server.max_url.0, 8 << 10);
    }

    #[test]
    fn all_faults_are_reported_together_with_their_paths() {
        let text = "colour = 1\nlog = 7\n[server]\naddress = \"nowhere\"\nport = 1\n[plugins.a]\nenabled = 3\nx = 1\n[plugins.a.limits]\nmemory = \"lots\"";
        let message = load(text).expect_err("faulty").message;
        for path in [
            "colour",
            "log",
            "server.address",
            "server.port",
            "plugins.a.enabled",
            "plugins.a.x",
            "plugins.a.limits.memory",
        ] {
            assert!(message.contains(&format!("  {path}: ")), "{path} in {message}");
        }
    }

    #[test]
    fn cookies_are_not_for_every_origin() {
        let config = |origin: &str| load(&format!("[server.cors]\norigins = [{origin:?}]\ncredentials = true"));
        assert!(config("*").expect_err("open").message.contains("  server.cors.credentials: "));
        assert_eq!(config("https://a.b").expect("valid").cors.origins[0].0, "https://a.b");
        assert!(config("https://a.b/c").expect_err("a path").message.contains("  server.cors.origins: "));
    }

    #[test]
    fn a_plugin_has_the_hosts_limits_but_for_its_own() {
        let config = load("[host.limits]\nfuel = 5\nmemory = \"1MiB\"\n[plugins.a.limits]\nfuel = 7").expect("valid");
        assert!(load("[host]\nlimits = 3").expect_err("faulty").message.contains("host.limits: a table is expected"));
        assert_eq!((config.plugins["a"].limits.fuel, config.plugins["a"].limits.memory.0), (7, 1 << 20));
    }

    #[test]
    fn what_is_recorded_stands_between_the_preset_and_the_operator() {
        let preset = "[plugins.a]\ntrusted = true\ngrant = { log = {}, sql = { modes = [\"own\"] } }";
        let recorded = "limits = { fuel = 5 }\ngrant = { clock = {}, sql = { modes = [\"caller\"], tables = { \"b.c\" = [\"select\", \"insert\"] } } }";
        let environment = [
            ("BASALT_PLUGINS__A__GRANT__SQL__TABLES", "{ \"b.c\" = [\"select\"] }"),
            ("BASALT_PLUGINS__A__GRANT__LOG", "false"),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let sources = Sources { preset: Some(preset.to_owned()), file: None, environment };
        let config = Config::load(&sources).expect("valid");
        let grant = config.grant("a", &recorded.parse().expect("TOML"), Origin::Binary).expect("valid");
        assert!(grant.trusted, "of the preset");
        assert_eq!((grant.limits.fuel, grant.capabilities["clock"].is_table()), (5, true), "of the record");
        assert_eq!(grant.capabilities["log"].as_bool(), Some(false), "of the operator");
        let sql = grant.capabilities["sql"].to_string();
        assert_eq!(sql, r#"{ modes = ["caller"], tables = { "b.c" = ["select"] } }"#, "narrowed by the operator");
        let other = config.grant("a", &Table::new(), Origin::File).expect("valid");
        assert!(
            !other.trusted && other.capabilities["sql"].get("modes").is_none(),
            "the preset is not about another file"
        );
        let unknown = config.grant("b", &Table::new(), Origin::Binary).expect("nobody's");
        assert!(unknown.enabled && !unknown.trusted && unknown.capabilities.is_empty());
    }

    #[test]
    fn a_faulty_record_is_refused_with_its_faults() {
        let config = load("").expect("valid");
        let recorded = "colour = 1\nlimits = { memory = \"1GiB\" }".parse().expect("TOML");
        let message = config.grant("a", &recorded, Origin::File).expect_err("faulty").message;
        assert!(message.contains("plugins.a.colour") && message.contains("plugins.a.limits.memory"), "{message}");
    }

    #[test]
    fn values_that_cannot_work_are_faults_before_anything_starts() {
        for (text, path) in [
            ("[log]\nlevel = \"foo=bar=baz\"", "log.level"),
            ("[host.limits]\nmemory = \"1GiB\"", "host.limits.memory"),
            ("[plugins.a.limits]\nmemory = \"1GiB\"", "plugins.a.limits.memory"),
            ("[server]\nmax_headers = \"16EiB\"", "server.max_headers"),
            ("[database]\nmax_connections = 0", "database.max_connections"),
        ] {
            let message = load(text).expect_err(text).message;
            assert!(message.contains(path), "{path} in {message}");
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let secret = "reallyreallyreallyreallyverysafe";
        let config = load(&format!("[auth]\njwt_secret = \"{secret}\"")).expect("valid");
        assert!(!config.effective().contains(secret) && !format!("{config:?}").contains(secret));
        assert!(config.effective().contains("jwt_secret = \"***\""));
    }
}
