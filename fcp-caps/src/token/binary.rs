//! The build of a connector as tokens name it (D107).

use fcp_core::id::ObjectId;

/// What the claim `aud_binary` holds for a build of a connector, and what a revocation of it lists (D107, D164):
/// BLAKE3-256(`FCP2-BINARY-V1` ‖ digest of the binary ‖ hash of the manifest).
///
/// `binary_digest` is that of D154; `manifest_hash` is BLAKE3-256(schema hash ‖ CBOR of the manifest without its
/// signatures).
#[must_use]
pub fn binary_audience(binary_digest: &[u8; 32], manifest_hash: &[u8; 32]) -> ObjectId {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"FCP2-BINARY-V1");
    hasher.update(binary_digest);
    hasher.update(manifest_hash);
    ObjectId::from_bytes(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    #[test]
    fn the_audience_is_what_others_compute() {
        // A BLAKE3 in pure Python.
        let expected = hex!("66a8b20509b143e614636606cadeea9467f9453d5750cac161715aec408657c7");
        assert_eq!(super::binary_audience(&[1; 32], &[2; 32]).as_bytes(), &expected);
    }
}
