//! The kernel of 64-bit Arm.

use core::arch::aarch64::{uint8x16_t, vandq_u8, vdupq_n_u8, veorq_u8, vld1q_u8, vqtbl1q_u8, vshrq_n_u8, vst1q_u8};

use crate::field::NIBBLES;
use crate::tile::{Job, Lanes};

/// Does a job with NEON.
///
/// # Safety
/// The processor has it.
#[target_feature(enable = "neon")]
pub(crate) unsafe fn neon(mut job: Job<'_>) {
    // SAFETY: the caller vouches for the processor.
    unsafe { job.run::<Shuffle128, { Shuffle128::WIDTH }>() }
}

/// 16 bytes, multiplied by looking up their nibbles.
#[derive(Clone, Copy)]
struct Shuffle128(uint8x16_t);

// SAFETY: the intrinsics below read and write 16 bytes.
unsafe impl Lanes for Shuffle128 {
    const BYTES: usize = 16;
    const WIDTH: usize = 4;
    /// The products with low and with high nibbles.
    type Constant = [uint8x16_t; 2];
    /// Low and high nibbles.
    type Factor = [uint8x16_t; 2];

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: the caller vouches for the bytes and the processor.
        Self(unsafe { vld1q_u8(from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: as above.
        unsafe { vst1q_u8(to, self.0) };
    }

    #[inline(always)]
    unsafe fn constant(constant: u8) -> [uint8x16_t; 2] {
        let table = &NIBBLES[usize::from(constant)];
        // SAFETY: both halves of a table are 16 bytes; the caller vouches for the processor.
        [&table.low, &table.high].map(|half| unsafe { vld1q_u8(half.as_ptr()) })
    }

    #[inline(always)]
    unsafe fn factor(self) -> [uint8x16_t; 2] {
        // SAFETY: the caller vouches for the processor.
        unsafe { [vandq_u8(self.0, vdupq_n_u8(15)), vshrq_n_u8::<4>(self.0)] }
    }

    #[inline(always)]
    unsafe fn mul_add(self, [low, high]: [uint8x16_t; 2], factor: [uint8x16_t; 2]) -> Self {
        // SAFETY: the caller vouches for the processor.
        unsafe {
            let product = veorq_u8(vqtbl1q_u8(low, factor[0]), vqtbl1q_u8(high, factor[1]));
            Self(veorq_u8(self.0, product))
        }
    }
}
