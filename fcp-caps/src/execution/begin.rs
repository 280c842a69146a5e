//! The beginning: whether it was done before (D143, D146).

use alloc::boxed::Box;
use alloc::string::String;

use fcp_core::decision::{Decision, Denial};
use fcp_core::error::Reason;
use fcp_core::id::ObjectId;
use fcp_core::sign::Verified;
use fcp_core::time::Timestamp;
use fcp_zones::approval::InputHash;

use super::{OperationIntent, OperationReceipt};
use crate::authorize::Authorized;
use crate::capability::IdempotencyClass;
use crate::invoke::Invoke;
use crate::pop::ReplayCache;

/// What the zone's intents say about a [`subject`](Authorized::subject).
#[derive(Debug, Clone)]
pub struct Prior<'a> {
    /// The newest intent for the subject.
    pub intent: &'a Verified<OperationIntent>,
    /// The hash of the input of the request that it was for.
    pub input_hash: InputHash,
    /// The receipt that completes it, if there is one.
    pub receipt: Option<&'a Verified<OperationReceipt>>,
}

/// How an execution begins.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "nothing happens by itself"]
pub enum Begun {
    /// It goes on.
    Run(Execution),
    /// It was done before, and this is the receipt: the answer, free of charge.
    Repeated(ObjectId),
}

/// An authorized request that is about to be executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    pub(super) authorized: Box<Authorized<Invoke>>,
    pub(super) upstream_idempotency: Option<String>,
}

impl Authorized<Invoke> {
    /// What leases are taken on and intents are looked up by: the caller's intention, or else the request (D143).
    #[must_use]
    pub fn subject(&self) -> ObjectId {
        let request = self.invoke().request();
        match &request.idempotency_key {
            Some(key) => {
                let sub = &self.token().claims().sub;
                key.subject(&request.zone_id, &request.connector_id, &request.operation, sub)
            }
            None => self.invoke().id(),
        }
    }
}

impl Execution {
    /// Begins with an authorized request, under the lease on its [`subject`](Authorized::subject) and with what the
    /// zone's intents say about that. Uses up the holder's proof.
    ///
    /// A Strict operation whose outcome nobody knows is not repeated, unless the service upstream knows it by a name of
    /// its own; nor is the intent of one and the same request ever (D143, D146).
    pub fn begin(
        authorized: Authorized<Invoke>,
        prior: Option<&Prior<'_>>,
        used: &mut ReplayCache,
        now: Timestamp,
    ) -> Decision<Begun> {
        let deny = |reason: Reason, id: Option<ObjectId>| {
            let evidence = authorized.evidence().iter().copied().chain(id);
            Decision::Deny(Denial::new(reason).with_evidence(evidence))
        };
        if let Some(proof) = authorized.proof()
            && let Err(error) = used.insert(*proof, authorized.token().claims().exp, now)
        {
            return deny(error.reason(), None);
        }
        let mut upstream_idempotency = None;
        if let Some(prior) = prior {
            let intent = prior.intent;
            if prior.input_hash != *authorized.invoke().input_hash() {
                return deny(Reason::IdempotencyConflict, Some(intent.id()));
            }
            if let Some(receipt) = prior.receipt {
                return Decision::Allow(Begun::Repeated(receipt.id()));
            }
            let same = intent.request_object_id == authorized.invoke().id();
            let strict = authorized.rule().idempotency == IdempotencyClass::Strict;
            if same || (strict && intent.upstream_idempotency.is_none()) {
                return deny(Reason::ExecutionOutcomeUnknown, Some(intent.id()));
            }
            upstream_idempotency.clone_from(&intent.upstream_idempotency);
        }
        Decision::Allow(Begun::Run(Self { authorized: Box::new(authorized), upstream_idempotency }))
    }

    /// The same execution under a name by which the service upstream does it only once. One that an earlier attempt
    /// already used stays.
    #[must_use]
    pub fn known_upstream_as(mut self, name: impl Into<String>) -> Self {
        self.upstream_idempotency.get_or_insert_with(|| name.into());
        self
    }

    /// The request that is executed.
    #[must_use]
    pub fn authorized(&self) -> &Authorized<Invoke> {
        &self.authorized
    }
}
