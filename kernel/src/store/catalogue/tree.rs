//! Reads what Postgres made of a view's text (`pg_node_tree`) as far as to learn where its columns come from. It understands
//! nothing else of the tree.

/// A column of a view that is a column of a relation as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Target {
    /// The column's number in the view.
    pub(super) column: u32,
    /// The relation and the column's number there.
    pub(super) relation: u32,
    pub(super) origin: u32,
}

/// The targets of the outermost query: the tree is a list of one node, the query, in which each entry of `:targetList` is a node
/// with its number and origin among its fields.
pub(super) fn targets(tree: &str) -> Vec<Target> {
    let mut reader = Reader::default();
    let mut words = Words(tree);
    while let Some(word) = words.next() {
        reader.read(word, &mut words);
    }
    reader.found
}

#[derive(Default)]
struct Reader {
    /// How many nodes are open: 1 within the query, 2 within its entries.
    depth: u32,
    /// Whether the query's field that is being read is the list.
    listed: bool,
    entry: [u32; 3],
    found: Vec<Target>,
}

impl Reader {
    fn read(&mut self, word: &str, words: &mut Words<'_>) {
        match word {
            "{" => self.open(),
            "}" => self.close(),
            _ if self.depth == 1 && word.starts_with(':') => self.listed = word == ":targetList",
            ":resno" if self.is_entry() => self.entry[0] = words.number(),
            ":resorigtbl" if self.is_entry() => self.entry[1] = words.number(),
            ":resorigcol" if self.is_entry() => self.entry[2] = words.number(),
            _ => {}
        }
    }

    fn is_entry(&self) -> bool {
        self.listed && self.depth == 2
    }

    fn open(&mut self) {
        self.depth += 1;
        if self.is_entry() {
            self.entry = [0; 3];
        }
    }

    fn close(&mut self) {
        let [column, relation, origin] = self.entry;
        if self.is_entry() && relation != 0 && origin != 0 {
            self.found.push(Target { column, relation, origin });
        }
        self.depth = self.depth.saturating_sub(1);
    }
}

/// Brackets, and what stands between spaces; in names a backslash stands before what would end them.
struct Words<'a>(&'a str);

impl Words<'_> {
    fn number(&mut self) -> u32 {
        self.next().and_then(|word| word.parse().ok()).unwrap_or(0)
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.0.trim_start();
        let first = *text.as_bytes().first()?;
        let length = if is_bracket(first) { 1 } else { word_length(text.as_bytes()) };
        let (word, rest) = text.split_at(length);
        self.0 = rest;
        Some(word)
    }
}

fn is_bracket(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'{' | b'}')
}

fn word_length(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\\' => at += 2,
            _ if is_bracket(byte) || byte.is_ascii_whitespace() => break,
            _ => at += 1,
        }
    }
    // A backslash can stand before a letter of several bytes.
    (at.min(text.len())..=text.len()).find(|&end| std::str::from_utf8(&text[..end]).is_ok()).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_where_the_outermost_columns_come_from() {
        let tree = r"({QUERY :commandType 1 :cteList ({COMMONTABLEEXPR :ctequery {QUERY :targetList ({TARGETENTRY :resno 9
            :resorigtbl 9 :resorigcol 9})}}) :targetList ({TARGETENTRY :expr {VAR :varno 1} :resno 1 :resname we\ ird\}
            :resorigtbl 16400 :resorigcol 2 :resjunk false} {TARGETENTRY :expr {OPEXPR :args ({VAR :resno 7})} :resno 2 :resname é\é
            :resorigtbl 0 :resorigcol 0} {TARGETENTRY :resno 3 :resname <> :resorigtbl 16401 :resorigcol 1}) :sortClause ({X
            :resno 4 :resorigtbl 5 :resorigcol 6})})";
        let target = |column, relation, origin| Target { column, relation, origin };
        assert_eq!(targets(tree), [target(1, 16400, 2), target(3, 16401, 1)]);
    }

    #[test]
    fn survives_what_is_no_tree() {
        for text in ["", "({", "}})", "({QUERY :targetList ({TARGETENTRY :resno", "\\", "\\é"] {
            assert!(targets(text).is_empty(), "{text:?}");
        }
    }
}
