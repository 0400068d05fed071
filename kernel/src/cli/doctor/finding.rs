//! What a check found, and the closed list of faults. It checks nothing itself.

use std::fmt;

use serde_json::{Value, json};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As it should be.
    Ok,
    /// The kernel runs, and somebody should look at it.
    Warning,
    /// The kernel does not start, or does not do what it should.
    Fault,
}

/// A thing that can be wrong. Its code is stable.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) code: &'static str,
    pub(super) check: &'static str,
}

macro_rules! faults {
    ($($name:ident = $code:literal of $check:literal;)*) => {
        $(pub(super) const $name: Fault = Fault { code: $code, check: $check };)*
        /// Every fault; `docs/operations.md` explains each.
        #[cfg(test)]
        const ALL: &[Fault] = &[$($name),*];
    };
}

faults! {
    DATA_DIR_LOCKED = "doctor.data-dir-locked" of "lock";
    PORT_TAKEN = "doctor.port-taken" of "address";
    PERMISSIONS = "doctor.permissions" of "permissions";
    SECRETS = "doctor.secrets" of "secrets";
    COMPILED_STALE = "doctor.compiled-stale" of "compiled";
    POSTGRES_UNREACHABLE = "doctor.postgres-unreachable" of "database";
    POSTGRES_OLD = "doctor.postgres-old" of "database";
    NO_CREATEROLE = "doctor.no-createrole" of "privileges";
    ROLES_MISSING = "doctor.roles-missing" of "roles";
    COSTLY_POLICY = "doctor.costly-policy" of "policies";
    CLOCK_SKEW = "doctor.clock-skew" of "clock";
}

/// What a check found.
#[derive(Debug)]
pub(super) struct Finding {
    check: &'static str,
    pub(super) verdict: Verdict,
    code: Option<&'static str>,
    looked_at: String,
    found: String,
    mend: Option<String>,
}

impl Finding {
    pub(super) fn ok(check: &'static str, looked_at: impl fmt::Display, found: impl Into<String>) -> Self {
        let (looked_at, found) = (looked_at.to_string(), found.into());
        Self { check, verdict: Verdict::Ok, code: None, looked_at, found, mend: None }
    }

    pub(super) fn warning(
        fault: &Fault,
        looked_at: impl fmt::Display,
        found: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self { verdict: Verdict::Warning, ..Self::fault(fault, looked_at, found, mend) }
    }

    pub(super) fn fault(
        fault: &Fault,
        looked_at: impl fmt::Display,
        found: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        let (code, mend) = (Some(fault.code), Some(mend.into()));
        Self { code, mend, verdict: Verdict::Fault, ..Self::ok(fault.check, looked_at, found) }
    }

    pub(super) fn as_json(&self) -> Value {
        json!({
            "check": self.check, "verdict": self.verdict.word(), "code": self.code,
            "looked_at": self.looked_at, "found": self.found, "mend": self.mend,
        })
    }
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Fault => "fault",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.map_or(String::new(), |code| format!(" [{code}]"));
        writeln!(f, "{:<8} {:<12} {}: {}{code}", self.verdict.word(), self.check, self.looked_at, self.found)?;
        match &self.mend {
            Some(mend) => writeln!(f, "{:<8} {:<12} → {mend}", "", ""),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_in_the_manual() {
        let manual = include_str!("../../../../docs/operations.md");
        for fault in ALL {
            assert!(manual.contains(&format!("| `{}` |", fault.code)), "{} is not in docs/operations.md", fault.code);
        }
        assert_eq!(ALL.len(), manual.matches("\n| `doctor.").count(), "docs/operations.md explains a fault too many");
    }
}
