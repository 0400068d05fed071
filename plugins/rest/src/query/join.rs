//! How embedded rows are found: what stands behind `FROM`, and what makes them belong to the outer row. It deliberately gives each
//! relation a name of its own, so that one can be embedded in itself.

use super::Sql;
use crate::catalogue::relationship::{Key, Kind};
use crate::plan::node::{Link, Node, Place};

/// ` FROM …`
pub(super) fn push_from(sql: &mut Sql, node: &Node) {
    sql.push(" FROM ");
    match node.link.as_ref().map(|link| (&link.relationship.kind, link)) {
        Some((Kind::Function(function), link)) => {
            // Cast, because the rows can be those of a part of the statement, and functions are overloaded.
            sql.qualified(&function.schema, &function.name).push("(").name(&link.outer.name);
            sql.push("::").place(&link.outer_relation).push(")");
        }
        _ => sql.place(&node.from).done(),
    }
    if let Some(alias) = &node.from_alias {
        sql.push(" AS ").name(alias);
    }
    if let Some((link, key)) = keyed(node)
        && let Some(junction) = &key.junction
    {
        let (schema, name) = &junction.relation;
        sql.push(", ").qualified(schema, name).push(" AS ").name(&link.junction);
    }
}

/// What makes rows belong to the outer row, with `AND` between; whether there is anything.
pub(super) fn push_conditions(sql: &mut Sql, node: &Node) -> bool {
    let Some((link, key)) = keyed(node) else { return false };
    let (own, junction) = (node.place(), Place::named(&link.junction));
    match &key.junction {
        None => pairs(sql, (&link.outer, &own), &key.columns),
        Some(between) => {
            pairs(sql, (&own, &junction), &between.columns);
            sql.push(" AND ");
            pairs(sql, (&link.outer, &junction), &key.columns);
        }
    }
    true
}

fn keyed(node: &Node) -> Option<(&Link, &Key)> {
    let link = node.link.as_ref()?;
    match &link.relationship.kind {
        Kind::Key(key) => Some((link, key)),
        Kind::Function(_) => None,
    }
}

fn pairs(sql: &mut Sql, (left, right): (&Place, &Place), columns: &[(String, String)]) {
    sql.list(" AND ", columns, |sql, (here, there)| {
        sql.column(right, there).push(" = ").column(left, here);
    });
}
