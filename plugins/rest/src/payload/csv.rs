//! Comma-separated values as JSON: an array of objects whose members are named in the first line. It deliberately gives no value
//! a type: Postgres reads each as its column's.

use super::uneven;
use crate::refusal::Refusal;
use csv::ReaderBuilder;
use serde_json::{Map, Value};

/// Every value is text, and `NULL` is none.
pub(super) fn to_json(bytes: &[u8]) -> Result<String, Refusal> {
    let mut reader = ReaderBuilder::new().from_reader(bytes);
    let broken = |error: csv::Error| match error.kind() {
        csv::ErrorKind::UnequalLengths { .. } => uneven(),
        _ => Refusal::body(error.to_string()),
    };
    let names = reader.headers().map_err(broken)?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let value = |text: &str| if text == "NULL" { Value::Null } else { text.into() };
        let row: Map<_, _> = names.iter().zip(&record).map(|(name, text)| (name.to_owned(), value(text))).collect();
        rows.push(Value::Object(row));
    }
    Ok(Value::Array(rows).to_string())
}

#[cfg(test)]
mod tests {
    use super::to_json;

    #[test]
    fn reads_lines_as_objects() {
        let json = to_json(b"a,b\n1,\"x, \"\"y\"\"\"\nNULL,\n").unwrap();
        assert_eq!(json, r#"[{"a":"1","b":"x, \"y\""},{"a":null,"b":""}]"#);
        assert_eq!(to_json(b"a,b\n").unwrap(), "[]");
        assert_eq!(to_json(b"a,b\n1\n").unwrap_err().message, "All lines must have same number of fields");
    }
}
