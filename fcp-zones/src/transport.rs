//! Which ways a zone's data takes, and in which order (appendix G, D92).

use alloc::vec::Vec;

use fcp_core::safety::PathClass;

use crate::zone::ZoneTransportPolicy;

impl ZoneTransportPolicy {
    /// Whether data may take a path of this class: direct ones always, relays and public ingress where the zone allows
    /// them.
    #[must_use]
    pub const fn permits(&self, class: PathClass) -> bool {
        match class {
            PathClass::Lan | PathClass::Direct => true,
            PathClass::Derp => self.allow_derp,
            PathClass::Funnel => self.allow_funnel,
        }
    }
}

/// The paths that the policy permits, best class first; paths of one class stay in the order in which they were given.
///
/// ```
/// use fcp_core::safety::PathClass;
/// use fcp_zones::transport::select;
/// use fcp_zones::zone::ZoneTransportPolicy;
///
/// let paths = [("relay", PathClass::Derp), ("tunnel", PathClass::Direct), ("cable", PathClass::Lan)];
/// let policy = ZoneTransportPolicy { allow_derp: false, ..ZoneTransportPolicy::default() };
/// assert_eq!(select(&policy, paths), ["cable", "tunnel"]);
/// ```
#[must_use]
pub fn select<P>(policy: &ZoneTransportPolicy, paths: impl IntoIterator<Item = (P, PathClass)>) -> Vec<P> {
    let mut permitted: Vec<(P, PathClass)> = paths.into_iter().filter(|(_, class)| policy.permits(*class)).collect();
    permitted.sort_by_key(|(_, class)| *class);
    permitted.into_iter().map(|(path, _)| path).collect()
}

#[cfg(test)]
mod tests {
    use fcp_core::safety::PathClass::{Derp, Direct, Funnel, Lan};

    use super::select;
    use crate::zone::{Levels, ZoneTransportPolicy};

    #[test]
    fn appendix_g() {
        let paths = [(4, Funnel), (3, Derp), (2, Direct), (1, Lan), (20, Direct), (10, Lan)];
        let order = |integrity, confidentiality, explicit| {
            select(&ZoneTransportPolicy::effective(explicit, Levels::new(integrity, confidentiality)), paths)
        };
        let everything = Some(ZoneTransportPolicy { allow_derp: true, allow_funnel: true, allow_lan_broadcast: true });
        assert_eq!(order(100, 100, None), [1, 10, 2, 20]);
        assert_eq!(order(80, 90, None), [1, 10, 2, 20, 3]);
        assert_eq!(order(80, 90, everything), [1, 10, 2, 20, 3]);
        assert_eq!(order(40, 40, everything), [1, 10, 2, 20, 3, 4]);
        assert_eq!(order(20, 10, None), [1, 10, 2, 20, 3]);
    }
}
