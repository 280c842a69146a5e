//! What an approval knows of an operation's input (D87).

use fcp_core::cbor::{self, Decode, Encode, Value};

/// The hash of the schema `fcp.core:InvokeInput@2.0.0`, which begins every input that is hashed.
const INPUT_SCHEMA_HASH: [u8; 32] = [
    0xa6, 0x40, 0x59, 0xab, 0x62, 0x2f, 0x6b, 0xc2, 0x99, 0xa4, 0x14, 0x21, 0x74, 0xdd, 0x95, 0x95, 0x1b, 0x77, 0x5d,
    0x6f, 0xcc, 0x35, 0x92, 0x4f, 0x82, 0x8f, 0xea, 0x32, 0x29, 0xcb, 0x20, 0xb1,
];

/// The hash of an operation's input: BLAKE3-256(schema hash of `fcp.core:InvokeInput@2.0.0` ‖ CBOR(input)) (D87).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct InputHash([u8; 32]);

impl InputHash {
    /// The hash of `input`.
    #[must_use]
    pub fn of(input: &Value) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&INPUT_SCHEMA_HASH);
        hasher.update(&cbor::encode(input));
        Self(*hasher.finalize().as_bytes())
    }

    /// The hash of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use fcp_core::cbor::Value;
    use fcp_core::id::SchemaId;
    use hex_literal::hex;

    use super::{INPUT_SCHEMA_HASH, InputHash};

    #[test]
    fn begins_with_the_schema_hash() {
        let schema = SchemaId::new("fcp.core:InvokeInput@2.0.0").unwrap();
        assert_eq!(schema.hash().as_bytes(), &INPUT_SCHEMA_HASH);
        // BLAKE3-256 of the schema hash and a1 64 "path" 66 "/a.txt", computed with another implementation.
        let input = Value::map([("path", Value::from("/a.txt"))]);
        let expected = hex!("45971e487e391f53ea70ea765e36c84172ed3526e87403d43584c1f59c834a8d");
        assert_eq!(InputHash::of(&input).as_bytes(), &expected);
    }
}
