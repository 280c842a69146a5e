//! Which ways a zone's data may take (§5.2, D92).

use fcp_core::cbor::{Decode, Encode};

use super::Levels;

/// Above this confidentiality a zone without a transport policy of its own takes no relay (D92).
const NO_RELAY_FROM: u8 = 100;

/// Above this level, on either axis, a zone takes no public ingress (D92, appendix G).
const FUNNEL_UP_TO: u8 = 40;

/// Which transports a zone permits (§5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ZoneTransportPolicy {
    /// A relay, where no direct path works.
    pub allow_derp: bool,
    /// Public ingress.
    pub allow_funnel: bool,
    /// Broadcasts in the local network, to find peers.
    pub allow_lan_broadcast: bool,
}

impl Default for ZoneTransportPolicy {
    fn default() -> Self {
        Self { allow_derp: true, allow_funnel: false, allow_lan_broadcast: true }
    }
}

impl ZoneTransportPolicy {
    /// What holds for a zone with these levels whose definition has `explicit`, or nothing (D92).
    ///
    /// Nothing means the default, without relays from confidentiality 100 on. Public ingress needs both levels at 40
    /// or below, whatever the definition says.
    #[must_use]
    pub fn effective(explicit: Option<Self>, levels: Levels) -> Self {
        let policy = explicit.unwrap_or(Self { allow_derp: levels.confidentiality < NO_RELAY_FROM, ..Self::default() });
        let low = levels.integrity <= FUNNEL_UP_TO && levels.confidentiality <= FUNNEL_UP_TO;
        Self { allow_funnel: policy.allow_funnel && low, ..policy }
    }
}

#[cfg(test)]
mod tests {
    use super::{Levels, ZoneTransportPolicy};

    #[test]
    fn without_a_policy_secret_zones_take_no_relay() {
        let derp = |confidentiality| ZoneTransportPolicy::effective(None, Levels::new(100, confidentiality)).allow_derp;
        assert!(derp(90) && derp(99));
        assert!(!derp(100) && !derp(255));
        let explicit = ZoneTransportPolicy { allow_derp: true, ..ZoneTransportPolicy::default() };
        assert!(ZoneTransportPolicy::effective(Some(explicit), Levels::new(100, 100)).allow_derp);
    }

    #[test]
    fn public_ingress_is_for_low_zones_that_ask_for_it() {
        let explicit = Some(ZoneTransportPolicy { allow_funnel: true, ..ZoneTransportPolicy::default() });
        let funnel = |policy, levels| ZoneTransportPolicy::effective(policy, levels).allow_funnel;
        assert!(funnel(explicit, Levels::new(40, 40)) && funnel(explicit, Levels::new(20, 10)));
        assert!(!funnel(explicit, Levels::new(41, 40)) && !funnel(explicit, Levels::new(40, 41)));
        assert!(!funnel(None, Levels::new(20, 10)));
    }
}
