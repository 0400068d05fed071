//! The `Prefer` header. It deliberately refuses what would change the result and is not there yet, and ignores the rest as
//! RFC 7240 has it: what was honoured is told in `Preference-Applied`.

use crate::refusal::Refusal;

/// What the client would like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Preferences {
    pub(crate) resolution: Option<Resolution>,
    pub(crate) missing_null: bool,
    pub(crate) returns: Option<Returns>,
    pub(crate) count: bool,
    pub(crate) handling: Option<Handling>,
    pub(crate) max_affected: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resolution {
    Merge,
    Ignore,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Returns {
    Representation,
    HeadersOnly,
    Minimal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handling {
    Strict,
    Lenient,
}

impl Resolution {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Merge => "resolution=merge-duplicates",
            Self::Ignore => "resolution=ignore-duplicates",
        }
    }
}

impl Returns {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Representation => "return=representation",
            Self::HeadersOnly => "return=headers-only",
            Self::Minimal => "return=minimal",
        }
    }
}

impl Handling {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Strict => "handling=strict",
            Self::Lenient => "handling=lenient",
        }
    }
}

impl Preferences {
    pub(crate) fn strict(&self) -> bool {
        self.handling == Some(Handling::Strict)
    }

    /// How it is told: only a strict client is held to it.
    pub(crate) fn max_affected_applied(&self) -> Option<String> {
        self.max_affected.filter(|_| self.strict()).map(|rows| format!("max-affected={rows}"))
    }
}

/// The header's values, joined with commas. Of two that contradict each other the first wins.
pub(crate) fn parse(header: &str) -> Result<Preferences, Refusal> {
    let mut preferences = Preferences::default();
    let mut invalid = Vec::new();
    for preference in header.split(',').map(str::trim).filter(|preference| !preference.is_empty()) {
        if !read(&mut preferences, preference)? {
            invalid.push(preference.to_owned());
        }
    }
    match preferences.strict() && !invalid.is_empty() {
        true => Err(Refusal::preferences(&invalid)),
        false => Ok(preferences),
    }
}

/// Whether it is one that PostgREST knows.
fn read(preferences: &mut Preferences, preference: &str) -> Result<bool, Refusal> {
    match preference {
        "resolution=merge-duplicates" => first(&mut preferences.resolution, Resolution::Merge),
        "resolution=ignore-duplicates" => first(&mut preferences.resolution, Resolution::Ignore),
        "return=representation" => first(&mut preferences.returns, Returns::Representation),
        "return=headers-only" => first(&mut preferences.returns, Returns::HeadersOnly),
        "return=minimal" => first(&mut preferences.returns, Returns::Minimal),
        "handling=strict" => first(&mut preferences.handling, Handling::Strict),
        "handling=lenient" => first(&mut preferences.handling, Handling::Lenient),
        "count=exact" => preferences.count = true,
        "missing=null" => preferences.missing_null = true,
        "count=planned" | "count=estimated" | "missing=default" => {
            return Err(Refusal::not_implemented(format!("Prefer: {preference}")));
        }
        // Only a server that is configured to honours these; known all the same.
        "tx=commit" | "tx=rollback" => {}
        _ => return Ok(max_affected(preferences, preference)),
    }
    Ok(true)
}

fn first<T>(place: &mut Option<T>, value: T) {
    place.get_or_insert(value);
}

fn max_affected(preferences: &mut Preferences, preference: &str) -> bool {
    let Some(number) = preference.strip_prefix("max-affected=") else { return false };
    if let Ok(number) = number.parse() {
        first(&mut preferences.max_affected, number);
    }
    true
}
