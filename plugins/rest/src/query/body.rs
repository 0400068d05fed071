//! The body of an answer, and what goes with it, as SQL over the rows called `basalt_row`. It deliberately has one expression for
//! each form.

use super::Sql;
use crate::plan::call::{Call, Returns};
use crate::plan::media::Handler;

/// The body as one value.
pub(super) fn push_body(sql: &mut Sql, handler: &Handler, call: Option<&Call>) {
    let returns = call.map(|call| call.returns);
    match handler {
        Handler::Nothing => sql.push("NULL::text").done(),
        Handler::Json { strip } => push_json(sql, first_only(returns), returns, *strip),
        Handler::Single { strip } => push_json(sql, true, returns, *strip),
        Handler::Csv => sql.push(CSV).done(),
        Handler::GeoJson => sql.push(GEO_JSON).done(),
        Handler::Value { schema, name } => sql.push("basalt_row.pgrst_scalar::").qualified(schema, name).done(),
        Handler::Aggregate { schema, name, of } => {
            sql.qualified(schema, name);
            match (returns, of) {
                (Some(Returns::Scalar), _) => sql.push("(basalt_row.pgrst_scalar)"),
                (_, None) => sql.push("(basalt_row)"),
                (_, Some((schema, name))) => sql.push("(basalt_row::").qualified(schema, name).push(")"),
            };
        }
    }
}

/// Whether what a function returns is one thing and no array.
fn first_only(returns: Option<Returns>) -> bool {
    returns.is_some_and(Returns::is_single)
}

/// The rows as one JSON text. The star says that the row is meant, also where a column has this name.
fn push_json(sql: &mut Sql, first: bool, returns: Option<Returns>, strip: bool) {
    let value = matches!(returns, Some(Returns::Scalar | Returns::Scalars | Returns::Void));
    sql.push(if strip { "coalesce(json_strip_nulls(" } else { "coalesce(" });
    sql.push(if value { "json_agg(basalt_row.pgrst_scalar)" } else { "json_agg(basalt_row.*)" });
    sql.push(if first { "->0" } else { "" }).push(if strip { ")" } else { "" });
    sql.push(if first { ", 'null')::text" } else { ", '[]')::text" });
}

/// Names and rows as Postgres writes a row's text, without its brackets: that is how values are quoted here.
const CSV: &str = "(SELECT coalesce(string_agg(k, ','), '') FROM json_object_keys((SELECT row_to_json(r) FROM basalt_page r LIMIT 1)) k) \
     || E'\\n' || coalesce(string_agg(substring(basalt_row::text, 2, length(basalt_row::text) - 2), E'\\n'), '')";

const GEO_JSON: &str = "json_build_object('type', 'FeatureCollection', 'features', \
     coalesce(json_agg(ST_AsGeoJSON(basalt_row)::json), '[]'))::text";

/// What functions set for the answer.
pub(super) const ANSWER: &str = "nullif(current_setting('response.headers', true), '') AS headers, \
     nullif(current_setting('response.status', true), '') AS status, ";
