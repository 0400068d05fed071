//! What the tests of the stages share: a relation and requests about it. It deliberately asserts nothing.

use crate::head::Head;
use crate::refusal::Refusal;
use crate::request::{self, Intent};
use sdk_plugin::schema::Relation;

/// `public.orders`, with a column of each kind that is treated differently and some whose names are hard.
pub(crate) fn orders() -> Relation {
    let column = |(name, kind): (&str, &str)| format!(r#"{{"name":"{name}","type":"{kind}","base_type":"{kind}"}}"#);
    let columns = [
        ("id", "bigint"),
        ("customer", "text"),
        ("price", "numeric(10,2)"),
        ("settings", "jsonb"),
        ("tags", "text[]"),
        ("words", "tsvector"),
        (r#"we\"ird"#, "integer"),
        ("with space", "integer"),
        ("field-with_sep", "integer"),
        ("größe", "integer"),
        ("order", "integer"),
    ]
    .map(column)
    .join(",");
    let text = format!(
        r#"{{"schema":"public","name":"orders","columns":[{columns}],"primary_key":["id"],
            "unique":[["customer","order"]],"insertable":true,"updatable":true,"deletable":true}}"#
    );
    serde_json::from_str(&text).unwrap()
}

/// A request about it: `GET id=eq.1`, and headers.
pub(crate) fn head(request: &str, headers: &[(&str, &str)]) -> Head {
    let (method, query) = request.split_once(' ').unwrap_or((request, ""));
    let header = |name: &str| headers.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned());
    Head {
        method: method.to_owned(),
        mount: "/rest/v1".to_owned(),
        relation: "orders".to_owned(),
        query: query.to_owned(),
        accept: header("accept"),
        prefer: header("prefer"),
        profile: header("profile"),
        range: header("range"),
        content_type: header("content-type"),
    }
}

/// What a request asks for.
pub(crate) fn parse(request: &str, headers: &[(&str, &str)]) -> Result<Intent, Refusal> {
    request::parse(&head(request, headers))
}
