//! The capability namespace (§7.1), as one table, and what a capability's name alone says.

use fcp_core::error::Reason;
use fcp_core::id::CapabilityId;

/// What a capability is about, by the first part of its name (§7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// `fcp.*`: the protocol itself.
    Protocol,
    /// `network.*`: reaching other hosts.
    Network,
    /// `storage.*`: keeping data.
    Storage,
    /// `ipc.*`: talking to other processes.
    Ipc,
    /// `system.*`: the device itself; restricted.
    System,
    /// Anything else: a service's own capabilities, such as `telegram.*`.
    Service,
}

impl Family {
    /// The family of a capability.
    #[must_use]
    pub fn of(capability: &CapabilityId) -> Self {
        match capability.as_str().split_once('.').map(|(first, _)| first) {
            Some("fcp") => Self::Protocol,
            Some("network") => Self::Network,
            Some("storage") => Self::Storage,
            Some("ipc") => Self::Ipc,
            Some("system") => Self::System,
            _ => Self::Service,
        }
    }
}

/// A capability that the protocol itself names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The capability's id.
    pub id: &'static str,
    /// What it is about.
    pub family: Family,
    /// What it allows.
    pub meaning: &'static str,
}

macro_rules! taxonomy {
    ($($family:ident $id:literal $meaning:literal;)*) => {
        /// Every capability that the protocol names (§7.1). Services add their own beside these.
        pub const TAXONOMY: &[Entry] = &[$(Entry { id: $id, family: Family::$family, meaning: $meaning }),*];
    };
}

taxonomy! {
    Protocol "fcp.connect" "establish a connection";
    Protocol "fcp.handshake" "complete a handshake";
    Protocol "fcp.introspect" "ask for capabilities";
    Network "network.egress" "reach out through the node's egress proxy";
    Network "network.raw_outbound" "open sockets directly; in the permissive sandbox only";
    Network "network.inbound" "listen for connections";
    Network "network.dns" "resolve names";
    Network "network.tls.sni" "have the server's name enforced";
    Network "network.tls.spki_pin" "have the server's key pinned";
    Storage "storage.persistent" "keep data durably";
    Storage "storage.ephemeral" "keep data for a while";
    Storage "storage.encrypted" "keep data encrypted";
    Ipc "ipc.gateway" "talk to the gateway";
    Ipc "ipc.agent" "talk to the agent";
    System "system.info" "read about the system";
    System "system.exec" "run commands";
    System "system.env" "read and set environment variables";
}

/// The protocol's entry for a capability, if the protocol names it.
#[must_use]
pub fn lookup(capability: &CapabilityId) -> Option<&'static Entry> {
    TAXONOMY.iter().find(|entry| entry.id == capability.as_str())
}

/// Whether the capability reaches out over the network, so that a grant of it needs network constraints (§7.3, D128).
///
/// `network.outbound`, which the specification's prose mentions, stands for both ways out.
#[must_use]
pub fn reaches_out(capability: &CapabilityId) -> bool {
    matches!(capability.as_str(), "network.egress" | "network.raw_outbound" | "network.outbound")
}

/// Checks that a capability's name carries no host: hosts belong into network constraints (§7.1).
///
/// # Errors
/// [`Reason::CapabilityHostInId`] for a name such as `network.egress:api.example.com`.
pub fn check_name(capability: &CapabilityId) -> Result<(), Reason> {
    let with_argument = Family::of(capability) == Family::Network && capability.as_str().contains(':');
    if with_argument { Err(Reason::CapabilityHostInId) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::{Family, TAXONOMY, check_name, lookup, reaches_out};
    use fcp_core::id::CapabilityId;

    #[test]
    fn every_entry_is_a_capability_of_its_family_and_stands_once() {
        for (index, entry) in TAXONOMY.iter().enumerate() {
            let id = CapabilityId::new(entry.id).unwrap();
            assert_eq!(Family::of(&id), entry.family, "{id}");
            assert_eq!(lookup(&id), Some(entry));
            assert_eq!(check_name(&id), Ok(()));
            assert!(TAXONOMY[..index].iter().all(|earlier| earlier.id != entry.id), "{id}");
        }
        let service = CapabilityId::new("telegram.send_message").unwrap();
        assert_eq!((Family::of(&service), lookup(&service)), (Family::Service, None));
        assert_eq!(Family::of(&CapabilityId::new("networking").unwrap()), Family::Service);
    }

    #[test]
    fn hosts_do_not_belong_into_names() {
        let id = |text: &str| CapabilityId::new(text).unwrap();
        for text in ["network.raw_outbound:api.stripe.com", "network.egress:a"] {
            assert_eq!(check_name(&id(text)).unwrap_err().code(), "capability.host_in_id");
        }
        assert!(check_name(&id("files.read:home")).is_ok());
        assert!(reaches_out(&id("network.outbound")) && !reaches_out(&id("network.inbound")));
    }
}
