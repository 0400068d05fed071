//! Bytes that stay in the host, and the handles that guests hold on them. Nearly all are whole in memory, bounded by the limits
//! of their source; one that still arrives is read by whoever needs it. It knows no connection.

use bytes::{Buf, Bytes, BytesMut};
use wasmtime::component::Resource;

use super::Call;
use super::bindings::basalt::types::body::{Host, HostBody};
use super::http::upload::Upload;
use crate::error::{Error, code};

/// What a part costs besides its content: a list of them grows by doubling, and is copied while it grows.
const PART: u64 = 4 * size_of::<Bytes>() as u64;

/// Content in parts, so that joining bodies copies nothing; or where it will come from.
#[derive(Debug, Clone, Default)]
pub struct Body {
    parts: Vec<Bytes>,
    /// Of all parts; kept, because it is asked for at every turn.
    length: u64,
    /// Bytes that this handle has read.
    cursor: u64,
    source: Option<Source>,
}

/// Where a content comes from that is not here.
#[derive(Debug, Clone)]
enum Source {
    /// A client that sends it.
    Upload(Upload),
    /// It is for somebody else alone: for the client, or for the handler.
    Sealed,
}

/// What of a content that arrives is kept in one piece: small ones would each cost more than they hold.
const KEPT: usize = 64 << 10;

impl Body {
    /// What stands for a content that only somebody else reads.
    pub fn sealed() -> Self {
        Self { source: Some(Source::Sealed), ..Self::default() }
    }

    /// Whether all of it is here.
    ///
    /// # Errors
    /// `body.streamed`.
    pub fn check(&self) -> Result<(), Error> {
        if self.source.is_none() {
            Ok(())
        } else {
            Err(streamed("the content is being streamed, and not to this plugin"))
        }
    }

    /// What it is read from as it arrives.
    pub(super) fn upload(&self) -> Option<Upload> {
        match &self.source {
            Some(Source::Upload(upload)) => Some(upload.clone()),
            _ => None,
        }
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
        self.source = self.source.take().or(other.source);
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

impl From<Upload> for Body {
    fn from(upload: Upload) -> Self {
        Self { source: Some(Source::Upload(upload)), ..Self::default() }
    }
}

fn streamed(why: &str) -> Error {
    Error::new(&code::BODY_STREAMED, why)
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

impl Call {
    /// Has what a handle stands for read to its end, where it still arrives, within what the call may hold.
    pub(super) async fn materialise(&mut self, handle: &Resource<Body>) -> Result<(), Error> {
        let body = self.table.get(handle).map_err(Error::internal)?;
        let Some(upload) = body.upload() else { return body.check() };
        if upload.is_begun().await {
            return Err(streamed("the content was read in part already"));
        }
        let (mut whole, mut kept, mut taken) = (Body::default(), BytesMut::new(), 0);
        let outcome = loop {
            match self.pull(&upload, KEPT).await {
                Ok(None) => break Ok(()),
                Err(fault) => break Err(fault),
                Ok(Some(piece)) => {
                    let cost = piece.len() as u64;
                    if let Err(fault) = self.held.take(cost) {
                        break Err(Error::new(&code::PLUGIN_OUT_OF_MEMORY, format!("{fault}")));
                    }
                    taken += cost;
                    kept.extend_from_slice(&piece);
                }
            }
            if kept.len() >= KEPT {
                whole.append(Self::part(&mut kept));
            }
        };
        self.held.give_back(taken);
        outcome?;
        whole.append(Self::part(&mut kept));
        self.held.take(whole.cost()).map_err(|fault| Error::new(&code::PLUGIN_OUT_OF_MEMORY, format!("{fault}")))?;
        *self.table.get_mut(handle).map_err(Error::internal)? = whole;
        Ok(())
    }

    fn part(kept: &mut BytesMut) -> Body {
        Body::from(kept.split().freeze())
    }

    /// Takes a handle from the guest, with all that it stands for.
    pub(super) async fn whole(&mut self, handle: Resource<Body>) -> Result<Body, Error> {
        let here = self.materialise(&handle).await;
        // First: a handle that is left behind costs the plugin its instance.
        let body = self.release(handle).map_err(Error::internal)?;
        here.map(|()| body)
    }
}

impl HostBody for Call {
    fn new(&mut self, content: Vec<u8>) -> wasmtime::Result<Resource<Body>> {
        self.hold(Body::from(Bytes::from(content)))
    }

    async fn concat(&mut self, parts: Vec<Resource<Body>>) -> wasmtime::Result<Resource<Body>> {
        let mut whole = Body::default();
        for part in parts {
            whole.append(self.whole(part).await?);
        }
        self.hold(whole)
    }

    fn length(&mut self, body: Resource<Body>) -> wasmtime::Result<Option<u64>> {
        let body = self.table.get(&body)?;
        Ok(body.check().is_ok().then(|| body.len()))
    }

    async fn read(&mut self, body: Resource<Body>, max: u32) -> Result<Option<Vec<u8>>, Error> {
        if let Some(upload) = self.table.get(&body).map_err(Error::internal)?.upload() {
            return Ok(self.pull(&upload, max as usize).await?.map(|piece| piece.to_vec()));
        }
        let body = self.table.get_mut(&body).map_err(Error::internal)?;
        body.check()?;
        Ok(body.read(max as usize))
    }

    async fn read_all(&mut self, body: Resource<Body>, limit: u64) -> Result<Vec<u8>, Error> {
        self.materialise(&body).await?;
        let body = self.table.get(&body).map_err(Error::internal)?;
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
