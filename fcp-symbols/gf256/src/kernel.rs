//! Which instructions do the work.

use crate::tile::Job;
use crate::{ShapeError, scalar};

/// Whether the processor has a feature: asked at run time with `std`, known when compiled without.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! has {
    ($feature:tt) => {{
        #[cfg(all(feature = "std", target_arch = "x86_64"))]
        let has = std::arch::is_x86_feature_detected!($feature);
        #[cfg(all(feature = "std", target_arch = "aarch64"))]
        let has = std::arch::is_aarch64_feature_detected!($feature);
        #[cfg(not(feature = "std"))]
        let has = cfg!(target_feature = $feature);
        has
    }};
}
/// Instructions that this processor has: whoever holds a kernel can run it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernel(Set);

/// Instruction sets, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    #[cfg(target_arch = "x86_64")]
    GfniAvx512,
    #[cfg(target_arch = "x86_64")]
    GfniAvx2,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "aarch64")]
    Neon,
    Scalar,
}

impl Set {
    const ALL: &[Self] = &[
        #[cfg(target_arch = "x86_64")]
        Self::GfniAvx512,
        #[cfg(target_arch = "x86_64")]
        Self::GfniAvx2,
        #[cfg(target_arch = "x86_64")]
        Self::Avx2,
        #[cfg(target_arch = "aarch64")]
        Self::Neon,
        Self::Scalar,
    ];

    /// Whether the processor has it.
    fn is_there(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::GfniAvx512 => has!("gfni") && has!("avx512f") && has!("avx512bw"),
            #[cfg(target_arch = "x86_64")]
            Self::GfniAvx2 => has!("gfni") && has!("avx2"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => has!("avx2"),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => has!("neon"),
            Self::Scalar => true,
        }
    }
}

impl Kernel {
    /// The one that works everywhere.
    pub const SCALAR: Self = Self(Set::Scalar);

    /// The best that this processor has.
    #[must_use]
    pub fn best() -> Self {
        Self::available().next().unwrap_or(Self::SCALAR)
    }

    /// All that this processor has, the best first.
    pub fn available() -> impl Iterator<Item = Self> {
        Set::ALL.iter().copied().filter(|set| set.is_there()).map(Self)
    }

    /// The instructions that it uses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Set::GfniAvx512 => "GFNI and AVX-512",
            #[cfg(target_arch = "x86_64")]
            Set::GfniAvx2 => "GFNI and AVX2",
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => "AVX2",
            #[cfg(target_arch = "aarch64")]
            Set::Neon => "NEON",
            Set::Scalar => "portable",
        }
    }

    /// How many bytes it multiplies at once.
    #[must_use]
    pub const fn width(self) -> usize {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Set::GfniAvx512 => 64,
            #[cfg(target_arch = "x86_64")]
            Set::GfniAvx2 | Set::Avx2 => 32,
            #[cfg(target_arch = "aarch64")]
            Set::Neon => 16,
            Set::Scalar => 8,
        }
    }

    /// Whether multiplying is an instruction (GFNI), not a table.
    #[must_use]
    pub const fn multiplies(self) -> bool {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Set::GfniAvx512 | Set::GfniAvx2 => true,
            _ => false,
        }
    }

    /// As [`mul_add`](crate::mul_add), with this kernel.
    ///
    /// # Errors
    /// [`ShapeError`] if the slices differ in length.
    pub fn mul_add(self, out: &mut [u8], constant: u8, source: &[u8]) -> Result<(), ShapeError> {
        if out.len() != source.len() {
            return Err(ShapeError);
        }
        if self.0 == Set::Scalar {
            scalar::mul_add(out, constant, source);
            return Ok(());
        }
        let len = out.len();
        self.combine(out, len, &[source], &[constant])
    }

    /// As [`combine`](crate::combine), with this kernel.
    ///
    /// # Errors
    /// [`ShapeError`] if a source is not `len` long, or `rows` or `coefficients` do not fit the number of rows.
    pub fn combine(
        self,
        rows: &mut [u8],
        len: usize,
        sources: &[&[u8]],
        coefficients: &[u8],
    ) -> Result<(), ShapeError> {
        if sources.iter().any(|source| source.len() != len) {
            return Err(ShapeError);
        }
        if len == 0 || sources.is_empty() {
            let fits = if len == 0 { rows.is_empty() } else { coefficients.is_empty() };
            return if fits { Ok(()) } else { Err(ShapeError) };
        }
        if !rows.len().is_multiple_of(len) || (rows.len() / len).checked_mul(sources.len()) != Some(coefficients.len())
        {
            return Err(ShapeError);
        }
        let job = Job { rows, len, sources, coefficients };
        match self.0 {
            // SAFETY: a kernel is only made where the processor has its instructions, and the job's shape was checked.
            #[cfg(target_arch = "x86_64")]
            Set::GfniAvx512 => unsafe { crate::x86::gfni_avx512(job) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Set::GfniAvx2 => unsafe { crate::x86::gfni_avx2(job) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => unsafe { crate::x86::avx2(job) },
            // SAFETY: as above.
            #[cfg(target_arch = "aarch64")]
            Set::Neon => unsafe { crate::neon::neon(job) },
            Set::Scalar => scalar::combine(job.rows, job.len, job.sources, job.coefficients),
        }
        Ok(())
    }
}
