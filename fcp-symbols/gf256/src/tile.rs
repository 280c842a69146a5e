//! The loops that all vector kernels share: a tile of several rows, a few vectors wide, is kept in registers while every
//! source passes by once.

/// A vector of bytes.
///
/// # Safety
/// `BYTES` is how many bytes `load` reads and `store` writes.
pub(crate) unsafe trait Lanes: Copy {
    /// Its length.
    const BYTES: usize;
    /// How many of them a tile is wide, so that a tile of [`ROWS`] rows fits into the registers.
    const WIDTH: usize;
    /// A constant, made ready to multiply with.
    type Constant: Copy;
    /// A vector, made ready to be multiplied.
    type Factor: Copy;

    /// Reads a vector.
    ///
    /// # Safety
    /// `from` is valid for reads of `BYTES` bytes, and the processor has this kernel's instructions.
    unsafe fn load(from: *const u8) -> Self;

    /// Writes it.
    ///
    /// # Safety
    /// `to` is valid for writes of `BYTES` bytes, and the processor has this kernel's instructions.
    unsafe fn store(self, to: *mut u8);

    /// Makes a constant ready.
    ///
    /// # Safety
    /// The processor has this kernel's instructions.
    unsafe fn constant(constant: u8) -> Self::Constant;

    /// Makes a vector ready.
    ///
    /// # Safety
    /// The processor has this kernel's instructions.
    unsafe fn factor(self) -> Self::Factor;

    /// Adds a product to it.
    ///
    /// # Safety
    /// The processor has this kernel's instructions.
    unsafe fn mul_add(self, constant: Self::Constant, factor: Self::Factor) -> Self;
}

/// The longest vector.
const MAX_BYTES: usize = 64;

/// The rows of a tile.
pub(crate) const ROWS: usize = 4;

/// Rows of `len` bytes to be made from `sources`.
///
/// What it is made with holds: `len` is not zero and not longer than any source, `rows` is a multiple of `len` long, and there
/// are as many coefficients as rows times sources.
pub(crate) struct Job<'a> {
    pub(crate) rows: &'a mut [u8],
    pub(crate) len: usize,
    pub(crate) sources: &'a [&'a [u8]],
    pub(crate) coefficients: &'a [u8],
}

