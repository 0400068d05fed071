//! The names of operators and what they are in SQL, as tables. It deliberately parses nothing and takes no SQL from a request:
//! what a request can choose from is all here.

/// An operator of the dialect and of Postgres.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Operator {
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
    /// Whether `(any)` and `(all)` may follow.
    pub(super) quantified: bool,
    /// Whether `*` in the value stands for `%`.
    pub(crate) pattern: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantifier {
    Any,
    All,
}

const fn operator(name: &'static str, sql: &'static str, quantified: bool, pattern: bool) -> Operator {
    Operator { name, sql, quantified, pattern }
}

/// The operators that compare with one value.
pub(super) static OPERATORS: [Operator; 18] = [
    operator("eq", "=", true, false),
    operator("neq", "<>", false, false),
    operator("gt", ">", true, false),
    operator("gte", ">=", true, false),
    operator("lt", "<", true, false),
    operator("lte", "<=", true, false),
    operator("like", "LIKE", true, true),
    operator("ilike", "ILIKE", true, true),
    operator("match", "~", true, false),
    operator("imatch", "~*", true, false),
    operator("cs", "@>", false, false),
    operator("cd", "<@", false, false),
    operator("ov", "&&", false, false),
    operator("sl", "<<", false, false),
    operator("sr", ">>", false, false),
    operator("nxr", "&<", false, false),
    operator("nxl", "&>", false, false),
    operator("adj", "-|-", false, false),
];

/// Full-text searches, with the function that reads the query.
pub(super) const SEARCHES: [(&str, &str); 4] = [
    ("fts", "to_tsquery"),
    ("plfts", "plainto_tsquery"),
    ("phfts", "phraseto_tsquery"),
    ("wfts", "websearch_to_tsquery"),
];

/// What `is` accepts, with its SQL: a keyword cannot be a parameter.
pub(super) const STATES: [(&str, &str); 5] =
    [("null", "NULL"), ("not_null", "NOT NULL"), ("true", "TRUE"), ("false", "FALSE"), ("unknown", "UNKNOWN")];
