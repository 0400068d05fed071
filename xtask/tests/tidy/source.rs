//! The tree's Rust files, each split into what the compiler sees and what it does not.
//!
//! A lexer of comments and literals and no more: it never parses.

use std::fs;
use std::path::{Path, PathBuf};

/// All Rust files of the workspace.
pub(crate) struct Tree {
    pub(crate) root: PathBuf,
    pub(crate) sources: Vec<Source>,
}

/// One Rust file.
pub(crate) struct Source {
    /// From the top of the checkout, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
    /// The text with comments and the content of literals blanked; lines are where they were.
    pub(crate) code: String,
    pub(crate) comments: Vec<Piece>,
    pub(crate) literals: Vec<Piece>,
}

/// A comment or the content of a string literal.
pub(crate) struct Piece {
    pub(crate) line: usize,
    pub(crate) text: String,
}

impl Tree {
    pub(crate) fn open() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace is there");
        let mut sources = Vec::new();
        for top in ["kernel", "plugins", "sdk-plugin", "xtask"] {
            collect(&root, &root.join(top), &mut sources);
        }
        Self { root, sources }
    }

    /// The files below a folder.
    pub(crate) fn under(&self, folder: &str) -> impl Iterator<Item = &Source> {
        let folder = format!("{folder}/");
        self.sources.iter().filter(move |source| source.path.starts_with(&folder))
    }

    /// The names in a folder (with their extension), sorted; `None` when there is no such folder.
    pub(crate) fn names(&self, folder: &str) -> Option<Vec<String>> {
        let entries = fs::read_dir(self.root.join(folder)).ok()?;
        let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into()).collect();
        names.sort();
        Some(names)
    }
}

fn collect(root: &Path, folder: &Path, sources: &mut Vec<Source>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() && !path.ends_with("target") && !path.ends_with("node_modules") {
            collect(root, &path, sources);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let text = fs::read_to_string(&path).expect("a readable source");
            let path = path.strip_prefix(root).expect("a path below the root").to_string_lossy().replace('\\', "/");
            sources.push(Source::split(path, text));
        }
    }
}

impl Source {
    pub(crate) fn split(path: String, text: String) -> Self {
        let mut source = Self { path, text, code: String::new(), comments: Vec::new(), literals: Vec::new() };
        let text = std::mem::take(&mut source.text);
        let mut rest = text.as_str();
        while !rest.is_empty() {
            rest = source.take(rest);
        }
        source.text = text;
        source
    }

    /// The code before the file's own unit tests, which stand at its end.
    pub(crate) fn production(&self) -> &str {
        self.code.find("#[cfg(test)]\nmod ").map_or(&self.code, |end| &self.code[..end])
    }

    /// The literals of the production code.
    pub(crate) fn production_literals(&self) -> impl Iterator<Item = &Piece> {
        let end = self.production().matches('\n').count() + 1;
        self.literals.iter().filter(move |literal| literal.line <= end)
    }

    /// The lines of the given text in which the word stands, with their number.
    pub(crate) fn lines_with<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        text.lines().enumerate().filter(move |(_, line)| line.contains(word)).map(|(at, _)| at + 1)
    }

    /// Take one comment, one literal or one character.
    fn take<'a>(&mut self, rest: &'a str) -> &'a str {
        if rest.starts_with("//") {
            return self.comment(rest, rest.find('\n').unwrap_or(rest.len()));
        }
        if rest.starts_with("/*") {
            return self.comment(rest, block(rest));
        }
        if let Some((open, close)) = literal(rest, self.code.chars().next_back()) {
            return self.literal(rest, open, close);
        }
        let length = character(rest);
        self.code.push_str(&rest[..length]);
        &rest[length..]
    }

    fn comment<'a>(&mut self, rest: &'a str, length: usize) -> &'a str {
        let line = self.line();
        self.comments.push(Piece { line, text: rest[..length].to_owned() });
        self.blank(&rest[..length]);
        &rest[length..]
    }

    /// `open` is the length up to the quote and with it; `close` what ends the literal.
    fn literal<'a>(&mut self, rest: &'a str, open: usize, close: &str) -> &'a str {
        let content = &rest[open..];
        let length = if close == "\"" { escaped(content) } else { content.find(close).unwrap_or(content.len()) };
        let line = self.line();
        self.literals.push(Piece { line, text: content[..length].to_owned() });
        self.code.push('"');
        self.blank(&content[..length]);
        self.code.push('"');
        &content[(length + close.len()).min(content.len())..]
    }

    fn line(&self) -> usize {
        self.code.matches('\n').count() + 1
    }

    fn blank(&mut self, text: &str) {
        self.code.extend(text.chars().filter(|char| *char == '\n'));
    }
}

/// Whether a string literal begins here: the length of its beginning, and what ends it.
fn literal(rest: &str, before: Option<char>) -> Option<(usize, &'static str)> {
    const ENDS: [&str; 4] = ["\"", "\"#", "\"##", "\"###"];
    if rest.starts_with('"') {
        return Some((1, "\""));
    }
    // An `r` at the end of a name begins nothing.
    if before.is_some_and(|char| char.is_alphanumeric() || char == '_') {
        return None;
    }
    let body = rest.strip_prefix('b').or_else(|| rest.strip_prefix('c')).unwrap_or(rest);
    let prefix = rest.len() - body.len();
    let raw = body.strip_prefix('r')?;
    let hashes = raw.len() - raw.trim_start_matches('#').len();
    let end = if hashes == 0 { "\"" } else { ENDS.get(hashes)? };
    raw[hashes..].starts_with('"').then_some((prefix + 1 + hashes + 1, end))
}

/// The length of a block comment; they nest.
fn block(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match rest.as_bytes()[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// The length of a literal's content up to the quote that is not escaped.
fn escaped(content: &str) -> usize {
    let mut escape = false;
    for (at, char) in content.char_indices() {
        match char {
            '"' if !escape => return at,
            _ => escape = char == '\\' && !escape,
        }
    }
    content.len()
}

/// The length of a character literal that could be mistaken for something else (`'"'`, `'\''`), else of one character.
fn character(rest: &str) -> usize {
    ["'\"'", "'\\\"'", "'\\''", "'\\\\'"]
        .into_iter()
        .find(|quoted| rest.starts_with(quoted))
        .map_or_else(|| rest.chars().next().map_or(1, char::len_utf8), str::len)
}

#[test]
fn tells_code_from_comments_and_literals() {
    let text = "let a = \"b // c\"; // d \"e\"\nlet f = r#\"g \" h\"#; /* i /* j */ k */ let l = '\"'; m(\"\\\"n\")";
    let source = Source::split(String::new(), text.to_owned());
    let texts = |pieces: &[Piece]| pieces.iter().map(|piece| piece.text.clone()).collect::<Vec<_>>().join("|");
    assert_eq!(texts(&source.comments), "// d \"e\"|/* i /* j */ k */");
    assert_eq!(texts(&source.literals), "b // c|g \" h|\\\"n");
    assert_eq!(source.code, "let a = \"\"; \nlet f = \"\";  let l = '\"'; m(\"\")");
    assert_eq!(source.literals[1].line, 2);
}
