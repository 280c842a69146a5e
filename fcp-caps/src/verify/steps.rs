//! The steps that a token goes through, in order.

use alloc::vec::Vec;

use fcp_audit::freshness::{self, Freshness};
use fcp_core::error::Reason;
use fcp_core::id::{NodeId, ObjectId, ZoneId};
use fcp_core::identity::NodeKeyAttestation;
use fcp_core::safety::SafetyTier;
use fcp_core::sign::{Unverified, Verified};
use fcp_core::time::{TimePolicy, Timestamp, ValidityWindow, WindowError};
use fcp_zones::membership::Member;
use fcp_zones::pinned::PinnedHeads;

use super::{Audience, GrantUnit, TokenView, grants};
use crate::capability::find_conflict;
use crate::evidence::{Evidence, Step};
use crate::grant::Holding;
use crate::token::{CapabilityToken, TokenClaims};

/// The steps by which a token is verified, with the evidence that they gather. They are called in the order in which
/// they stand here (D131).
pub(crate) struct TokenSteps<'a, V: ?Sized> {
    pub(crate) view: &'a V,
    pub(crate) audience: &'a Audience<'a>,
    pub(crate) now: Timestamp,
    pub(crate) evidence: Evidence,
}

/// An attestation of the holder, and whether it is one that counts.
pub(crate) enum Holder<'a> {
    /// The token names none.
    None,
    /// No attestation of it is held.
    Unknown,
    /// Attestations are held, but none is valid now.
    OutOfTime(Reason),
    /// It is attested now.
    Attested(&'a Verified<NodeKeyAttestation>),
}

impl<'a, V: TokenView + ?Sized> TokenSteps<'a, V> {
    pub(crate) fn new(view: &'a V, audience: &'a Audience<'a>, now: Timestamp) -> Self {
        Self { view, audience, now, evidence: Evidence::default() }
    }

    fn deny<T>(&self, reason: Reason) -> Step<T> {
        Err(self.evidence.deny(reason))
    }

    /// Signature and time (D7, D109, D112, D113).
    pub(crate) fn authentic(&mut self, received: Unverified<CapabilityToken>) -> Step<Verified<CapabilityToken>> {
        self.evidence.add(received.id());
        if received.claimed().claims_len() > CapabilityToken::MAX_CLAIMS_LEN {
            return self.deny(Reason::TokenTooLarge);
        }
        let issued =
            |attestation: &&Verified<NodeKeyAttestation>| attestation.issuance_kid() == received.claimed().kid();
        let attested = self.view.trust().all(&received.claimed().claims().iss_node);
        let Some(attestation) = attested.iter().find(issued) else { return self.deny(Reason::TokenIssuerUnknown) };
        let key = attestation.keys().issuance;
        let Ok(token) = received.verify_with(|token| token.verify_signature(&key)) else {
            return self.deny(Reason::TokenSignatureInvalid);
        };
        self.in_time(token.claims())?;
        Ok(token)
    }

    /// Time alone, which is looked at again before the effect (D131).
    pub(crate) fn in_time(&self, claims: &TokenClaims) -> Step<()> {
        let longest = TokenClaims::max_lifetime_secs(self.audience.tier);
        if !(1..=longest).contains(&claims.lifetime_secs()) {
            return self.deny(Reason::TokenBadLifetime);
        }
        match (ValidityWindow { issued_at: claims.iat, expires_at: claims.exp }).check(self.now) {
            Ok(()) => Ok(()),
            Err(WindowError::NotYetValid) => self.deny(Reason::TokenNotYetValid),
            Err(WindowError::Expired) => self.deny(Reason::TokenExpired),
        }
    }

    /// Whom the token is for, and whether its issuer may say so (§7.5 rule 1, D107, D116).
    pub(crate) fn addressed(&mut self, claims: &TokenClaims) -> Step<()> {
        let audience = self.audience;
        if claims.iss_zone != *audience.zone {
            return self.deny(Reason::TokenZoneMismatch);
        }
        if claims.aud != *audience.connector {
            return self.deny(Reason::TokenAudMismatch);
        }
        if claims.instance.as_ref().is_some_and(|instance| Some(instance) != audience.instance) {
            return self.deny(Reason::TokenInstanceMismatch);
        }
        match claims.aud_binary {
            Some(binary) if Some(binary) != audience.binary => return self.deny(Reason::TokenBinaryMismatch),
            None if audience.tier > SafetyTier::Safe => return self.deny(Reason::TokenBinaryMissing),
            _ => {}
        }
        let heads = self.heads(&claims.iss_zone)?;
        if !heads.policy().is_token_issuer(&claims.iss_node, &claims.sub) {
            return self.deny(Reason::TokenIssuerNotAllowed);
        }
        self.member(&claims.iss_node, &claims.iss_zone, Reason::TokenIssuerNotMember)?;
        match &claims.holder_node {
            Some(holder) => self.member(holder, &claims.iss_zone, Reason::TokenHolderNotMember),
            None if audience.tier > SafetyTier::Safe => self.deny(Reason::TokenHolderMissing),
            None => Ok(()),
        }
    }

