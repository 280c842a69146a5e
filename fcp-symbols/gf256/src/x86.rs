//! Kernels of x86-64.

use core::arch::x86_64::{
    __m128i, __m256i, __m512i, _mm_load_si128, _mm256_and_si256, _mm256_broadcastsi128_si256,
    _mm256_gf2p8affine_epi64_epi8, _mm256_loadu_si256, _mm256_set1_epi8, _mm256_set1_epi64x, _mm256_shuffle_epi8,
    _mm256_srli_epi64, _mm256_storeu_si256, _mm256_xor_si256, _mm512_gf2p8affine_epi64_epi8, _mm512_loadu_si512,
    _mm512_set1_epi64, _mm512_storeu_si512, _mm512_xor_si512,
};

use crate::field::{MATRICES, NIBBLES};
use crate::tile::{Job, Lanes};

/// Does a job with GFNI and AVX-512.
///
/// # Safety
/// The processor has both.
#[target_feature(enable = "avx512f,avx512bw,gfni")]
pub(crate) unsafe fn gfni_avx512(mut job: Job<'_>) {
    // SAFETY: the caller vouches for the processor.
    unsafe { job.run::<Gfni512, { Gfni512::WIDTH }>() }
}

/// Does a job with GFNI and AVX2.
///
/// # Safety
/// The processor has both.
#[target_feature(enable = "avx2,gfni")]
pub(crate) unsafe fn gfni_avx2(mut job: Job<'_>) {
    // SAFETY: the caller vouches for the processor.
    unsafe { job.run::<Gfni256, { Gfni256::WIDTH }>() }
}

/// Does a job with AVX2.
///
/// # Safety
/// The processor has it.
#[target_feature(enable = "avx2")]
pub(crate) unsafe fn avx2(mut job: Job<'_>) {
    // SAFETY: the caller vouches for the processor.
    unsafe { job.run::<Shuffle256, { Shuffle256::WIDTH }>() }
}

/// 64 bytes, multiplied by a matrix of bits.
#[derive(Clone, Copy)]
struct Gfni512(__m512i);

// SAFETY: the intrinsics below read and write 64 bytes.
unsafe impl Lanes for Gfni512 {
    const BYTES: usize = 64;
    const WIDTH: usize = 4;
    type Constant = __m512i;
    type Factor = __m512i;

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: the caller vouches for the bytes and the processor; no alignment is needed.
        Self(unsafe { _mm512_loadu_si512(from.cast()) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: as above.
        unsafe { _mm512_storeu_si512(to.cast(), self.0) };
    }

    #[inline(always)]
    unsafe fn constant(constant: u8) -> __m512i {
        // SAFETY: the caller vouches for the processor.
        unsafe { _mm512_set1_epi64(MATRICES[usize::from(constant)].cast_signed()) }
    }

    #[inline(always)]
    unsafe fn factor(self) -> __m512i {
        self.0
    }

    #[inline(always)]
    unsafe fn mul_add(self, constant: __m512i, factor: __m512i) -> Self {
        // SAFETY: the caller vouches for the processor.
        Self(unsafe { _mm512_xor_si512(self.0, _mm512_gf2p8affine_epi64_epi8::<0>(factor, constant)) })
    }
}

/// 32 bytes, multiplied by a matrix of bits.
#[derive(Clone, Copy)]
struct Gfni256(__m256i);

// SAFETY: the intrinsics below read and write 32 bytes.
unsafe impl Lanes for Gfni256 {
    const BYTES: usize = 32;
    const WIDTH: usize = 2;
    type Constant = __m256i;
    type Factor = __m256i;

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: the caller vouches for the bytes and the processor; no alignment is needed.
        Self(unsafe { _mm256_loadu_si256(from.cast()) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: as above.
        unsafe { _mm256_storeu_si256(to.cast(), self.0) };
    }

    #[inline(always)]
    unsafe fn constant(constant: u8) -> __m256i {
        // SAFETY: the caller vouches for the processor.
        unsafe { _mm256_set1_epi64x(MATRICES[usize::from(constant)].cast_signed()) }
    }

    #[inline(always)]
    unsafe fn factor(self) -> __m256i {
        self.0
    }

    #[inline(always)]
    unsafe fn mul_add(self, constant: __m256i, factor: __m256i) -> Self {
        // SAFETY: the caller vouches for the processor.
        Self(unsafe { _mm256_xor_si256(self.0, _mm256_gf2p8affine_epi64_epi8::<0>(factor, constant)) })
    }
}

/// 32 bytes, multiplied by looking up their nibbles.
#[derive(Clone, Copy)]
struct Shuffle256(__m256i);

// SAFETY: the intrinsics below read and write 32 bytes.
unsafe impl Lanes for Shuffle256 {
    const BYTES: usize = 32;
    const WIDTH: usize = 2;
    /// The products with low and with high nibbles.
    type Constant = [__m256i; 2];
    /// Low and high nibbles.
    type Factor = [__m256i; 2];

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: the caller vouches for the bytes and the processor; no alignment is needed.
        Self(unsafe { _mm256_loadu_si256(from.cast()) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: as above.
        unsafe { _mm256_storeu_si256(to.cast(), self.0) };
    }

    #[inline(always)]
    unsafe fn constant(constant: u8) -> [__m256i; 2] {
        let table = &NIBBLES[usize::from(constant)];
        // SAFETY: both halves of a table are 16 bytes, aligned to 16; the caller vouches for the processor.
        [&table.low, &table.high]
            .map(|half| unsafe { _mm256_broadcastsi128_si256(_mm_load_si128(half.as_ptr().cast::<__m128i>())) })
    }

    #[inline(always)]
    unsafe fn factor(self) -> [__m256i; 2] {
        // SAFETY: the caller vouches for the processor.
        unsafe {
            let mask = _mm256_set1_epi8(15);
            [_mm256_and_si256(self.0, mask), _mm256_and_si256(_mm256_srli_epi64::<4>(self.0), mask)]
        }
    }

    #[inline(always)]
    unsafe fn mul_add(self, [low, high]: [__m256i; 2], factor: [__m256i; 2]) -> Self {
        // SAFETY: the caller vouches for the processor.
        unsafe {
            let product = _mm256_xor_si256(_mm256_shuffle_epi8(low, factor[0]), _mm256_shuffle_epi8(high, factor[1]));
            Self(_mm256_xor_si256(self.0, product))
        }
    }
}