impl Job<'_> {
    /// Does it with vectors `L`, `W` wide.
    ///
    /// # Safety
    /// The job is what its description says, and the processor has this kernel's instructions.
    #[inline(always)]
    pub(crate) unsafe fn run<L: Lanes, const W: usize>(&mut self) {
        const { assert!(L::BYTES <= MAX_BYTES && W == L::WIDTH) }
        let wide = L::BYTES * W;
        let mut from = 0;
        while from + wide <= self.len {
            // SAFETY: the tile ends within the rows and sources; the caller vouches for the processor.
            unsafe { self.column::<L, W>(from, wide) };
            from += wide;
        }
        while from + L::BYTES <= self.len {
            // SAFETY: as above.
            unsafe { self.column::<L, 1>(from, L::BYTES) };
            from += L::BYTES;
        }
        if from < self.len {
            // SAFETY: what is left is shorter than a vector and ends with the rows.
            unsafe { self.column::<L, 1>(from, self.len - from) };
        }
    }

    /// The bytes from `from` of all rows: `bytes` of them, `W` vectors or less than one.
    ///
    /// # Safety
    /// `from + bytes` is within the rows; `bytes` is `W` vectors or, with `W` = 1, less than one; and the processor has this kernel's
    /// instructions.
    #[inline(always)]
    unsafe fn column<L: Lanes, const W: usize>(&mut self, from: usize, bytes: usize) {
        let count = self.rows.len() / self.len;
        let mut row = 0;
        while row < count {
            // SAFETY: rows `row` up to the number that is named exist; the caller vouches for the rest.
            unsafe {
                match count - row {
                    1 => self.tile::<L, 1, W>(row, from, bytes),
                    2 => self.tile::<L, 2, W>(row, from, bytes),
                    3 => self.tile::<L, 3, W>(row, from, bytes),
                    _ => self.tile::<L, ROWS, W>(row, from, bytes),
                }
            }
            row += ROWS;
        }
    }

    /// The tile of `R` rows from `row`.
    ///
    /// # Safety
    /// As for [`column`](Self::column), and rows `row..row + R` exist.
    #[inline(always)]
    unsafe fn tile<L: Lanes, const R: usize, const W: usize>(&mut self, row: usize, from: usize, bytes: usize) {
        let (count, whole) = (self.sources.len(), bytes >= L::BYTES);
        let out = self.rows.as_mut_ptr();
        let at = |r: usize| (row + r) * self.len + from;
        let coefficients: [&[u8]; R] = core::array::from_fn(|r| &self.coefficients[(row + r) * count..][..count]);
        // SAFETY: the caller vouches that each row has `bytes` bytes from `from` on, and for the processor.
        let mut sums: [[L; W]; R] = core::array::from_fn(|r| unsafe { load(out.add(at(r)), bytes, whole) });
        for (index, source) in self.sources.iter().enumerate() {
            // SAFETY: sources are at least as long as rows.
            let vectors: [L; W] = unsafe { load(source.as_ptr().add(from), bytes, whole) };
            // SAFETY: the caller vouches for the processor.
            let factors = vectors.map(|vector| unsafe { vector.factor() });
            for (sums, coefficients) in sums.iter_mut().zip(&coefficients) {
                // SAFETY: `coefficients` has an entry for each source, and the caller vouches for the processor.
                let constant = unsafe { L::constant(*coefficients.get_unchecked(index)) };
                for (sum, factor) in sums.iter_mut().zip(&factors) {
                    // SAFETY: the caller vouches for the processor.
                    *sum = unsafe { sum.mul_add(constant, *factor) };
                }
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            // SAFETY: as for reading them; `rows` is borrowed mutably.
            unsafe { store(sums, out.add(at(r)), bytes, whole) };
        }
    }
}

/// `W` vectors from `from`, or one of fewer bytes with zeros behind them.
///
/// # Safety
/// `from` is valid for reads of `bytes` bytes, which is `W` vectors if it is `whole` and less than one if not; and the
/// processor has this kernel's instructions.
#[inline(always)]
unsafe fn load<L: Lanes, const W: usize>(from: *const u8, bytes: usize, whole: bool) -> [L; W] {
    if whole {
        // SAFETY: `W` vectors are there.
        return core::array::from_fn(|w| unsafe { L::load(from.add(w * L::BYTES)) });
    }
    let mut padded = [0; MAX_BYTES];
    // SAFETY: `bytes` are there, and fewer than a vector has.
    unsafe { core::ptr::copy_nonoverlapping(from, padded.as_mut_ptr(), bytes) };
    // SAFETY: no vector is longer than `padded`.
    core::array::from_fn(|_| unsafe { L::load(padded.as_ptr()) })
}

/// Writes `W` vectors to `to`, or the first bytes of one.
///
/// # Safety
/// `to` is valid for writes of `bytes` bytes; else as for [`load`].
#[inline(always)]
unsafe fn store<L: Lanes, const W: usize>(vectors: &[L; W], to: *mut u8, bytes: usize, whole: bool) {
    if whole {
        for (w, vector) in vectors.iter().enumerate() {
            // SAFETY: there is room for `W` vectors.
            unsafe { vector.store(to.add(w * L::BYTES)) };
        }
        return;
    }
    let mut padded = [0; MAX_BYTES];
    if let Some(vector) = vectors.first() {
        // SAFETY: no vector is longer than `padded`.
        unsafe { vector.store(padded.as_mut_ptr()) };
    }
    // SAFETY: there is room for `bytes`, fewer than a vector has.
    unsafe { core::ptr::copy_nonoverlapping(padded.as_ptr(), to, bytes) };
}
