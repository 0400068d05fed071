//! Filters, read: `price=not.gte.10`, `or=(a.eq.1,b.is.null)`, or the same as JSON, `{"price": {"gte": 10}}`. One parser for
//! every plugin that takes conditions from strangers, so that an operator means the same over REST, GraphQL and realtime.
//!
//! It deliberately knows no catalogue and writes no SQL: whether a column exists, and how it is compared, is said by whoever
//! asks. What it gives out holds no text that could be taken for SQL but names and values, apart.
//!
//! ```
//! use sdk_filter::{Condition, filter, structured};
//!
//! let (path, condition) = filter::parse("price", "not.gte.10").unwrap();
//! assert!(path.is_empty());
//! assert_eq!(condition.to_string(), "price.not.gte.10");
//! let json = serde_json::json!({ "price": { "not": { "gte": 10 } } });
//! assert_eq!(structured::parse(&json).unwrap(), [condition]);
//! ```

pub mod cursor;
pub mod field;
pub mod filter;
pub mod logic;
pub mod operator;
pub mod structured;
mod text;

pub use cursor::{Cursor, Fault};
pub use field::{Field, Key, Step};
pub use filter::{Condition, Group, Operation, Test};
pub use operator::{Operator, Quantifier};
