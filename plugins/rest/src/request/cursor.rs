//! Reading a parameter's value character by character, with errors that point at the character. It deliberately knows no
//! grammar: the modules beside it do.

use crate::refusal::Refusal;

/// A place in the text of one parameter.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    /// What the text is, for the message: `filter`.
    what: &'static str,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(what: &'static str, text: &'a str) -> Self {
        Self { text, at: 0, what }
    }

    pub(crate) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(crate) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(crate) fn at_end(&self) -> bool {
        self.at == self.text.len()
    }

    /// Takes `token` if it comes next.
    pub(crate) fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    pub(crate) fn eat_spaces(&mut self) {
        self.take_while(|next| matches!(next, ' ' | '\t'));
    }

    /// Takes `token`, or says that it is missing.
    pub(crate) fn expect(&mut self, token: &str) -> Result<(), Refusal> {
        if self.eat(token) { Ok(()) } else { Err(self.unexpected(&format!("{token:?}"))) }
    }

    /// Takes the characters that `wanted` accepts; maybe none.
    pub(crate) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|next| !wanted(next)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// Takes everything that is left.
    pub(crate) fn take_rest(&mut self) -> &'a str {
        self.take_while(|_| true)
    }

    /// Takes `"…"`, with `\` before a character that is meant as it is. Nothing is taken when the quote does not end.
    pub(crate) fn take_quoted(&mut self) -> Option<String> {
        let mut value = String::new();
        let mut characters = self.rest().char_indices();
        characters.next().filter(|(_, first)| *first == '"')?;
        while let Some((place, next)) = characters.next() {
            match next {
                '"' => {
                    self.at += place + 1;
                    return Some(value);
                }
                '\\' => value.push(characters.next()?.1),
                _ => value.push(next),
            }
        }
        None
    }

    /// Nothing may follow.
    pub(crate) fn end(&self, expecting: &str) -> Result<(), Refusal> {
        if self.at_end() { Ok(()) } else { Err(self.unexpected(expecting)) }
    }

    /// The refusal for what comes next, in the words of PostgREST's parser.
    pub(crate) fn unexpected(&self, expecting: &str) -> Refusal {
        let found = match self.peek() {
            Some(next) => format!("\"{next}\""),
            None => "end of input".to_owned(),
        };
        self.fault(&format!("unexpected {found} expecting {expecting}"))
    }

    pub(crate) fn fault(&self, details: &str) -> Refusal {
        let column = self.text[..self.at].chars().count() + 1;
        let message = format!("\"failed to parse {} ({})\" (line 1, column {column})", self.what, self.text);
        Refusal::new(400, "PGRST100", message).details(details)
    }
}
