//! What a page tells its reader to do, and what it says comes of it. It does nothing of it.

use std::path::Path;

/// A part of a page that is tested.
pub enum Block {
    /// Typed in a terminal.
    Commands(String),
    /// What they print.
    Printed(String),
    /// Saved under this path.
    File { path: String, text: String },
    /// Ends what runs.
    CtrlC,
}

/// The blocks behind the marker, in their order.
pub fn read(page: &Path) -> Vec<Block> {
    let text = std::fs::read_to_string(page).expect("a page");
    let mut lines = text.split_once("<!-- tested by").expect("the marker").1.lines();
    let mut blocks = Vec::new();
    while let Some(line) = lines.next() {
        if line == "<!-- Ctrl-C -->" {
            blocks.push(Block::CtrlC);
        }
        let Some(kind) = line.strip_prefix("```") else { continue };
        let text: String = lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
        blocks.push(match kind.split_once(' ') {
            Some((_, path)) => Block::File { path: path.to_owned(), text },
            None if kind == "sh" => Block::Commands(text),
            None => Block::Printed(text),
        });
    }
    blocks
}
