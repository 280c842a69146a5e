//! What the holder signs (§7.5 rule 4, D114).

use fcp_core::id::{Jti, ObjectId};
use fcp_core::sign::{
    NodeSigningKey, NodeSigningPublicKey, Preimage, Signature, SignatureError, SigningKey as _, VerifyingKey as _,
};

use super::HolderNonce;

/// The use of one token for one request, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Proof {
    /// The token.
    pub jti: Jti,
    /// The request's id (D115).
    pub request: ObjectId,
    /// What makes it fresh.
    pub nonce: HolderNonce,
}

impl Proof {
    /// The bytes that are signed: BLAKE3-256(`fcp.token.pop.v2` ‖ jti ‖ request id ‖ nonce).
    #[must_use]
    pub fn transcript(&self) -> Preimage {
        let parts: [&[u8]; 3] = [self.jti.as_bytes(), self.request.as_bytes(), self.nonce.as_bytes()];
        Preimage::digest("fcp.token.pop.v2", &parts)
    }

    /// The holder's signature.
    #[must_use]
    pub fn sign(&self, holder: &NodeSigningKey) -> Signature {
        holder.sign(&self.transcript())
    }

    /// Checks the holder's signature.
    ///
    /// # Errors
    /// [`SignatureError`] unless `holder` signed exactly this use.
    pub fn verify(&self, holder: &NodeSigningPublicKey, signature: &Signature) -> Result<(), SignatureError> {
        holder.verify(&self.transcript(), signature)
    }
}

#[cfg(test)]
mod tests {
    use super::Proof;
    use crate::pop::HolderNonce;
    use fcp_core::id::{Jti, ObjectId};
    use fcp_core::sign::NodeSigningKey;
    use hex_literal::hex;

    #[test]
    fn the_transcript_is_what_others_compute() {
        let sequence: [u8; 32] = core::array::from_fn(|index| u8::try_from(index).unwrap());
        let proof = Proof {
            jti: Jti::from_bytes(*sequence.first_chunk().unwrap()),
            request: ObjectId::from_bytes([0x66; 32]),
            nonce: HolderNonce::from_bytes([0x77; 16]),
        };
        // A BLAKE3 in pure Python and the Ed25519 of Python's cryptography, with the seed 00 01 … 1f.
        let digest = hex!("1e06dc2875ab8a2d256317a94295c53eb86e5036755ed57c20c00596684eb902");
        assert_eq!(proof.transcript().as_bytes(), &digest);
        let holder = NodeSigningKey::from_seed(sequence);
        let signature = proof.sign(&holder);
        assert_eq!(
            signature.as_bytes(),
            &hex!(
                "7bd3a8c20a52c508947261167eaa98781c611f6e1d1b0de4d031fe9957c52f4502a9d37886950a07e73ad6e8c378c323084a80e741990efecc976bdc1e4d5e0f"
            )
        );
        assert!(proof.verify(&holder.public(), &signature).is_ok());
        for other in [
            Proof { jti: Jti::from_bytes([0; 16]), ..proof },
            Proof { request: ObjectId::ZERO, ..proof },
            Proof { nonce: HolderNonce::from_bytes([0; 16]), ..proof },
        ] {
            assert!(other.verify(&holder.public(), &signature).is_err());
        }
    }
}
