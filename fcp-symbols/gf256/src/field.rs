//! The field: GF(2^8) modulo 0x11d (RFC 6330 §5.7), and tables made from it when this is compiled.

/// The polynomial without its highest term.
const REDUCTION: u8 = 0x1d;

/// The product of two elements.
pub(crate) const fn product(a: u8, b: u8) -> u8 {
    let (mut a, mut b, mut sum) = (a, b, 0);
    while b != 0 {
        if b & 1 != 0 {
            sum ^= a;
        }
        a = double(a);
        b >>= 1;
    }
    sum
}

/// Twice an element.
const fn double(a: u8) -> u8 {
    (a << 1) ^ (REDUCTION * (a >> 7))
}

/// Twice each of the eight elements of a word.
pub(crate) const fn double_each(word: u64) -> u64 {
    const LOW: u64 = 0x0101_0101_0101_0101;
    let carries = (word >> 7) & LOW;
    // No product of a carry and the reduction reaches the next byte.
    ((word & !(LOW << 7)) << 1) ^ carries.wrapping_mul(REDUCTION as u64)
}

/// For each constant its products with 0..16, and with 16 times them.
pub(crate) static NIBBLES: [Nibbles; 256] = {
    let mut tables = [Nibbles { low: [0; 16], high: [0; 16] }; 256];
    let mut constant = 0;
    while constant < 256 {
        let mut nibble = 0;
        while nibble < 16 {
            tables[constant].low[nibble] = product(constant as u8, nibble as u8);
            tables[constant].high[nibble] = product(constant as u8, (nibble as u8) << 4);
            nibble += 1;
        }
        constant += 1;
    }
    tables
};

/// The products of one constant by nibbles.
#[derive(Clone, Copy)]
#[repr(align(32))]
pub(crate) struct Nibbles {
    pub(crate) low: [u8; 16],
    pub(crate) high: [u8; 16],
}

/// For each constant the 8×8 matrix of bits that multiplies with it, as `gf2p8affineqb` reads it: byte `7 − i` holds
/// which bits of the factor the bit `i` of the product is the sum of.
#[cfg(target_arch = "x86_64")]
pub(crate) static MATRICES: [u64; 256] = {
    let mut matrices = [0; 256];
    let mut constant = 0;
    while constant < 256 {
        let (mut matrix, mut from) = (0_u64, 0);
        while from < 8 {
            let column = product(constant as u8, 1 << from);
            let mut to = 0;
            while to < 8 {
                if column & (1 << to) != 0 {
                    matrix |= 1 << (8 * (7 - to) + from);
                }
                to += 1;
            }
            from += 1;
        }
        matrices[constant] = matrix;
        constant += 1;
    }
    matrices
};

/// The inverse of an element; nothing for zero.
#[must_use]
pub const fn inverse(element: u8) -> Option<u8> {
    if element == 0 {
        return None;
    }
    // element^254: the group has 255 elements.
    let (mut power, mut square, mut exponent) = (1, element, 254_u8);
    while exponent != 0 {
        if exponent & 1 != 0 {
            power = product(power, square);
        }
        square = product(square, square);
        exponent >>= 1;
    }
    Some(power)
}

#[cfg(test)]
mod tests {
    use super::{double_each, inverse, product};

    /// From the logarithms of RFC 6330 §5.7.3 and §5.7.4: OCT_LOG[3] = 25, OCT_LOG[7] = 198, OCT_EXP[223] = 9;
    /// OCT_LOG[128] = 7, OCT_EXP[8] = 29.
    #[test]
    fn products_are_those_of_the_standard() {
        assert_eq!(product(3, 7), 9);
        assert_eq!(product(128, 2), 29);
    }

    #[test]
    fn two_generates_all_elements() {
        let mut seen = [false; 256];
        let mut power = 1;
        for _ in 0..255 {
            assert!(!core::mem::replace(&mut seen[usize::from(power)], true));
            power = product(power, 2);
        }
        assert_eq!(power, 1);
    }

    #[test]
    fn inverses() {
        assert_eq!(inverse(0), None);
        for element in 1..=255 {
            assert_eq!(inverse(element).map(|inverse| product(inverse, element)), Some(1));
        }
    }

    #[test]
    fn words_double_as_their_bytes_do() {
        for element in 0..=255 {
            let bytes = [element, 0, 255, 1, 128, element, 127, element];
            assert_eq!(double_each(u64::from_le_bytes(bytes)).to_le_bytes(), bytes.map(|byte| product(byte, 2)));
        }
    }
}
