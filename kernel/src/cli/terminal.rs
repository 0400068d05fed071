//! How commands speak to a terminal and ask it. What they say and ask is theirs.

use std::io::IsTerminal as _;

use crate::config::variable;
use crate::error::{Error, Result};
use crate::host::manifest::is_hidden;

/// Whether somebody is there to be asked.
pub(super) fn is_attended() -> bool {
    std::io::stdin().is_terminal()
}

/// Whether what is printed may have colours; see no-color.org.
pub(super) fn has_colour() -> bool {
    std::io::stdout().is_terminal() && variable("NO_COLOR").is_none()
}

/// What is typed as the answer, without the space around it; the end of the input is an empty answer.
pub(super) fn ask(question: &str) -> Result<String> {
    // Standard output is for what a command found out.
    eprint!("{question} ");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(Error::internal)?;
    Ok(answer.trim().to_owned())
}

/// Whether an answer is a yes; everything else is none.
pub(super) fn is_yes(answer: &str) -> bool {
    ["y", "yes"].iter().any(|yes| answer.eq_ignore_ascii_case(yes))
}

/// A text of somebody else in one line: nothing in it moves the cursor, starts a command of the terminal or turns the
/// direction of the line.
pub(super) fn plain(text: &str) -> String {
    text.chars()
        .map(|char| if is_hidden(char) { char.escape_unicode().to_string() } else { char.to_string() })
        .collect()
}

/// The same in as many lines as it has, each behind this space.
pub(super) fn indented(text: &str, space: &str) -> String {
    text.lines().map(|line| format!("{space}{}\n", plain(line))).collect()
}

pub(super) fn red(text: &str, has_colour: bool) -> String {
    if has_colour { format!("\x1b[31m{text}\x1b[0m") } else { text.to_owned() }
}

/// Lines with columns as wide as what is in them.
pub(super) fn table(rows: &[Vec<String>], space: &str) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<_> = (0..count).map(|column| width(column).unwrap_or_default()).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<_> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("{space}{}", cells.join("  ")).trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_one() {
        for yes in ["y", "Y", "yes", "YES"] {
            assert!(is_yes(yes), "{yes:?}");
        }
        for no in ["", "n", "no", "ye", "yes please", "j", "1"] {
            assert!(!is_yes(no), "{no:?}");
        }
    }

    #[test]
    fn nothing_of_somebody_else_commands_the_terminal() {
        assert_eq!(plain("größer \u{1b}[2J\r\u{202e}"), "größer \\u{1b}[2J\\u{d}\\u{202e}");
        assert_eq!(indented("a\nb\u{7}\n", "  "), "  a\n  b\\u{7}\n");
    }

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let row = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        let rows = [row(&["id", "state"]), row(&["größe", "ready", ""]), row(&["a"])];
        assert_eq!(table(&rows, " "), " id     state\n größe  ready\n a\n");
        assert_eq!(table(&[], ""), "");
    }
}
