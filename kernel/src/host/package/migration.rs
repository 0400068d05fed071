//! The migrations that a plugin carries: their names and their order.
//!
//! It runs none and reads no SQL.

use bytes::Bytes;

use super::{named, text};
use crate::error::Result;
use crate::host::manifest::{Manifest, refused};

/// The longest migration, in bytes: rows that need more come as an asset.
const MAX_SIZE: usize = 1 << 20;

/// Name and text of each. The order is that of the numbers, and the file has to have them in it.
pub(super) fn read(sections: &[Bytes]) -> Result<Vec<(String, String)>> {
    let mut migrations: Vec<(String, String)> = Vec::new();
    let mut last = None;
    for section in sections {
        let (name, sql) = named(section, "a migration")?;
        let Some(number) = number(&name) else {
            let name: String = name.chars().take(50).collect();
            return Err(refused(format!("the migration {name:?} is not named like 0001_name.sql")));
        };
        if last >= Some(number) {
            return Err(refused(format!(
                "the migration {name} stands after one with the same number or a greater one"
            )));
        }
        last = Some(number);
        migrations.push((name.clone(), content(&name, &sql)?));
    }
    Ok(migrations)
}

fn content(name: &str, sql: &[u8]) -> Result<String> {
    let what = format!("the migration {name}");
    match text(sql, &what)? {
        sql if sql.len() > MAX_SIZE => Err(refused(format!("{what} has {} bytes, more than {MAX_SIZE}", sql.len()))),
        sql if sql.contains('\0') => Err(refused(format!("{what} has a NUL byte, which Postgres does not take"))),
        sql => Ok(sql.to_owned()),
    }
}

/// `NNNN` of `NNNN_name.sql`.
fn number(name: &str) -> Option<u32> {
    let (digits, rest) = name.split_at_checked(4)?;
    let word = rest.strip_prefix('_')?.strip_suffix(".sql")?;
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    let is_name = !word.is_empty() && name.len() <= 100 && word.bytes().all(is_word);
    digits.parse().ok().filter(|_| is_name && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Migrations run as the plugin's own login, in its own schema: a plugin without one has nowhere to run them.
pub(super) fn check(migrations: &[(String, String)], manifest: &Manifest) -> Result<()> {
    let modes = manifest.want.get("sql").and_then(|sql| sql.get("modes")?.as_array());
    let has_own = modes.is_some_and(|modes| modes.iter().any(|mode| mode.as_str() == Some("own")));
    if migrations.is_empty() || has_own {
        return Ok(());
    }
    Err(refused("it has migrations, but does not want `sql` as its own login")
        .hint("its author adds \"own\" to the modes of [want.sql] in plugin.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(sections: &[&str]) -> Result<Vec<(String, String)>> {
        read(&sections.iter().map(|section| Bytes::copy_from_slice(section.as_bytes())).collect::<Vec<_>>())
    }

    #[test]
    fn numbers_have_to_grow() {
        assert_eq!(read_all(&["0001_a.sql\0select 1", "0003_b-c.sql\0"]).expect("valid").len(), 2);
        for sections in [
            &["0001_a.sql\0", "0001_b.sql\0"][..],
            &["0002_a.sql\0", "0001_b.sql\0"],
            &["0001_a.sql\0", "0001_a.sql\0"],
            &["1_a.sql\0"],
            &["00o1_a.sql\0"],
            &["+001_a.sql\0"],
            &["0001_.sql\0"],
            &["0001_A.sql\0"],
            &["0001_a/../b.sql\0"],
            &["0001_a.txt\0"],
            &["äöü_a.sql\0"],
            &["0001_a.sql"],
            &["0001_a.sql\0select\0"],
        ] {
            read_all(sections).expect_err(&format!("{sections:?}"));
        }
    }
}
