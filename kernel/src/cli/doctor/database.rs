//! Whether there is a Postgres, new enough, and whether its roles are as they must be. It contains no SQL.

use super::Scene;
use super::finding::{COSTLY_POLICY, Finding, NO_CREATEROLE, POSTGRES_OLD, POSTGRES_UNREACHABLE, ROLES_MISSING};
use crate::error::Error;
use crate::store::{Facts, Survey};

pub(super) fn reach(scene: &Scene<'_>) -> Vec<Finding> {
    vec![match &scene.survey {
        Survey::Reached(facts) => Finding::ok("database", &facts.place, format!("Postgres {}", version(facts))),
        Survey::Old(facts) => old(facts),
        Survey::Unreachable(place, error) => {
            Finding::fault(&POSTGRES_UNREACHABLE, place, error_text(error), how_to_reach(place, error))
        }
        Survey::Stopped(found) => embedded(scene, found),
    }]
}

fn version(facts: &Facts) -> String {
    format!("{}.{}", facts.version / 10_000, facts.version % 10_000)
}

fn old(facts: &Facts) -> Finding {
    let found = format!("Postgres {}, and the oldest supported is 14", version(facts));
    let mend = "upgrade it (`pg_upgrade`, or your provider's button), or move: `pg_dumpall` there, `psql` into a newer one, \
                and set DATABASE_URL to that";
    Finding::fault(&POSTGRES_OLD, &facts.place, found, mend)
}

fn error_text(error: &Error) -> String {
    match &error.source {
        Some(source) => format!("{}: {source:#}", error.message),
        None => error.message.clone(),
    }
}

fn how_to_reach(place: &str, error: &Error) -> String {
    let setting = "DATABASE_URL, or `admin` in [database]";
    match &*error.code {
        "config.invalid" => format!("write {setting} as `postgres://user:password@host:5432/database`"),
        "3D000" => format!("make the database with `createdb`, or correct its name in {setting}"),
        "53300" => "the server has no connection left: end some, or raise its max_connections".to_owned(),
        code if code.starts_with("28") => format!("correct user and password in {setting}"),
        _ => format!(
            "start the server (`pg_isready` with the same host and port says when it answers), or correct {setting}; it names {place}"
        ),
    }
}

/// Not running is as it should be, unless the kernel runs.
fn embedded(scene: &Scene<'_>, found: &crate::error::Result<u32>) -> Finding {
    let place = "the embedded Postgres";
    match found {
        _ if scene.kernel.is_running() => {
            let log = scene.data_dir.join("postgres.log");
            let mend = format!("`tail {}` says why; the kernel keeps trying to start it", log.display());
            Finding::fault(&POSTGRES_UNREACHABLE, place, "does not answer although the kernel runs", mend)
        }
        Ok(version) => {
            Finding::ok("database", place, format!("not running; Postgres {version} starts with the kernel"))
        }
        Err(error) => {
            let mend = error.hint.clone().unwrap_or_else(|| "install a Postgres server".to_owned());
            Finding::fault(&POSTGRES_UNREACHABLE, place, &*error.message, mend)
        }
    }
}

pub(super) fn privilege(scene: &Scene<'_>) -> Vec<Finding> {
    let Survey::Reached(facts) = &scene.survey else { return Vec::new() };
    let place = format!("the login {:?}", facts.admin);
    vec![match facts.lacking.as_slice() {
        [] => Finding::ok("privileges", place, "may make what the kernel needs"),
        lacking => {
            let found = "may not make the roles or schemas that the kernel needs";
            Finding::fault(
                &NO_CREATEROLE,
                place,
                found,
                format!("as a superuser, in the database: {}", lacking.join(" ")),
            )
        }
    }]
}

pub(super) fn roles(scene: &Scene<'_>) -> Vec<Finding> {
    let Survey::Reached(facts) = &scene.survey else { return Vec::new() };
    let place = "the roles of requests";
    vec![match facts.missing_roles.as_slice() {
        [] => Finding::ok("roles", place, "all there"),
        _ if !facts.is_migrated => Finding::ok("roles", place, "not made yet; the first start makes them"),
        missing => {
            let found = format!("missing: {}. A dump of one database does not contain them", missing.join(", "));
            let mend = format!(
                "`basalt sql '{}'`, then restart the kernel; grants on tables have to be given again",
                facts.make_roles
            );
            Finding::fault(&ROLES_MISSING, place, found, mend)
        }
    }]
}

/// It works, and is slow: the function is called for each row that is looked at.
pub(super) fn policies(scene: &Scene<'_>) -> Vec<Finding> {
    let Survey::Reached(facts) = &scene.survey else { return Vec::new() };
    let finding = |policy: &String| {
        let found = "asks who is calling once for each row";
        Finding::warning(&COSTLY_POLICY, policy, found, "write `(select auth.uid())` in it, with the parentheses")
    };
    match facts.costly_policies.as_slice() {
        [] => vec![Finding::ok(COSTLY_POLICY.check, &facts.place, "ask who is calling once for each statement")],
        costly => costly.iter().map(finding).collect(),
    }
}
