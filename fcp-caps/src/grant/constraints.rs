//! The bounds of a grant, and what a call must not exceed (§7.3, D117, D120–D122).

use alloc::string::String;
use alloc::vec::Vec;

use fcp_core::cbor::{Decode, Encode};
use fcp_core::error::Reason;
use fcp_core::id::CredentialId;

use super::{NetworkConstraints, ResourceUri, allows, denies};

/// Bounds on the use of a capability (§7.3).
///
/// ```cddl
/// capability-constraints = { resource_allow: [* tstr], resource_deny: [* tstr], ? max_calls: uint, ? max_bytes: uint,
///   ? idempotency_scope: tstr, ? network: network-constraints, credential_allow: [* tstr] }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct CapabilityConstraints {
    /// Patterns of resources that a call may name (D121). Empty allows none; `*` allows all.
    pub resource_allow: Vec<String>,
    /// Prefixes of resources that a call may not name, whatever is allowed.
    pub resource_deny: Vec<String>,
    /// The most calls.
    pub max_calls: Option<u32>,
    /// The most bytes of inputs and results together (D122).
    pub max_bytes: Option<u64>,
    /// What idempotency keys are meant for.
    pub idempotency_scope: Option<String>,
    /// Where calls may connect to. A capability that reaches out needs it (D128).
    pub network: Option<NetworkConstraints>,
    /// The credentials that may be injected. Empty allows none (D120).
    pub credential_allow: Vec<CredentialId>,
}

/// What one call asks of its bounds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Demand {
    /// The resources that it names.
    pub resources: Vec<ResourceUri>,
    /// How many bytes its input has in CBOR (D122).
    pub input_bytes: u64,
}

/// How much of a bound is already used (D122). The key is the grant's id, or the token's jti for its attenuation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// Calls that were charged.
    pub calls: u32,
    /// Bytes that were charged.
    pub bytes: u64,
}

impl CapabilityConstraints {
    /// Bounds that bound nothing but the network and credentials, which are closed unless listed.
    #[must_use]
    pub fn open() -> Self {
        Self { resource_allow: alloc::vec!["*".into()], ..Self::default() }
    }

    /// Checks that a call keeps to the bounds, with what is already spent.
    ///
    /// # Errors
    /// The reason of the first bound that it would exceed.
    pub fn check(&self, demand: &Demand, spent: Spent) -> Result<(), Reason> {
        for uri in &demand.resources {
            let uri = uri.as_str();
            if self.resource_deny.iter().any(|pattern| denies(pattern, uri)) {
                return Err(Reason::GrantResourceDenied);
            }
            if !self.resource_allow.iter().any(|pattern| allows(pattern, uri)) {
                return Err(Reason::GrantResourceNotAllowed);
            }
        }
        if self.max_calls.is_some_and(|most| spent.calls >= most) {
            return Err(Reason::GrantCallsSpent);
        }
        if self.max_bytes.is_some_and(|most| spent.bytes.saturating_add(demand.input_bytes) > most) {
            return Err(Reason::GrantBytesSpent);
        }
        Ok(())
    }

    /// Whether these bounds only restrict what `wider` allows (§7.5).
    ///
    /// Denied prefixes need no look: both sides' apply to a call. An absent limit adds none of its own.
    #[must_use]
    pub fn restricts(&self, wider: &Self) -> bool {
        Self::restricts_any(self, core::iter::once(wider))
    }

    /// Whether nothing in these bounds reaches beyond all of `grants` together: the check of a token's attenuation
    /// (§7.5). Which of the grants covers a call is decided for each call (D117).
    #[must_use]
    pub fn restricts_any<'g>(&self, grants: impl Iterator<Item = &'g Self> + Clone) -> bool {
        let any = |covers: &dyn Fn(&Self) -> bool| grants.clone().any(covers);
        let resources = self.resource_allow.iter().all(|own| {
            // What a pattern allows, a pattern that allows it as a text allows too.
            any(&|grant| grant.resource_allow.iter().any(|wider| allows(wider, own)))
        });
        let calls = self.max_calls.is_none_or(|own| any(&|grant| grant.max_calls.is_none_or(|most| own <= most)));
        let bytes = self.max_bytes.is_none_or(|own| any(&|grant| grant.max_bytes.is_none_or(|most| own <= most)));
        let network = self
            .network
            .as_ref()
            .is_none_or(|own| any(&|grant| grant.network.as_ref().is_some_and(|wider| own.restricts(wider))));
        let credentials = self.credential_allow.iter().all(|own| any(&|grant| grant.credential_allow.contains(own)));
        resources && calls && bytes && network && credentials
    }
}

