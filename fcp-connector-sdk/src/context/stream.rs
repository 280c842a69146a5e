//! Connections of protocols other than HTTP.

use crate::context::Cx;
use crate::effect::{Effect, EffectResult, MAX_CONTENT};
use crate::error::Error;

/// An open connection. The host closes it when the call ends, if [`close`](Self::close) did not.
#[derive(Debug)]
pub struct Stream<'c> {
    cx: &'c Cx,
    number: u32,
}

impl<'c> Stream<'c> {
    pub(crate) const fn new(cx: &'c Cx, number: u32) -> Self {
        Self { cx, number }
    }

    /// Waits for bytes, at most `max`, and returns them; no bytes mean that the other side has closed.
    ///
    /// # Errors
    /// What the host says.
    pub async fn read(&mut self, max: usize) -> Result<Vec<u8>, Error> {
        let max = max.clamp(1, MAX_CONTENT) as u64;
        match self.cx.perform(Effect::StreamRead { stream: self.number, max }).await? {
            EffectResult::Content { content, end } if content.len() as u64 <= max && (end || !content.is_empty()) => {
                Ok(content)
            }
            other => Err(Error::mismatch(&other)),
        }
    }

    /// Writes all of `content`.
    ///
    /// # Errors
    /// What the host says.
    pub async fn write(&mut self, content: &[u8]) -> Result<(), Error> {
        for part in content.chunks(MAX_CONTENT) {
            self.cx.done(Effect::StreamWrite { stream: self.number, content: part.to_vec() }).await?;
        }
        Ok(())
    }

    /// Closes the connection.
    ///
    /// # Errors
    /// What the host says.
    pub async fn close(self) -> Result<(), Error> {
        self.cx.done(Effect::StreamClose { stream: self.number }).await
    }
}
