//! Every kernel that this machine has against products made bit by bit.

use std::vec;
use std::vec::Vec;

use crate::{Kernel, ShapeError, field};

/// Bytes that look random.
fn noise(len: usize, seed: u32) -> Vec<u8> {
    let mut state = seed | 1;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state.to_le_bytes()[1]
        })
        .collect()
}

/// What `combine` must give.
fn expected(rows: &[u8], len: usize, sources: &[&[u8]], coefficients: &[u8]) -> Vec<u8> {
    let mut rows = rows.to_vec();
    for (at, out) in rows.iter_mut().enumerate() {
        for (index, source) in sources.iter().enumerate() {
            *out ^= field::product(coefficients[at / len * sources.len() + index], source[at % len]);
        }
    }
    rows
}

#[test]
fn all_products() {
    let factors: Vec<u8> = (0..=255).collect();
    for kernel in Kernel::available() {
        // The interpreter takes a while.
        for constant in (0..=255).step_by(if cfg!(miri) { 15 } else { 1 }) {
            let expected: Vec<u8> = factors.iter().map(|factor| field::product(constant, *factor)).collect();
            let mut out = vec![0; 256];
            kernel.mul_add(&mut out, constant, &factors).unwrap();
            assert_eq!(out, expected, "{}, times {constant}", kernel.name());
            let mut out = vec![0; 256];
            kernel.combine(&mut out, 256, &[&factors], &[constant]).unwrap();
            assert_eq!(out, expected, "{}, combined, times {constant}", kernel.name());
        }
    }
}

/// Lengths around every width, up to more than a tile of the widest.
fn lengths() -> Vec<usize> {
    if cfg!(miri) {
        vec![0, 1, 7, 9, 64, 257]
    } else {
        (0..=140).chain([191, 255, 256, 257, 320, 511, 513, 1000]).collect()
    }
}

#[test]
fn all_lengths_and_alignments() {
    for kernel in Kernel::available() {
        for len in lengths() {
            for shift in [0, 1, 3, 31, 63] {
                let memory = noise(len + shift, 7);
                let source = &memory[shift..];
                let mut out = noise(len + 64 + shift, 9);
                let before = out.clone();
                kernel.mul_add(&mut out[shift..shift + len], 0x8e, source).unwrap();
                let sum = expected(&before[shift..shift + len], len.max(1), &[source], &[0x8e]);
                assert_eq!(out[shift..shift + len], sum, "{}, {len} bytes at {shift}", kernel.name());
                assert!(out[..shift] == before[..shift] && out[shift + len..] == before[shift + len..], "nothing else");
            }
        }
    }
}

#[test]
fn all_shapes() {
    let most = if cfg!(miri) { 2 } else { 9 };
    for kernel in Kernel::available() {
        for len in [1, 8, 63, 64, 200, 256, 264, 520] {
            for count in 0..=most {
                for number in 0..=most {
                    let memory = noise(len * number + 1, 3);
                    let sources: Vec<&[u8]> = memory[1..].chunks_exact(len).collect();
                    let coefficients = noise(count * number, 5);
                    let mut rows = noise(len * count, 11);
                    let sum = expected(&rows, len, &sources, &coefficients);
                    kernel.combine(&mut rows, len, &sources, &coefficients).unwrap();
                    assert_eq!(rows, sum, "{}, {count} rows of {len} from {number}", kernel.name());
                }
            }
        }
    }
}

#[test]
fn what_does_not_fit_changes_nothing() {
    for kernel in Kernel::available() {
        let mut out = [1, 2, 3, 4];
        assert_eq!(kernel.mul_add(&mut out, 1, &[0; 3]), Err(ShapeError));
        assert_eq!(kernel.combine(&mut out, 2, &[&[1, 1], &[1]], &[1; 4]), Err(ShapeError), "a short source");
        assert_eq!(kernel.combine(&mut out, 2, &[&[1, 1]], &[1; 3]), Err(ShapeError), "coefficients of other rows");
        assert_eq!(kernel.combine(&mut out, 3, &[&[1, 1, 1]], &[1]), Err(ShapeError), "part of a row");
        assert_eq!(kernel.combine(&mut out, 0, &[&[]], &[1]), Err(ShapeError), "rows of nothing");
        assert_eq!(kernel.combine(&mut out, 2, &[], &[1]), Err(ShapeError), "a coefficient of no source");
        assert_eq!(out, [1, 2, 3, 4]);
        assert_eq!(kernel.combine(&mut out, 2, &[], &[]), Ok(()));
        assert_eq!(kernel.combine(&mut [], 0, &[&[]], &[]), Ok(()));
    }
}

#[test]
fn the_portable_kernel_is_always_there() {
    assert_eq!(Kernel::available().last(), Some(Kernel::SCALAR));
    assert_eq!(Kernel::available().next(), Some(Kernel::best()));
    for kernel in Kernel::available() {
        std::println!("{}", kernel.name());
    }
}
