//! Whether a checkpoint continues another (D32, D33, D90).

use alloc::vec::Vec;

use fcp_core::error::Reason;
use fcp_core::id::ObjectId;
use fcp_core::revoked::Revoked as _;
use fcp_core::sign::Verified;
use fcp_core::time::Timestamp;
use fcp_zones::manifest::ZoneKeyManifest;

use super::held::{self, want};
use super::{ChainKind, Governance, Signers, View, Wanted, ZoneCheckpoint};
use crate::chain::{self, Tip, Walk};
use crate::head::{AuditHead, RevocationHead};

/// How far `prev` links are followed from one definition, policy or manifest to another.
const MAX_STEPS: usize = 4096;

/// What a checkpoint pins, looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pinned {
    pub(super) signers: Signers,
    pub(super) revocation: Option<Tip>,
    pub(super) audit: Option<Tip>,
}

/// What the continued checkpoint pinned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before<'a> {
    pub(super) checkpoint: &'a ZoneCheckpoint,
    pub(super) revocation: Option<Tip>,
    pub(super) audit: Option<Tip>,
}

/// Why it does not continue, or not yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Break {
    /// These have to be held first.
    Wait(Vec<Wanted>),
    /// It does not.
    Refuse(Reason),
    /// Its chains contradict the agreed ones.
    Diverges(ChainKind),
}

/// What the owner's anchor spares a checkpoint (D201).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Authority {
    /// Nothing: there is no anchor.
    Quorum,
    /// Descending from the pinned definition, policy and manifest: the owner signed all of them.
    Owner,
    /// Containing the agreed chains too, because it repairs a fork.
    OwnerAfterFork,
}

/// Looks up what `checkpoint` pins and checks that it continues `before`.
pub(super) fn check(
    view: &View<'_>,
    before: Option<Before<'_>>,
    checkpoint: &ZoneCheckpoint,
    authority: Authority,
    now: Timestamp,
) -> Result<Pinned, Break> {
    if let Some(before) = before {
        let own = before.checkpoint;
        let regresses = checkpoint.rev_seq < own.rev_seq
            || checkpoint.audit_seq < own.audit_seq
            || checkpoint.as_of_epoch < own.as_of_epoch;
        if regresses {
            return Err(Break::Refuse(Reason::CheckpointRegress));
        }
    }
    let mut wanted = Vec::new();
    let signers = governed(view, before, checkpoint, authority, now, &mut wanted)?;
    let mut tip = |kind, id: &ObjectId, seq, earlier| {
        let tip = head(view, kind, id, seq, &mut wanted)?;
        // Without a checkpoint to continue, or after a fork, the owner's word is enough.
        if before.is_none() || authority == Authority::OwnerAfterFork {
            return Ok(tip);
        }
        match chain::walk(tip, earlier, held::link(view.held, kind), |_| ()) {
            Walk::Contains => {}
            Walk::Diverges if tip.is_none() && seq > 0 => {}
            Walk::Diverges => return Err(Break::Diverges(kind)),
            Walk::Missing(tip) => {
                let after = earlier.map_or(0, |earlier: Tip| earlier.seq);
                want(&mut wanted, Wanted::Events { chain: kind, tip, after });
            }
        }
        Ok(tip)
    };
    let earlier = before.map_or((None, None), |before| (before.revocation, before.audit));
    let revocation = tip(ChainKind::Revocation, &checkpoint.rev_head, checkpoint.rev_seq, earlier.0)?;
    let audit = tip(ChainKind::Audit, &checkpoint.audit_head, checkpoint.audit_seq, earlier.1)?;
    match signers {
        Some(signers) if wanted.is_empty() => Ok(Pinned { signers, revocation, audit }),
        _ => Err(Break::Wait(wanted)),
    }
}

/// Definition, policy and manifest. Returns the policy's signers, if it is held.
fn governed(
    view: &View<'_>,
    before: Option<Before<'_>>,
    checkpoint: &ZoneCheckpoint,
    authority: Authority,
    now: Timestamp,
    wanted: &mut Vec<Wanted>,
) -> Result<Option<Signers>, Break> {
    let zone = &checkpoint.zone_id;
    let heads = checkpoint.heads();
    let definition = view.held.definition(&heads.definition);
    let policy = view.held.policy(&heads.policy);
    let manifest = view.held.manifest(&heads.manifest);
    let held = [(definition.is_some(), heads.definition), (policy.is_some(), heads.policy)];
    for (is_held, id) in held.into_iter().chain([(manifest.is_some(), heads.manifest)]) {
        if !is_held {
            want(wanted, Wanted::Object(id));
        }
    }
    let zones = [
        definition.as_ref().map(|own| &own.zone_id),
        policy.as_ref().map(|own| own.zone_id()),
        manifest.as_ref().map(|own| own.zone_id()),
    ];
    if zones.into_iter().flatten().any(|own| own != zone) {
        return Err(Break::Refuse(Reason::CheckpointWrongZone));
    }
    if view.keys.revocations().is_revoked(&heads.manifest, zone, now) {
        return Err(Break::Refuse(Reason::CheckpointRevokedManifest));
    }
    if let Some(before) = before.filter(|_| authority == Authority::Quorum) {
        let pinned = before.checkpoint.heads();
        let definition_of = |id: &ObjectId| view.held.definition(id).map(|own| own.prev);
        let policy_of = |id: &ObjectId| view.held.policy(id).map(|own| own.prev());
        descends(heads.definition, pinned.definition, definition_of, wanted)?;
        descends(heads.policy, pinned.policy, policy_of, wanted)?;
        let next = before.checkpoint.checkpoint_seq.checked_add(1) == Some(checkpoint.checkpoint_seq);
        if let Some(manifest) = &manifest {
            follows(view, manifest, &pinned.manifest, next, wanted)?;
        }
    }
    let signers = policy.map(|policy| Signers::of(&policy)).transpose().map_err(Break::Refuse)?;
    Ok(signers)
}

