//! The last look, and the intent (§9.5, D131).

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use fcp_core::cbor::Value;
use fcp_core::decision::{Decision, Denial};
use fcp_core::error::Reason;
use fcp_core::id::{ConnectorId, ObjectId, OperationId};
use fcp_core::object::{MeshObject as _, Provenance, StoredObject};
use fcp_core::safety::SafetyTier;
use fcp_core::sign::{NodeSigningKey, Signed as _};
use fcp_core::time::Timestamp;
use fcp_zones::pinned::PinnedHeads;
use fcp_zones::zone::Levels;

use super::{Execution, HeldLease, IntentTerms, OperationIntent};
use crate::authorize::{Authorized, Budget, OperationRule, View, reauthorize};
use crate::capability::IdempotencyClass;
use crate::grant::Spent;
use crate::invoke::Invoke;

/// An execution whose intent, if it needs one, has to be stored now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "the intent has to be stored before the effect"]
pub struct Prepared {
    running: Running,
    intent: Option<StoredObject>,
}

/// An execution whose intent is stored: the effect may happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    pub(super) authorized: Box<Authorized<Invoke>>,
    pub(super) upstream_idempotency: Option<String>,
    pub(super) intent: Option<ObjectId>,
    until: Option<Timestamp>,
}

/// Whether an operation leaves an intent and a receipt: if it is Strict, Risky or Dangerous (§9.5).
pub(super) fn leaves_a_trail(rule: &OperationRule) -> bool {
    rule.tier > SafetyTier::Safe || rule.idempotency == IdempotencyClass::Strict
}

/// The provenance of what a node itself writes down in the request's zone.
pub(super) fn own_words(view: &impl View, authorized: &Authorized<Invoke>, now: Timestamp) -> Provenance {
    let zone = &authorized.invoke().request().zone_id;
    let Levels { integrity, confidentiality } = view.heads(zone).map_or(Levels::UNKNOWN, PinnedHeads::levels);
    Provenance::of_zone(zone.clone(), integrity, confidentiality, now)
}

impl Execution {
    /// Decides for the last time whether the effect may happen (D131), and drafts the intent under the checkpoint of
    /// this moment. A Risky or Dangerous operation needs a lease that still runs (§15.1, D170).
    pub fn prepare(
        self,
        view: &impl View,
        lease: Option<HeldLease>,
        key: &NodeSigningKey,
        now: Timestamp,
    ) -> Decision<Prepared> {
        Decision::from(self.check_and_draft(view, lease, key, now))
    }

    fn check_and_draft(
        self,
        view: &impl View,
        lease: Option<HeldLease>,
        key: &NodeSigningKey,
        now: Timestamp,
    ) -> Result<Prepared, Denial> {
        let Self { authorized, upstream_idempotency } = self;
        let deny = |reason: Reason| Denial::new(reason).with_evidence(authorized.evidence().iter().copied());
        let confirmed = reauthorize(view, &authorized, now).into_result()?;
        match lease {
            None if authorized.rule().tier > SafetyTier::Safe => return Err(deny(Reason::LeaseMissing)),
            Some(lease) if now > lease.expires_at => return Err(deny(Reason::LeaseExpired)),
            _ => {}
        }
        let invoke = authorized.invoke();
        let intent = if leaves_a_trail(authorized.rule()) {
            let terms = IntentTerms {
                request: invoke.id(),
                jti: authorized.token().claims().jti,
                idempotency_key: invoke.request().idempotency_key.clone(),
                planned_by: view.node().clone(),
                lease,
                checkpoint: confirmed.checkpoint(),
                upstream_idempotency: upstream_idempotency.clone(),
            };
            let ids = view.object_id_key(&invoke.request().zone_id, now).ok_or_else(|| deny(Reason::ZoneUnknown))?;
            let draft = OperationIntent::draft(own_words(view, &authorized, now), terms).signed_by(key);
            Some(draft.seal(ids).map_err(|error| deny(error.reason()))?)
        } else {
            None
        };
        let id = intent.as_ref().map(StoredObject::id);
        let until = lease.map(|lease| lease.expires_at);
        Ok(Prepared { running: Running { authorized, upstream_idempotency, intent: id, until }, intent })
    }
}

impl Prepared {
    /// The intent to store, with retention Required, before anything else happens.
    #[must_use]
    pub const fn intent(&self) -> Option<&StoredObject> {
        self.intent.as_ref()
    }

    /// Goes on, because the intent is stored durably.
    #[must_use]
    pub fn stored(self) -> Running {
        self.running
    }
}

impl Running {
    /// The request that is executed.
    #[must_use]
    pub fn authorized(&self) -> &Authorized<Invoke> {
        &self.authorized
    }

    /// The connector.
    #[must_use]
    pub fn connector(&self) -> &ConnectorId {
        &self.authorized.invoke().request().connector_id
    }

    /// The operation.
    #[must_use]
    pub fn operation(&self) -> &OperationId {
        &self.authorized.invoke().request().operation
    }

    /// The input: decoded from the bytes that were hashed (D131).
    #[must_use]
    pub fn input(&self) -> &Value {
        &self.authorized.invoke().request().input
    }

    /// The name by which the service upstream does it only once.
    #[must_use]
    pub fn upstream_idempotency(&self) -> Option<&str> {
        self.upstream_idempotency.as_deref()
    }

    /// How long the effect may take, in seconds: while the lease runs (D170). Without a lease there is no such bound.
    #[must_use]
    pub fn timeout_secs(&self, now: Timestamp) -> Option<u64> {
        self.until.map(|until| until.since(now))
    }

    /// What is charged now, because it starts: one call and the input's bytes (D122).
    #[must_use]
    pub fn charges(&self) -> Vec<(Budget, Spent)> {
        charges(&self.authorized, Spent { calls: 1, bytes: self.authorized.invoke().input_len() })
    }
}

/// `spent` against everything that bounds the call.
pub(super) fn charges(authorized: &Authorized<Invoke>, spent: Spent) -> Vec<(Budget, Spent)> {
    let claims = authorized.token().claims();
    let attenuated = claims.attenuation.as_ref().map(|_| Budget::Token(claims.jti));
    [Budget::Grant(authorized.grant())].into_iter().chain(attenuated).map(|budget| (budget, spent)).collect()
}
