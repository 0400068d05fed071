//! What is kept of an operator's answer: a table in the shape of `[plugins.<id>]`, weaker than his file.
//!
//! It stores nothing and asks nobody.

use toml::{Table, Value};

use super::Grant;
use crate::config::Section;
use crate::host::config::Limits;
use crate::host::manifest::Manifest;
use crate::host::permission::{self, LIMITS, Permissions};

/// The keys that permissions make; the others are the operator's own and stay.
const MADE: [&str; 3] = ["trusted", "grant", "limits"];

/// The grant of exactly what a manifest wants.
pub fn approve(manifest: &Manifest) -> Table {
    permission::table(&permission::wanted(manifest))
}

/// The grant after an operator was asked about a version: of what it wants, what was recorded before and what he approved
/// now. What he denied is in neither, and what this version has no use for is forgotten, so that a later one asks again.
pub fn record(old: &Table, manifest: &Manifest, approved: &Permissions) -> Table {
    let wanted = permission::wanted(manifest);
    let limits = old.get(LIMITS).and_then(Value::as_table).map(permission::limits).unwrap_or_default();
    let before = permission::granted(&read(&manifest.id, old)).with_those_of(&wanted, &limits);
    let has = wanted.iter().filter(|one| before.covers(one) || approved.covers(one)).cloned();
    let kept = old.iter().filter(|(key, _)| !MADE.contains(&key.as_str()));
    let mut new: Table = kept.map(|(key, value)| (key.clone(), value.clone())).collect();
    new.extend(permission::table(&has.collect()));
    new
}

/// Limits are looked at as they are written: those of the operator's file are not known here.
fn read(id: &str, table: &Table) -> Grant {
    let mut faults = Vec::new();
    let limits = Limits::read("host.limits", Table::new(), &mut faults);
    Grant::read(id, table.clone(), &limits, &mut faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(body: &str) -> Manifest {
        let head = "id = \"a\"\nversion = \"1.0.0\"\ndescription = \"\"\nlicense = \"MIT\"\n";
        Manifest::parse(&format!("{head}{body}")).expect(body)
    }

    fn meets(recorded: &Table, manifest: &Manifest) -> bool {
        read("a", recorded).meet(manifest).is_ok()
    }

    const ROUTE: &str = "[[route]]\nname = \"main\"\npath = \"/{item}\"\nmounts = [\"/shop\"]\n[want.http]\n";

    #[test]
    fn what_is_approved_is_exactly_what_is_wanted() {
        for body in [
            "",
            ROUTE,
            "[want.log]\n[want.clock]\n[want.random]\n[want.settings]\n",
            "[want.sql]\nmodes = [\"own\"]\ntables = { \"public.orders\" = [\"select\", \"insert\"], \"b.c\" = [\"delete\"] }",
            "[want.sql]\nmodes = [\"caller\", \"own\"]",
            "[want.sql]\nmodes = [\"service\"]",
            "[want.schema]\nschemas = [\"public\", \"shop\"]",
            "[want.schema]\nschemas = [\"*\"]",
            "[filter]\nphases = [\"before\"]\nmounts = [\"/shop\"]\n[want.http]\nfilter = true",
        ] {
            let (manifest, recorded) = (manifest(body), approve(&manifest(body)));
            assert!(meets(&recorded, &manifest), "{body}: {recorded}");
            assert_eq!(permission::granted(&read("a", &recorded)), permission::wanted(&manifest), "{body}");
            assert!(recorded.to_string().parse::<Table>().is_ok_and(|parsed| parsed == recorded), "it is TOML: {body}");
        }
    }

    #[test]
    fn an_upgrade_that_wants_more_waits_until_that_is_approved() {
        let (old, new) = (manifest(ROUTE), manifest(&format!("{ROUTE}[want.sql]\nmodes = [\"own\"]")));
        let recorded = approve(&old);
        let asked = read("a", &recorded).difference(&new);
        assert_eq!(asked.added.to_string(), "  keep tables in a schema of its own\n");
        assert!(!meets(&record(&recorded, &new, &Permissions::default()), &new), "denied");
        assert!(meets(&record(&recorded, &new, &asked.added), &new), "approved");
    }

    /// Of what is wanted, only what is beyond what everybody has is asked for and kept.
    #[test]
    fn limits_are_asked_for_recorded_and_had() {
        let limited = |limits: &str| manifest(&format!("{ROUTE}[limits]\n{limits}"));
        let one = limited("memory = \"128MiB\"\nfuel = 3000000000\ndeadline = \"2s\"\nreuse = false");
        let asked = read("a", &approve(&manifest(ROUTE))).difference(&one).added;
        assert_eq!(
            asked.to_string(),
            "  compute up to 3000000000 instructions in a call\n  use up to 128MiB of memory in each instance\n  \
             have instances that answer many calls: false\n"
        );
        let recorded = record(&approve(&manifest(ROUTE)), &one, &asked);
        let expected: Table = "fuel = 3000000000\nmemory = \"128MiB\"\nreuse = false".parse().expect("TOML");
        assert_eq!(recorded["limits"].as_table(), Some(&expected));
        let grant = read("a", &recorded);
        assert_eq!(
            (grant.limits.memory.bytes(), grant.limits.fuel, grant.limits.reuse),
            (128 << 20, 3_000_000_000, false)
        );
        assert!(meets(&recorded, &one) && grant.difference(&one).removed.is_empty());
        let less = limited("memory = \"96MiB\"\nreuse = false");
        assert!(read("a", &recorded).difference(&less).added.is_empty(), "less is no question");
        let after = record(&recorded, &less, &Permissions::default());
        assert_eq!(read("a", &after).limits.memory.bytes(), 96 << 20, "and it has no more than it wants");
        assert_eq!(read("a", &after).limits.fuel, 2_000_000_000, "what it does not want any more is forgotten");
        let refused = read("a", &after).meet(&one).err().expect("more than it has");
        assert_eq!(refused.code, "plugin.not-granted");
        assert!(refused.message.contains("use up to 128MiB of memory in each instance"), "{refused}");
        let hint = "[plugins.a.limits]\nfuel = 3000000000\nmemory = \"128MiB\"";
        assert_eq!(refused.hint.as_deref(), Some(hint));
    }

    #[test]
    fn what_the_operator_set_besides_stays_and_what_is_not_used_is_forgotten() {
        let (one, two) = (manifest(&format!("{ROUTE}[want.log]")), manifest(ROUTE));
        let mut recorded = approve(&one);
        recorded.insert("enabled".to_owned(), false.into());
        let recorded = record(&recorded, &two, &Permissions::default());
        assert_eq!(recorded["enabled"].as_bool(), Some(false));
        assert!(meets(&recorded, &two) && !meets(&recorded, &one), "a later version asks for the log again");
    }
}