/// Of the newest definition, policy and manifest, those that the next checkpoint may name; what is pinned in the place
/// of the others. Of several manifests in a row it is the first (D90).
pub(super) fn next_governance(view: &View<'_>, pinned: Governance, newest: Governance) -> Governance {
    let leads_back = |id, pinned, prev: &dyn Fn(&ObjectId) -> Option<Option<ObjectId>>| {
        let mut wanted = Vec::new();
        descends(id, pinned, prev, &mut wanted).is_ok() && wanted.is_empty()
    };
    let definition_of = |id: &ObjectId| view.held.definition(id).map(|own| own.prev);
    let policy_of = |id: &ObjectId| view.held.policy(id).map(|own| own.prev());
    let mut next = pinned;
    if leads_back(newest.definition, pinned.definition, &definition_of) {
        next.definition = newest.definition;
    }
    if leads_back(newest.policy, pinned.policy, &policy_of) {
        next.policy = newest.policy;
    }
    let Some(current) = view.held.manifest(&pinned.manifest) else { return next };
    let mut at = view.held.manifest(&newest.manifest);
    for _ in 0..MAX_STEPS {
        match at {
            Some(manifest) if manifest.follows(&current) => {
                next.manifest = manifest.id();
                break;
            }
            Some(manifest) => at = manifest.previous().and_then(|id| view.held.manifest(&id)),
            None => break,
        }
    }
    next
}

/// Whether `id` is `pinned` or leads to it by `prev` (D32, D90).
fn descends(
    id: ObjectId,
    pinned: ObjectId,
    prev: impl Fn(&ObjectId) -> Option<Option<ObjectId>>,
    wanted: &mut Vec<Wanted>,
) -> Result<(), Break> {
    let mut at = id;
    for _ in 0..MAX_STEPS {
        if at == pinned {
            return Ok(());
        }
        at = match prev(&at) {
            Some(Some(prev)) => prev,
            Some(None) => return Err(Break::Refuse(Reason::CheckpointNotDescended)),
            None => {
                want(wanted, Wanted::Object(at));
                return Ok(());
            }
        };
    }
    Err(Break::Refuse(Reason::CheckpointNotDescended))
}

/// Whether the manifest is the pinned one or takes its place (D90). Only where checkpoints between are not known may
/// there be manifests between, too.
fn follows(
    view: &View<'_>,
    manifest: &Verified<ZoneKeyManifest>,
    pinned: &ObjectId,
    next: bool,
    wanted: &mut Vec<Wanted>,
) -> Result<(), Break> {
    if manifest.id() == *pinned {
        return Ok(());
    }
    let Some(current) = view.held.manifest(pinned) else {
        want(wanted, Wanted::Object(*pinned));
        return Ok(());
    };
    let mut at = manifest.clone();
    for _ in 0..MAX_STEPS {
        if at.follows(&current) {
            return Ok(());
        }
        let Some(previous) = at.previous().filter(|_| !next) else { break };
        let Some(held) = view.held.manifest(&previous) else {
            want(wanted, Wanted::Object(previous));
            return Ok(());
        };
        at = held;
    }
    Err(Break::Refuse(Reason::CheckpointNotDescended))
}

/// The event that a head names. Nothing for an empty chain, or for a head that is wanted first.
fn head(
    view: &View<'_>,
    kind: ChainKind,
    id: &ObjectId,
    seq: u64,
    wanted: &mut Vec<Wanted>,
) -> Result<Option<Tip>, Break> {
    if id.is_zero() {
        return Ok(None);
    }
    let named = match kind {
        ChainKind::Audit => {
            held::open::<AuditHead>(view.held, id).map(|own| (own.claimed().tip(), own.claimed().zone_id.clone()))
        }
        ChainKind::Revocation => {
            held::open::<RevocationHead>(view.held, id).map(|own| (own.claimed().tip(), own.claimed().zone_id.clone()))
        }
    };
    match named {
        Some((_, zone)) if zone != *view.keys.zone() => Err(Break::Refuse(Reason::CheckpointWrongZone)),
        Some((tip, _)) if tip.seq == seq => Ok(Some(tip)),
        Some(_) => Err(Break::Refuse(Reason::CheckpointBadHeads)),
        None => {
            want(wanted, Wanted::Object(*id));
            Ok(None)
        }
    }
}
