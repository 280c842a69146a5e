//! The holder's proof (§7.5 rule 4, D114, D116).

use fcp_core::error::Reason;
use fcp_core::id::Jti;
use fcp_core::identity::NodeKeyAttestation;
use fcp_core::time::Timestamp;

use super::View;
use crate::invoke::Invoke;
use crate::pop::Proof;

/// Checks that `holder`, by its current attestation, signed this very request with a fresh nonce.
pub(super) fn check_proof(
    view: &(impl View + ?Sized),
    invoke: &Invoke,
    jti: Jti,
    holder: &NodeKeyAttestation,
    now: Timestamp,
) -> Result<Proof, Reason> {
    let presented = invoke.presentation();
    let (Some(nonce), Some(signature)) = (presented.holder_nonce, presented.holder_proof) else {
        return Err(Reason::HolderProofMissing);
    };
    nonce.check(view.challenge(&jti).as_ref(), now).map_err(|error| error.reason())?;
    let proof = Proof { jti, request: invoke.id(), nonce };
    if proof.verify(&holder.keys().signing, &signature).is_err() {
        return Err(Reason::HolderProofBadSignature);
    }
    if view.is_used(&proof) { Err(Reason::HolderProofReplayed) } else { Ok(proof) }
}