#[cfg(test)]
mod tests {
    use super::{CapabilityConstraints, Demand, Spent};
    use crate::grant::{NetworkConstraints, ResourceUri};
    use fcp_core::cbor;
    use fcp_core::id::CredentialId;

    fn bounds() -> CapabilityConstraints {
        CapabilityConstraints {
            resource_allow: vec!["https://a.com/x/".into(), "https://b.com".into()],
            resource_deny: vec!["https://a.com/x/private".into()],
            max_calls: Some(3),
            max_bytes: Some(1_000),
            network: Some(NetworkConstraints::closed()),
            credential_allow: vec![CredentialId::new("cred:notes").unwrap()],
            ..CapabilityConstraints::default()
        }
    }

    fn demand(uris: &[&str], input_bytes: u64) -> Demand {
        Demand { resources: uris.iter().map(|uri| ResourceUri::new(uri).unwrap()).collect(), input_bytes }
    }

    #[test]
    fn each_bound_holds_alone() {
        let spent = Spent { calls: 2, bytes: 900 };
        let check = |demand: &Demand, spent: Spent| bounds().check(demand, spent).map_err(|reason| reason.code());
        assert_eq!(check(&demand(&["https://a.com/x/1", "https://b.com/"], 100), spent), Ok(()));
        assert_eq!(check(&demand(&["https://a.com/x/private/1"], 0), spent), Err("grant.resource_denied"));
        assert_eq!(check(&demand(&["https://a.com/y"], 0), spent), Err("grant.resource_not_allowed"));
        assert_eq!(check(&demand(&["https://b.com/", "https://c.com/"], 0), spent), Err("grant.resource_not_allowed"));
        assert_eq!(check(&demand(&[], 0), Spent { calls: 3, bytes: 0 }), Err("grant.calls_spent"));
        assert_eq!(check(&demand(&[], 101), spent), Err("grant.bytes_spent"));
        assert_eq!(check(&demand(&[], u64::MAX), spent), Err("grant.bytes_spent"));

        let nothing = CapabilityConstraints::default();
        assert_eq!(nothing.check(&demand(&[], 5), spent), Ok(()), "a call that names no resource needs no list");
        let named = nothing.check(&demand(&["https://a.com/x/1"], 0), spent);
        assert_eq!(named.unwrap_err().code(), "grant.resource_not_allowed");
        assert_eq!(CapabilityConstraints::open().check(&demand(&["https://a.com/x/1"], 0), spent), Ok(()));
    }

    #[test]
    fn an_attenuation_only_restricts() {
        let own = CapabilityConstraints {
            resource_allow: vec!["https://a.com/x/1".into(), "https://b.com/".into()],
            resource_deny: vec![],
            max_calls: Some(1),
            max_bytes: None,
            network: None,
            credential_allow: vec![],
            idempotency_scope: None,
        };
        assert!(own.restricts(&bounds()) && bounds().restricts(&bounds()));
        let widenings: [fn(&mut CapabilityConstraints); 7] = [
            |own| own.resource_allow.push("*".into()),
            |own| own.resource_allow.push("https://a.com/x".into()),
            |own| own.resource_allow.push("https://b.com.evil/".into()),
            |own| own.max_calls = Some(4),
            |own| own.max_bytes = Some(1_001),
            |own| own.credential_allow.push(CredentialId::new("cred:bank").unwrap()),
            |own| {
                own.network = Some(NetworkConstraints { deny_localhost: false, ..NetworkConstraints::closed() });
            },
        ];
        for (index, widen) in widenings.into_iter().enumerate() {
            let mut wider = own.clone();
            widen(&mut wider);
            assert!(!wider.restricts(&bounds()), "{index}");
        }
    }

    #[test]
    fn several_grants_together_bound_an_attenuation() {
        let one = CapabilityConstraints { resource_allow: vec!["https://a.com/".into()], ..Default::default() };
        let other = CapabilityConstraints { resource_allow: vec!["https://b.com/".into()], ..Default::default() };
        let both = CapabilityConstraints {
            resource_allow: vec!["https://a.com/1".into(), "https://b.com/2".into()],
            ..Default::default()
        };
        assert!(both.restricts_any([&one, &other].into_iter()));
        assert!(!both.restricts(&one) && !both.restricts(&other));
        assert!(!both.restricts_any(core::iter::empty()));
    }

    #[test]
    fn bounds_survive_their_encoding() {
        let bytes = cbor::encode(&bounds());
        assert_eq!(cbor::decode::<CapabilityConstraints>(&bytes).unwrap(), bounds());
        // The least there is: three empty lists.
        let least = b"\xa3\x6dresource_deny\x80\x6eresource_allow\x80\x70credential_allow\x80";
        assert_eq!(cbor::decode::<CapabilityConstraints>(least).unwrap(), CapabilityConstraints::default());
    }
}
