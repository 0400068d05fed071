//! Bytes that stay in the host, and the handles that guests hold on them. It does not stream yet: every body is whole in
//! memory, bounded by the limits of its source.

use bytes::{Buf, Bytes};
use wasmtime::component::Resource;

use super::Call;
use super::bindings::basalt::types::body::{Host, HostBody};
use crate::error::{Error, code};

/// What a part costs besides its content: a list of them grows by doubling, and is copied while it grows.
const PART: u64 = 4 * size_of::<Bytes>() as u64;

/// Content in parts, so that joining bodies copies nothing.
#[derive(Debug, Clone, Default)]
pub struct Body {
    parts: Vec<Bytes>,
    /// Of all parts; kept, because it is asked for at every turn.
    length: u64,
    /// Bytes that this handle has read.
    cursor: u64,
    /// Whether it is for the client alone: somebody writes it while it is sent.
    sealed: bool,
}

impl Body {
    /// What stands for a content that nobody but the client reads.
    pub fn sealed() -> Self {
        Self { sealed: true, ..Self::default() }
    }

    fn check(&self) -> Result<(), Error> {
        let fault = || Error::new(&code::BODY_STREAMED, "the content is being streamed to the client");
        if self.sealed { Err(fault()) } else { Ok(()) }
    }

    /// The size in bytes.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// What the host spends on it: parts without content cost memory too.
    fn cost(&self) -> u64 {
        self.length + self.parts.len() as u64 * PART
    }

    fn append(&mut self, other: Self) {
        self.length += other.length;
        self.parts.extend(other.parts);
    }

    /// Whether there is no content.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The content, in order.
    pub fn into_parts(self) -> Vec<Bytes> {
        self.parts
    }

    /// The content in one piece, without a copy when it is one piece already.
    pub fn to_bytes(&self) -> Bytes {
        match self.parts.as_slice() {
            [] => Bytes::new(),
            [one] => one.clone(),
            many => many.concat().into(),
        }
    }

    /// The next chunk of at most `max` bytes.
    fn read(&mut self, max: usize) -> Option<Vec<u8>> {
        let mut skip = self.cursor;
        for part in &self.parts {
            if skip < part.len() as u64 {
                let mut rest = part.slice(skip as usize..);
                rest.truncate(max);
                self.cursor += rest.remaining() as u64;
                return Some(rest.to_vec());
            }
            skip -= part.len() as u64;
        }
        None
    }
}

impl From<Bytes> for Body {
    fn from(content: Bytes) -> Self {
        Self { length: content.len() as u64, parts: vec![content], ..Self::default() }
    }
}

impl From<Vec<Bytes>> for Body {
    fn from(parts: Vec<Bytes>) -> Self {
        let length = parts.iter().map(|part| part.len() as u64).sum();
        Self { length, parts, ..Self::default() }
    }
}

impl Host for Call {}

impl Call {
    /// Gives the guest a handle.
    pub(super) fn hold(&mut self, body: Body) -> wasmtime::Result<Resource<Body>> {
        self.held.take(body.cost())?;
        Ok(self.table.push(body)?)
    }

    /// Takes a handle from the guest.
    pub(super) fn release(&mut self, body: Resource<Body>) -> wasmtime::Result<Body> {
        let body = self.table.delete(body)?;
        self.held.give_back(body.cost());
        Ok(body)
    }
}

impl HostBody for Call {
    fn new(&mut self, content: Vec<u8>) -> wasmtime::Result<Resource<Body>> {
        self.hold(Body::from(Bytes::from(content)))
    }

    fn concat(&mut self, parts: Vec<Resource<Body>>) -> wasmtime::Result<Resource<Body>> {
        let mut whole = Body::default();
        for part in parts {
            whole.append(self.release(part)?);
        }
        self.hold(whole)
    }

    fn length(&mut self, body: Resource<Body>) -> wasmtime::Result<Option<u64>> {
        let body = self.table.get(&body)?;
        Ok((!body.sealed).then(|| body.len()))
    }

    fn read(&mut self, body: Resource<Body>, max: u32) -> Result<Option<Vec<u8>>, Error> {
        let body = self.table.get_mut(&body).map_err(Error::internal)?;
        body.check()?;
        Ok(body.read(max as usize))
    }

    fn read_all(&mut self, body: Resource<Body>, limit: u64) -> Result<Vec<u8>, Error> {
        let body = self.table.get(&body).map_err(Error::internal)?;
        body.check()?;
        if body.len() > limit {
            let message = format!("the body has {} bytes, more than the {limit} that are accepted", body.len());
            return Err(Error::new(&code::BODY_TOO_LARGE, message));
        }
        Ok(body.parts.concat())
    }

    fn drop(&mut self, body: Resource<Body>) -> wasmtime::Result<()> {
        self.release(body).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_of_a_joined_body_are_its_content_in_order() {
        let mut body = Body::default();
        ["ab", "", "cde"].into_iter().for_each(|part| body.append(Body::from(Bytes::from(part))));
        let mut seen = Vec::new();
        while let Some(chunk) = body.read(2) {
            assert!(!chunk.is_empty() && chunk.len() <= 2);
            seen.extend(chunk);
        }
        assert_eq!(seen, b"abcde");
        assert_eq!(body.len(), 5);
        assert_eq!(body.to_bytes(), "abcde");
    }
}
