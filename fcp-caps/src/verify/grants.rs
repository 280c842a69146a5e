//! The grants that a token cites (§7.5, D117, D118).

use alloc::vec::Vec;

use fcp_core::error::Reason;
use fcp_core::id::{CapabilityId, NodeId, NodeTag, ObjectId};

use super::TokenView;
use crate::evidence::{Evidence, Step};
use crate::grant::{CapabilityConstraints, CapabilityObject, Demand, Holding, Spent};
use crate::token::TokenClaims;

/// One grant that can authorize a call alone (D117).
#[derive(Clone, Copy)]
pub(crate) struct GrantUnit<'a> {
    /// The object that is charged and cited.
    pub(crate) id: ObjectId,
    object: &'a CapabilityObject,
    pub(crate) constraints: &'a CapabilityConstraints,
}

/// The device that is to run a call.
pub(crate) struct Runner<'a> {
    pub(crate) node: &'a NodeId,
    /// Its attested tags.
    pub(crate) tags: &'a [NodeTag],
}

/// The cited grants, all of them.
pub(crate) fn cited<'a>(
    view: &'a (impl TokenView + ?Sized),
    claims: &TokenClaims,
    evidence: &mut Evidence,
) -> Step<Vec<GrantUnit<'a>>> {
    let mut units = Vec::with_capacity(claims.grant_object_ids.len());
    for id in &claims.grant_object_ids {
        evidence.add(*id);
        let Some(grant) = view.grant(id) else { return Err(evidence.deny(Reason::GrantMissing)) };
        if grant.header.zone_id != claims.iss_zone {
            return Err(evidence.deny(Reason::GrantWrongZone));
        }
        units.push(GrantUnit { id: *id, object: grant.get(), constraints: &grant.constraints });
    }
    Ok(units)
}

/// Whether one of `units` gives `capability` to `holding`.
///
/// # Errors
/// The reason of the grant that came furthest.
pub(crate) fn backing(units: &[GrantUnit<'_>], capability: &CapabilityId, holding: &Holding<'_>) -> Result<(), Reason> {
    select(units, |unit| unit.check(capability, holding)).map(drop)
}

/// The one grant that covers a whole call (D117): capability, holding, placement and bounds.
///
/// # Errors
/// The reason of the grant that came furthest.
pub(crate) fn covering<'u, 'a>(
    units: &'u [GrantUnit<'a>],
    capability: &CapabilityId,
    holding: &Holding<'_>,
    runner: &Runner<'_>,
    demand: &Demand,
    spent: impl Fn(&ObjectId) -> Spent,
) -> Result<&'u GrantUnit<'a>, Reason> {
    select(units, |unit| {
        unit.check(capability, holding)?;
        unit.object.placement.check(runner.node, runner.tags, holding.zone)?;
        unit.constraints.check(demand, spent(&unit.id))
    })
}

impl GrantUnit<'_> {
    fn check(&self, capability: &CapabilityId, holding: &Holding<'_>) -> Result<(), Reason> {
        if self.object.capability_id != *capability {
            return Err(Reason::GrantInsufficient);
        }
        self.object.check_holding(holding)
    }
}

/// The first unit that passes, or why the one that came furthest does not: that a grant is of another capability says
/// nothing where there is one that expired.
fn select<'u, 'a>(
    units: &'u [GrantUnit<'a>],
    check: impl Fn(&GrantUnit<'a>) -> Result<(), Reason>,
) -> Result<&'u GrantUnit<'a>, Reason> {
    let progress = |reason: Reason| match reason {
        Reason::GrantInsufficient => 0,
        Reason::GrantWrongZone => 1,
        Reason::GrantNotValid => 2,
        Reason::GrantWrongGrantee | Reason::GrantBearerNotSafe => 3,
        Reason::GrantDeviceNotAllowed | Reason::GrantDeviceUnproven => 4,
        Reason::GrantResourceDenied | Reason::GrantResourceNotAllowed => 5,
        _ => 6,
    };
    let mut denied = Reason::GrantInsufficient;
    for unit in units {
        match check(unit) {
            Ok(()) => return Ok(unit),
            Err(reason) if progress(reason) > progress(denied) => denied = reason,
            Err(_) => {}
        }
    }
    Err(denied)
}
