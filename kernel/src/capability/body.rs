//! Bytes that stay in the host, and the handles that guests hold on them. It does not stream yet: every body is whole in
//! memory, bounded by the limits of its source.

use bytes::{Buf, Bytes};
use wasmtime::component::Resource;

use super::Call;
use super::bindings::basalt::types::body::{Host, HostBody};
use crate::error::{Error, code};

/// Content in parts, so that joining bodies copies nothing.
#[derive(Debug, Clone, Default)]
pub struct Body {
    parts: Vec<Bytes>,
    /// Bytes that this handle has read.
    cursor: u64,
    /// What the call was charged for it.
    cost: u64,
}

/// What a part costs beside its content: without it, parts of nothing would be free.
const PART: u64 = 64;

impl Body {
    /// The size in bytes.
    pub fn len(&self) -> u64 {
        self.parts.iter().map(|part| part.len() as u64).sum()
    }

    /// Whether there is no content.
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(Bytes::is_empty)
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
        Self { parts: vec![content], ..Self::default() }
    }
}

impl Host for Call {}

impl Call {
    /// A body that the guest made, at the cost of what the host may hold for it.
    pub(super) fn push_body(&mut self, content: Bytes) -> wasmtime::Result<Resource<Body>> {
        let cost = content.len() as u64 + PART;
        self.memory.refused |= !self.memory.hold(cost);
        wasmtime::ensure!(!self.memory.refused, "the call's handles hold more than its limit `host_memory`");
        Ok(self.table.push(Body { parts: vec![content], cursor: 0, cost })?)
    }
}

impl HostBody for Call {
    fn new(&mut self, content: Vec<u8>) -> wasmtime::Result<Resource<Body>> {
        self.push_body(content.into())
    }

    fn concat(&mut self, parts: Vec<Resource<Body>>) -> wasmtime::Result<Resource<Body>> {
        let mut whole = Body::default();
        for part in parts {
            let part = self.table.delete(part)?;
            whole.parts.extend(part.parts);
            whole.cost += part.cost;
        }
        Ok(self.table.push(whole)?)
    }

    fn length(&mut self, body: Resource<Body>) -> wasmtime::Result<Option<u64>> {
        Ok(Some(self.table.get(&body)?.len()))
    }

    fn read(&mut self, body: Resource<Body>, max: u32) -> Result<Option<Vec<u8>>, Error> {
        let body = self.table.get_mut(&body).map_err(Error::internal)?;
        Ok(body.read(max as usize))
    }

    fn read_all(&mut self, body: Resource<Body>, limit: u64) -> Result<Vec<u8>, Error> {
        let body = self.table.get(&body).map_err(Error::internal)?;
        if body.len() > limit {
            let message = format!("the body has {} bytes, more than the {limit} that are accepted", body.len());
            return Err(Error::new(&code::BODY_TOO_LARGE, message));
        }
        Ok(body.parts.concat())
    }

    fn drop(&mut self, body: Resource<Body>) -> wasmtime::Result<()> {
        let body = self.table.delete(body)?;
        self.memory.release(body.cost);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_of_a_joined_body_are_its_content_in_order() {
        let mut body = Body { parts: vec![Bytes::from("ab"), Bytes::new(), Bytes::from("cde")], ..Body::default() };
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
