//! The first word of a statement. It parses no SQL: a wrong guess costs a round trip's work, not safety.

/// The statements that cannot end a transaction. (What their functions leave on the connection, the next caller's first
/// steps take away.)
const PLAIN: &[&str] = &["select", "insert", "update", "delete", "merge", "with", "values", "table"];

/// Whether a statement only reads and writes rows.
pub(super) fn is_plain(sql: &str) -> bool {
    let word = first_word(sql);
    PLAIN.iter().any(|plain| plain.eq_ignore_ascii_case(word))
}

fn first_word(sql: &str) -> &str {
    let rest = skip(sql);
    let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    &rest[..end]
}

/// Skips white space, comments, parentheses and empty statements.
fn skip(mut sql: &str) -> &str {
    loop {
        let rest = sql.trim_start_matches(|c: char| c.is_ascii_whitespace() || matches!(c, '\u{b}' | '(' | ';'));
        let rest = match rest.get(..2) {
            Some("--") => rest.find('\n').map_or("", |end| &rest[end..]),
            Some("/*") => after_comment(rest),
            _ => return rest,
        };
        sql = rest;
    }
}

/// Comments nest in Postgres.
fn after_comment(sql: &str) -> &str {
    let (mut depth, mut at) = (0, 0);
    while let Some(pair) = sql.as_bytes().get(at..at + 2) {
        match pair {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return sql.get(at..).unwrap_or_default();
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_is_found_behind_comments_and_parentheses() {
        assert_eq!(first_word("  SELECT 1"), "SELECT");
        assert_eq!(first_word("-- x\n/* a /* b */ c */ ((values (1)))"), "values");
        assert_eq!(first_word(";;commit"), "commit");
        assert_eq!(first_word("/* open"), "");
        assert_eq!(first_word("/*é*/do $$"), "do");
        assert_eq!(first_word("é"), "");
    }

    #[test]
    fn only_statements_on_rows_are_plain() {
        assert!(is_plain("WITH x AS (select 1) table x"));
        for text in ["call p()", "do ''", "commit", "set role none", "selecting", "", "begin"] {
            assert!(!is_plain(text), "{text}");
        }
    }
}
