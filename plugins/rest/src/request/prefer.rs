//! The `Prefer` header. It deliberately ignores what it does not know, as RFC 7240 has it, and keeps it for those who want to be
//! told: what was honoured is in `Preference-Applied`.

/// What the client would like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Preferences {
    pub(crate) resolution: Option<Resolution>,
    pub(crate) missing: Option<Missing>,
    pub(crate) returns: Option<Returns>,
    pub(crate) count: Option<Count>,
    pub(crate) transaction: Option<Transaction>,
    pub(crate) handling: Option<Handling>,
    pub(crate) timezone: Option<String>,
    pub(crate) max_affected: Option<u64>,
    /// What it does not know.
    pub(crate) unknown: Vec<String>,
}

/// Choices with the text of each.
macro_rules! choices {
    ($(#[$about:meta])* $name:ident { $($choice:ident = $text:literal),* $(,)? }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name { $($choice),* }

        impl $name {
            pub(crate) fn text(self) -> &'static str {
                match self { $(Self::$choice => $text),* }
            }

            fn read(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$choice),)* _ => None }
            }
        }
    };
}

choices!(
    /// What becomes of rows that are there already.
    Resolution { Merge = "resolution=merge-duplicates", Ignore = "resolution=ignore-duplicates" }
);
choices!(
    /// What a member that the payload lacks is.
    Missing { Default = "missing=default", Null = "missing=null" }
);
choices!(
    /// What a write answers with.
    Returns { Representation = "return=representation", HeadersOnly = "return=headers-only", Minimal = "return=minimal" }
);
choices!(
    /// How all rows are counted.
    Count { Exact = "count=exact", Planned = "count=planned", Estimated = "count=estimated" }
);
choices!(
    /// Whether what was done is kept.
    Transaction { Commit = "tx=commit", Rollback = "tx=rollback" }
);
choices!(
    /// Whether what is not known is an error.
    Handling { Strict = "handling=strict", Lenient = "handling=lenient" }
);

impl Preferences {
    pub(crate) fn strict(&self) -> bool {
        self.handling == Some(Handling::Strict)
    }

    /// The number that is held to: only a strict client is.
    pub(crate) fn at_most(&self) -> Option<u64> {
        self.max_affected.filter(|_| self.strict())
    }
}

/// The header's values, joined with commas. Of two that contradict each other the first wins; what ends a transaction counts
/// only where the operator lets it.
pub(crate) fn parse(header: &str, overridable: bool) -> Preferences {
    let mut preferences = Preferences::default();
    for preference in header.split(',').map(str::trim).filter(|preference| !preference.is_empty()) {
        if !preferences.read(preference) {
            preferences.unknown.push(preference.to_owned());
        }
    }
    preferences.transaction = preferences.transaction.filter(|_| overridable);
    preferences
}

impl Preferences {
    /// Whether it is one that PostgREST knows.
    fn read(&mut self, text: &str) -> bool {
        first(&mut self.resolution, Resolution::read(text))
            || first(&mut self.missing, Missing::read(text))
            || first(&mut self.returns, Returns::read(text))
            || first(&mut self.count, Count::read(text))
            || first(&mut self.transaction, Transaction::read(text))
            || first(&mut self.handling, Handling::read(text))
            || first(&mut self.timezone, text.strip_prefix("timezone=").map(str::to_owned))
            || text.strip_prefix("max-affected=").is_some_and(|number| {
                first(&mut self.max_affected, number.parse().ok());
                true
            })
    }
}

/// Whether there is a value; it is kept if it is the first.
fn first<T>(place: &mut Option<T>, value: Option<T>) -> bool {
    let found = value.is_some();
    *place = place.take().or(value);
    found
}
