//! Verifying a token by itself.

use alloc::vec::Vec;

use fcp_audit::freshness::Freshness;
use fcp_core::decision::Decision;
use fcp_core::id::ObjectId;
use fcp_core::sign::{Unverified, Verified};
use fcp_core::time::Timestamp;

use super::{Audience, TokenSteps, TokenView};
use crate::evidence::Step;
use crate::token::CapabilityToken;

/// A token that counts, with what makes it so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedToken {
    token: Verified<CapabilityToken>,
    freshness: Freshness,
    evidence: Vec<ObjectId>,
}

impl VerifiedToken {
    /// Whether the verifier knows enough of what is revoked. If it is degraded, the node records that (§14.3.1).
    #[must_use]
    pub const fn freshness(&self) -> Freshness {
        self.freshness
    }

    /// The ids of all objects that make the token count, sorted.
    #[must_use]
    pub fn evidence(&self) -> &[ObjectId] {
        &self.evidence
    }

    /// The token.
    #[must_use]
    pub const fn token(&self) -> &Verified<CapabilityToken> {
        &self.token
    }
}

impl core::ops::Deref for VerifiedToken {
    type Target = CapabilityToken;

    fn deref(&self) -> &CapabilityToken {
        &self.token
    }
}

impl CapabilityToken {
    /// Decides whether a token counts for `audience` now (§7.5).
    ///
    /// Every claimed capability must be backed by a cited grant. Whether one of them covers a certain call is decided
    /// with the call.
    pub fn verify(
        received: Unverified<Self>,
        view: &impl TokenView,
        audience: &Audience<'_>,
        now: Timestamp,
    ) -> Decision<VerifiedToken> {
        let verify = || -> Step<VerifiedToken> {
            let mut steps = TokenSteps::new(view, audience, now);
            let token = steps.authentic(received)?;
            steps.addressed(token.claims())?;
            let holder = steps.unrevoked(&token)?;
            let freshness = steps.fresh(token.claims(), None)?;
            let holder = steps.attested(token.claims(), holder)?;
            steps.backed(token.claims(), holder)?;
            Ok(VerifiedToken { token, freshness, evidence: steps.evidence.sorted() })
        };
        Decision::from(verify())
    }
}
