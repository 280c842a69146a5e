//! Arbitrary bytes as a source of choices.

/// Reads choices off the front of arbitrary bytes. When they run out, every choice is the first one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let (taken, rest) = self.0.split_at(N.min(self.0.len()));
        array.iter_mut().zip(taken).for_each(|(byte, taken)| *byte = *taken);
        self.0 = rest;
        array
    }

    pub(super) fn u8(&mut self) -> u8 {
        let [byte] = self.array();
        byte
    }

    pub(super) fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    pub(super) fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    pub(super) fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }

    /// One out of `count`, of which there is at least one.
    pub(super) fn below(&mut self, count: usize) -> usize {
        let number = if count <= 256 { usize::from(self.u8()) } else { usize::from(self.u16()) };
        number % count.max(1)
    }

    /// The next `len` bytes, or what is left of them.
    pub(super) fn bytes(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Everything that is left.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.0)
    }

    /// The pieces of what is left, as a stream may come: each no longer than a choice says.
    pub(super) fn pieces<'s>(&mut self, mut stream: &'s [u8]) -> Vec<&'s [u8]> {
        let mut pieces = Vec::new();
        while !stream.is_empty() {
            let len = usize::from(self.u8()).max(1).min(stream.len());
            let (piece, rest) = stream.split_at(len);
            pieces.push(piece);
            stream = rest;
        }
        pieces
    }
}

/// Text in two parts, with a zero byte between them; nothing if it is no text.
pub(super) fn two_texts(bytes: &[u8]) -> Option<(&str, &str)> {
    let text = core::str::from_utf8(bytes).ok()?;
    Some(text.split_once('\0').unwrap_or((text, "")))
}
