//! Reading a parameter's value character by character, with faults that point at the character. It deliberately knows no
//! grammar: the modules beside it do.

/// Why a text could not be read, in the words of PostgREST's parser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which text, and where in it.
    pub message: String,
    /// What was found and what was expected there.
    pub details: String,
}

/// A place in the text of one parameter.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    text: &'a str,
    at: usize,
    /// What the text is, for the message: `filter`.
    what: &'static str,
    /// How many characters stand before the text, as far as columns are concerned.
    before: usize,
}

impl<'a> Cursor<'a> {
    /// At the start of `text`, which messages call `what`.
    pub fn new(what: &'static str, text: &'a str) -> Self {
        Self { text, at: 0, what, before: 0 }
    }

    /// The same, with columns counted as if so many characters stood before the text.
    #[must_use]
    pub fn after(self, before: usize) -> Self {
        Self { before, ..self }
    }

    /// What is left.
    pub fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// The next character.
    pub fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Whether nothing is left.
    pub fn at_end(&self) -> bool {
        self.at == self.text.len()
    }

    /// Takes `token` if it comes next.
    pub fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    /// Takes the spaces that come next.
    pub fn eat_spaces(&mut self) {
        self.take_while(|next| matches!(next, ' ' | '\t'));
    }

    /// Takes `token`, or says that it is missing.
    ///
    /// # Errors
    /// When something else comes next.
    pub fn expect(&mut self, token: &str) -> Result<(), Fault> {
        if self.eat(token) { Ok(()) } else { Err(self.unexpected(&format!("{token:?}"))) }
    }

    /// Takes the characters that `wanted` accepts; maybe none.
    pub fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|next| !wanted(next)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// Takes everything that is left.
    pub fn take_rest(&mut self) -> &'a str {
        self.take_while(|_| true)
    }

    /// Takes `"…"`, with `\` before a character that is meant as it is. Nothing is taken when the quote does not end.
    pub fn take_quoted(&mut self) -> Option<String> {
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
    ///
    /// # Errors
    /// When something does.
    pub fn end(&self, expecting: &str) -> Result<(), Fault> {
        if self.at_end() { Ok(()) } else { Err(self.unexpected(expecting)) }
    }

    /// The fault for what comes next.
    pub fn unexpected(&self, expecting: &str) -> Fault {
        let found = match self.peek() {
            Some(next) => format!("\"{next}\""),
            None => "end of input".to_owned(),
        };
        self.fault(&format!("unexpected {found} expecting {expecting}"))
    }

    /// The same where the text could have ended: the parser that this imitates shows the character in single quotes there.
    pub fn not_ended(&self, expecting: &str) -> Fault {
        match self.peek() {
            Some(next) => self.fault(&format!("unexpected '{next}' expecting {expecting}")),
            None => self.unexpected(expecting),
        }
    }

    /// A fault at this place.
    pub fn fault(&self, details: &str) -> Fault {
        let column = self.before + self.text[..self.at].chars().count() + 1;
        let message = format!("\"failed to parse {} ({})\" (line 1, column {column})", self.what, self.text);
        Fault { message, details: details.to_owned() }
    }
}
