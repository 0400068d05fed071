//! The names of operators and what they are in SQL, as tables. It deliberately parses nothing and takes no SQL from a request:
//! what a request can choose from is all here.

/// An operator of the dialect and of Postgres.
#[derive(Debug, PartialEq, Eq)]
pub struct Operator {
    /// Its name in a filter: `gte`.
    pub name: &'static str,
    /// Its name in SQL: `>=`.
    pub sql: &'static str,
    /// Whether `(any)` and `(all)` may follow.
    pub quantified: bool,
    /// Whether `*` in the value stands for `%`.
    pub pattern: bool,
}

/// How a list of values is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    /// With one of them.
    Any,
    /// With all of them.
    All,
}

/// A full-text search.
#[derive(Debug, PartialEq, Eq)]
pub struct Search {
    /// Its name in a filter: `wfts`.
    pub name: &'static str,
    /// The function that reads the query.
    pub function: &'static str,
}

/// What `is` accepts: a keyword cannot be a parameter.
#[derive(Debug, PartialEq, Eq)]
pub struct State {
    /// Its name in a filter: `not_null`.
    pub name: &'static str,
    /// The keyword in SQL.
    pub sql: &'static str,
}

const fn operator(name: &'static str, sql: &'static str, quantified: bool, pattern: bool) -> Operator {
    Operator { name, sql, quantified, pattern }
}

/// The operators that compare with one value.
pub static OPERATORS: [Operator; 18] = [
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

/// The full-text searches.
pub static SEARCHES: [Search; 4] = [
    Search { name: "fts", function: "to_tsquery" },
    Search { name: "plfts", function: "plainto_tsquery" },
    Search { name: "phfts", function: "phraseto_tsquery" },
    Search { name: "wfts", function: "websearch_to_tsquery" },
];

/// The states.
pub static STATES: [State; 5] = [
    State { name: "null", sql: "NULL" },
    State { name: "not_null", sql: "NOT NULL" },
    State { name: "true", sql: "TRUE" },
    State { name: "false", sql: "FALSE" },
    State { name: "unknown", sql: "UNKNOWN" },
];

/// The operator of this name.
pub fn find(name: &str) -> Option<&'static Operator> {
    OPERATORS.iter().find(|operator| operator.name == name)
}

/// The search of this name.
pub fn search(name: &str) -> Option<&'static Search> {
    SEARCHES.iter().find(|search| search.name == name)
}

/// The state of this name, in whatever case.
pub fn state(name: &str) -> Option<&'static State> {
    STATES.iter().find(|state| state.name.eq_ignore_ascii_case(name))
}
