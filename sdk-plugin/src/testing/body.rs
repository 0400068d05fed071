//! Bytes that would stay in the host, in memory. It deliberately has no limit of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::Problem;

/// A handle to bytes in host memory.
#[derive(Debug)]
pub struct Body {
    bytes: Arc<[u8]>,
    cursor: AtomicUsize,
}

impl Body {
    /// A body with this content.
    pub fn new(content: &[u8]) -> Self {
        Self::of(content.into())
    }

    /// The parts, one after the other: `[` + rows + `]`.
    pub fn concat(parts: Vec<Body>) -> Self {
        Self::of(parts.iter().flat_map(|part| part.bytes.iter().copied()).collect())
    }

    /// All of it in bytes, whatever was read of it.
    pub fn length(&self) -> Option<u64> {
        Some(self.bytes.len() as u64)
    }

    /// The next chunk, of one byte to `max` bytes; `None` at the end.
    pub fn read(&self, max: u32) -> Result<Option<Vec<u8>>, Problem> {
        let start = self.cursor.load(Ordering::Relaxed);
        let end = self.bytes.len().min(start + max as usize);
        self.cursor.store(end, Ordering::Relaxed);
        Ok((start < end).then(|| self.bytes[start..end].to_vec()))
    }

    /// Everything, wherever the cursor is. Problem `body.too-large` when there is more than `limit` bytes.
    pub fn read_all(&self, limit: u64) -> Result<Vec<u8>, Problem> {
        if self.bytes.len() as u64 > limit {
            let message = format!("the body has {} bytes, more than {limit}", self.bytes.len());
            return Err(Problem::new("body.too-large", message));
        }
        Ok(self.bytes.to_vec())
    }

    /// A new handle to the same bytes.
    pub(super) fn again(&self) -> Self {
        Self::of(Arc::clone(&self.bytes))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn of(bytes: Arc<[u8]>) -> Self {
        Self { bytes, cursor: AtomicUsize::new(0) }
    }
}
