//! HMAC-SHA256 under the protocol's keys of 32 bytes.

use hmac::{Hmac, KeyInit as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The state of HMAC-SHA256 under `key`. A key shorter than a block is a block that ends in zeros (RFC 2104), so setting it
/// up cannot fail.
pub(crate) fn hmac_sha256(key: &[u8; 32]) -> Hmac<Sha256> {
    let mut block = Zeroizing::new([0; 64]);
    block.iter_mut().zip(key).for_each(|(byte, key)| *byte = *key);
    Hmac::new((&*block).into())
}