    /// What governs the zone.
    pub(crate) fn heads(&mut self, zone: &ZoneId) -> Step<&'a PinnedHeads> {
        let view = self.view;
        let Some(heads) = view.heads(zone) else { return self.deny(Reason::ZoneUnknown) };
        self.evidence.extend([heads.definition().id(), heads.policy().id()]);
        Ok(heads)
    }

    /// Denies for `otherwise` unless `node` is a member of `zone` now (D181).
    fn member(&mut self, node: &NodeId, zone: &ZoneId, otherwise: Reason) -> Step<()> {
        let view = self.view;
        let Some(member) = view.member(node) else { return self.deny(otherwise) };
        self.evidence.extend(member.evidence());
        let over = self.now > member.expires_at().saturating_add(TimePolicy::DEFAULT_SKEW_SECS);
        if over || !member.is_member_of(zone) { self.deny(otherwise) } else { Ok(()) }
    }

    /// Revocation of everything that the token draws on (D164, D165). Gives the holder's attestation, as far as there
    /// is one.
    pub(crate) fn unrevoked(&mut self, token: &Verified<CapabilityToken>) -> Step<Holder<'a>> {
        let claims = token.claims();
        let zone = &claims.iss_zone;
        self.not_revoked(&token.id(), zone, Reason::RevocationToken)?;
        let issued = |attestation: &NodeKeyAttestation| attestation.issuance_kid() == token.kid();
        match self.attestation(&claims.iss_node, zone, issued, Reason::RevocationIssuer)? {
            Holder::Attested(attestation) => self.evidence.add(attestation.id()),
            Holder::OutOfTime(reason) => return self.deny(reason),
            Holder::None | Holder::Unknown => return self.deny(Reason::TokenIssuerUnknown),
        }
        self.enrolled(&claims.iss_node, zone, Reason::RevocationIssuer)?;
        let holder = match &claims.holder_node {
            Some(holder) => {
                self.enrolled(holder, zone, Reason::RevocationHolder)?;
                self.attestation(holder, zone, |_| true, Reason::RevocationHolder)?
            }
            None => Holder::None,
        };
        if let Holder::Attested(attestation) = holder {
            self.evidence.add(attestation.id());
        }
        for grant in &claims.grant_object_ids {
            self.not_revoked(grant, zone, Reason::RevocationGrant)?;
        }
        if let Some(binary) = &claims.aud_binary {
            self.not_revoked(binary, zone, Reason::RevocationBinary)?;
        }
        if let Some(heads) = self.view.heads(zone) {
            self.not_revoked(&heads.manifest().id(), zone, Reason::RevocationZoneKey)?;
        }
        Ok(holder)
    }

    /// Denies for `reason` if the enrollment of `node` is revoked.
    fn enrolled(&mut self, node: &NodeId, zone: &ZoneId, reason: Reason) -> Step<()> {
        let view = self.view;
        match view.member(node).map(Member::evidence) {
            Some([_, enrollment]) => self.not_revoked(&enrollment, zone, reason),
            None => Ok(()),
        }
    }

    /// Denies for `reason` if `id` is revoked; the revocation and the id itself are the evidence.
    pub(crate) fn not_revoked(&mut self, id: &ObjectId, zone: &ZoneId, reason: Reason) -> Step<()> {
        match self.view.revocations().revoked_by(id, zone, self.now) {
            Some(revocation) => {
                self.evidence.extend([*id, revocation]);
                self.deny(reason)
            }
            None => Ok(()),
        }
    }

    /// The newest wanted attestation of `node` that is valid now and not revoked; if all valid ones are, a denial.
    fn attestation(
        &mut self,
        node: &NodeId,
        zone: &ZoneId,
        wanted: impl Fn(&NodeKeyAttestation) -> bool,
        revoked: Reason,
    ) -> Step<Holder<'a>> {
        let (view, now) = (self.view, self.now);
        let mut wanted = view.trust().all(node).iter().filter(|attestation| wanted(attestation)).peekable();
        let Some(newest) = wanted.peek().copied() else { return Ok(Holder::Unknown) };
        let mut denied = None;
        for attestation in wanted.filter(|attestation| attestation.window().check(now).is_ok()) {
            match self.not_revoked(&attestation.id(), zone, revoked) {
                Ok(()) => return Ok(Holder::Attested(attestation)),
                Err(denial) => denied = Some(denial),
            }
        }
        match (denied, newest.window().check(now)) {
            (Some(denial), _) => Err(denial),
            (None, Err(WindowError::NotYetValid)) => Ok(Holder::OutOfTime(Reason::AttestationNotYetValid)),
            (None, _) => Ok(Holder::OutOfTime(Reason::AttestationExpired)),
        }
    }

    /// Whether enough is known of what is revoked, and the token was minted on the same history (§14.3.1, D111, D162).
    /// `approval` is an Execution approval that is bound to this very call.
    pub(crate) fn fresh(&mut self, claims: &TokenClaims, approval: Option<ObjectId>) -> Step<Freshness> {
        let (view, zone) = (self.view, &claims.iss_zone);
        let frontier = view.frontier(zone);
        self.evidence.extend(frontier.map(|frontier| frontier.checkpoint));
        match &claims.checkpoint {
            Some(bound) => {
                let accepted = frontier.filter(|frontier| frontier.checkpoint_seq == bound.seq);
                let known = accepted.map(|frontier| frontier.checkpoint).or_else(|| view.checkpoint(zone, bound.seq));
                if known.is_some_and(|known| known != bound.id) || view.is_forked(zone, &bound.id) {
                    self.evidence.add(bound.id);
                    return self.deny(Reason::TokenCheckpointFork);
                }
            }
            None if *zone == ZoneId::public() && self.all_safe(claims) => {}
            None => return self.deny(Reason::TokenCheckpointMissing),
        }
        let needed = claims.checkpoint.map(|bound| bound.seq);
        let policy = view.freshness(zone);
        freshness::decide(self.audience.tier, frontier.as_ref(), needed, approval, &policy, self.now)
            .into_result()
            .map_err(|denial| self.evidence.complete(denial))
    }

    /// Whether neither what the token is shown for nor any capability that it gives, as far as it is known, can do more
    /// than Safe (D111).
    fn all_safe(&self, claims: &TokenClaims) -> bool {
        let known = claims.caps.iter().filter_map(|cap| self.view.capability(&cap.capability));
        self.audience.tier == SafetyTier::Safe && known.into_iter().all(|known| known.safety_tier == SafetyTier::Safe)
    }

    /// The holder's attestation, which a token with a holder needs (D116).
    pub(crate) fn attested(
        &self,
        claims: &TokenClaims,
        holder: Holder<'a>,
    ) -> Step<Option<&'a Verified<NodeKeyAttestation>>> {
        match holder {
            Holder::Attested(attestation) => Ok(Some(attestation)),
            Holder::OutOfTime(reason) => self.deny(reason),
            Holder::None if claims.holder_node.is_none() => Ok(None),
            Holder::None | Holder::Unknown => self.deny(Reason::HolderProofHolderUnknown),
        }
    }

    /// Whether the cited grants are all there and back everything that the token claims (§7.5, D107, D118, D123).
    pub(crate) fn backed(
        &mut self,
        claims: &TokenClaims,
        holder: Option<&Verified<NodeKeyAttestation>>,
    ) -> Step<Vec<GrantUnit<'a>>> {
        let view = self.view;
        let capabilities: Vec<_> = claims.caps.iter().map(|cap| cap.capability.clone()).collect();
        if find_conflict(&capabilities, |id| view.capability(id)).is_some() {
            return self.deny(Reason::CapabilityConflict);
        }
        let units = grants::cited(view, claims, &mut self.evidence)?;
        let holding = self.holding(claims, holder);
        for capability in &capabilities {
            grants::backing(&units, capability, &holding).map_err(|reason| self.evidence.deny(reason))?;
        }
        let bounds = units.iter().map(|unit| unit.constraints);
        if claims.attenuation.as_ref().is_some_and(|own| !own.restricts_any(bounds)) {
            return self.deny(Reason::TokenAttenuationExpands);
        }
        Ok(units)
    }

    /// For whom and how long the token claims its grants.
    pub(crate) fn holding<'c>(
        &self,
        claims: &'c TokenClaims,
        holder: Option<&'c Verified<NodeKeyAttestation>>,
    ) -> Holding<'c> {
        Holding {
            subject: &claims.sub,
            zone: &claims.iss_zone,
            issued_at: claims.iat,
            expires_at: claims.exp,
            holder_tags: holder.map(|attestation| attestation.tags()).unwrap_or_default(),
            tier: self.audience.tier,
        }
    }
}
