//! What an attack is: what is tried, what it gets, and why that is enough. It runs nothing.

use crate::kernel::Answer;

/// One row of the matrix.
pub struct Attack {
    /// What is tried, as documented.
    pub what: &'static str,
    pub how: How,
    pub gets: Gets,
    /// Why an attempt that is not refused does no harm.
    pub because: &'static str,
    /// What the admin clears away: not residue, but what the plugin may rightly have.
    pub mend: &'static str,
    /// Attempts at the same time.
    pub at_once: usize,
}

/// How it is done.
pub enum How {
    /// A path of the hostile plugin.
    Path(&'static str),
    /// One statement.
    Statement(&'static str),
    /// Statements in one transaction, up to the first that fails.
    Transaction(&'static [&'static str]),
}

/// What the attacker gets.
pub enum Gets {
    /// An error with this code.
    Code(&'static str),
    /// An answer: the text, or the first value of the last statement.
    Value(&'static str),
}

impl Attack {
    const fn new(what: &'static str, how: How, gets: Gets, because: &'static str) -> Self {
        Self { what, how, gets, because, mend: "", at_once: usize::MAX }
    }

    pub const fn path(what: &'static str, path: &'static str, code: &'static str) -> Self {
        Self::new(what, How::Path(path), Gets::Code(code), "")
    }

    /// A statement that is refused.
    pub const fn refused(what: &'static str, sql: &'static str, code: &'static str) -> Self {
        Self::new(what, How::Statement(sql), Gets::Code(code), "")
    }

    /// A statement that is not refused, its value, and why it does no harm.
    pub const fn harmless(what: &'static str, sql: &'static str, value: &'static str, because: &'static str) -> Self {
        Self::new(what, How::Statement(sql), Gets::Value(value), because)
    }

    /// Several statements, the last of which is refused.
    pub const fn refused_after(what: &'static str, sql: &'static [&'static str], code: &'static str) -> Self {
        Self::new(what, How::Transaction(sql), Gets::Code(code), "")
    }

    /// Several statements, the value of the last, and why they do no harm.
    pub const fn harmless_after(
        what: &'static str,
        sql: &'static [&'static str],
        value: &'static str,
        because: &'static str,
    ) -> Self {
        Self::new(what, How::Transaction(sql), Gets::Value(value), because)
    }

    /// A path that answers.
    pub const fn answers(what: &'static str, path: &'static str, text: &'static str, because: &'static str) -> Self {
        Self::new(what, How::Path(path), Gets::Value(text), because)
    }

    /// Clears away what it may rightly leave.
    pub const fn then(self, mend: &'static str) -> Self {
        Self { mend, ..self }
    }

    /// One attempt at a time: it would stand in its own way, or the test machine's memory.
    pub const fn alone(self) -> Self {
        Self { at_once: 1, ..self }
    }
}

impl Gets {
    pub fn check(&self, answer: &Answer) -> Result<(), String> {
        let is_error = answer.status >= 400;
        let found = if is_error { answer.json()["code"].clone() } else { first(answer) };
        let holds = match self {
            Self::Code(code) => is_error && found == *code,
            Self::Value(value) => !is_error && found == *value,
        };
        if holds { Ok(()) } else { Err(format!("answered {}: {}", answer.status, cut(&answer.text()))) }
    }
}

/// The first value of the last result, or the text where there are no results.
fn first(answer: &Answer) -> serde_json::Value {
    let Ok(body) = serde_json::from_slice::<serde_json::Value>(&answer.body) else { return answer.text().into() };
    let last = body.as_array().and_then(|results| results.last()).cloned().unwrap_or_default();
    let rows = if last.is_object() { &last["rows"] } else { &body };
    rows[0][0].as_str().unwrap_or_default().into()
}

fn cut(text: &str) -> String {
    text.chars().take(500).collect()
}
