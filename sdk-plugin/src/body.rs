//! Bytes that stay in the host, or arrive while they are read, on a route that streams. It deliberately offers no writer: a plugin
//! that makes bytes answers with them, or streams them ([`crate::stream`]).

use crate::Problem;
pub use crate::bindings::basalt::types::body::Body;

/// What one host call copies at most. More calls cost more, larger chunks hold more of the plugin's memory.
const CHUNK: u32 = 64 << 10;

impl Body {
    /// A body with this text. To hand on bytes of the host, use the handle that it gave.
    pub fn from_text(text: &str) -> Self {
        Self::new(text.as_bytes())
    }

    /// Everything as text. A problem `body.too-large` when there is more than `limit` bytes, `body.invalid` when it is
    /// not UTF-8.
    pub fn read_text(&self, limit: u64) -> Result<String, Problem> {
        String::from_utf8(self.read_all(limit)?).map_err(|_| Problem::new("body.invalid", "The body is not UTF-8"))
    }

    /// A reader from the cursor to the end, for parsers that stream.
    pub fn reader(&self) -> impl std::io::Read + '_ {
        Reader { body: self, chunk: Vec::new(), taken: 0 }
    }
}

struct Reader<'a> {
    body: &'a Body,
    chunk: Vec<u8>,
    taken: usize,
}

impl std::io::Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.taken == self.chunk.len() {
            self.chunk = self.body.read(CHUNK).map_err(std::io::Error::other)?.unwrap_or_default();
            self.taken = 0;
        }
        let count = buffer.len().min(self.chunk.len() - self.taken);
        buffer[..count].copy_from_slice(&self.chunk[self.taken..self.taken + count]);
        self.taken += count;
        Ok(count)
    }
}
