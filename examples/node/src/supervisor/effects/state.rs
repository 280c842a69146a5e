//! A connector's state (§10.4).
//!
//! The canonical state of a connector lives in the mesh, as objects under a lease. What is here is the seam for it: the
//! supervisor asks a [`StateStore`], and [`MemoryState`] is one that forgets everything when the node ends. So a connector
//! that needs its state after a restart cannot be run by this node yet; one that only caches can.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use fcp_connector_sdk::Value;
use fcp_core::cbor;
use fcp_core::error::Reason;
use fcp_core::id::ConnectorId;

/// Where the entries of connectors' state are.
pub trait StateStore: Send + Sync {
    /// The value under `key`.
    ///
    /// # Errors
    /// A reason why it cannot be read.
    fn get(&self, connector: &ConnectorId, key: &str) -> Result<Option<Value>, Reason>;

    /// Puts a value in place of what is under `key`, or removes that. It is durable when this returns, as far as the
    /// store is.
    ///
    /// # Errors
    /// A reason why it cannot be written; the old value is there then, unless it is `execution.storage_failed`.
    fn put(&self, connector: &ConnectorId, key: &str, value: Option<Value>) -> Result<(), Reason>;
}

/// The most bytes of keys and values that one connector's state has.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// State in memory.
#[derive(Debug, Default)]
pub struct MemoryState {
    connectors: Mutex<BTreeMap<ConnectorId, Entries>>,
}

#[derive(Debug, Default)]
struct Entries {
    values: BTreeMap<String, Value>,
    bytes: usize,
}

fn cost(key: &str, value: &Value) -> usize {
    key.len().saturating_add(cbor::encode(value).len())
}

impl StateStore for MemoryState {
    fn get(&self, connector: &ConnectorId, key: &str) -> Result<Option<Value>, Reason> {
        let connectors = self.connectors.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(connectors.get(connector).and_then(|own| own.values.get(key)).cloned())
    }

    fn put(&self, connector: &ConnectorId, key: &str, value: Option<Value>) -> Result<(), Reason> {
        let mut connectors = self.connectors.lock().unwrap_or_else(PoisonError::into_inner);
        let own = connectors.entry(connector.clone()).or_default();
        let freed = own.values.get(key).map_or(0, |old| cost(key, old));
        let added = value.as_ref().map_or(0, |new| cost(key, new));
        let bytes = own.bytes.saturating_sub(freed).saturating_add(added);
        if bytes > MAX_BYTES {
            return Err(Reason::ExecutionStorageFull);
        }
        own.bytes = bytes;
        match value {
            Some(value) => own.values.insert(key.to_owned(), value),
            None => own.values.remove(key),
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_BYTES, MemoryState, StateStore as _};
    use fcp_connector_sdk::Value;
    use fcp_core::error::Reason;
    use fcp_core::id::ConnectorId;

    #[test]
    fn each_connector_has_its_own_entries() {
        let (one, other): (ConnectorId, ConnectorId) = ("a.one".parse().unwrap(), "a.other".parse().unwrap());
        let state = MemoryState::default();
        state.put(&one, "cursor", Some(Value::from("7"))).unwrap();
        assert_eq!(state.get(&one, "cursor").unwrap(), Some(Value::from("7")));
        assert_eq!(state.get(&other, "cursor").unwrap(), None);
        state.put(&one, "cursor", None).unwrap();
        assert_eq!(state.get(&one, "cursor").unwrap(), None);
    }

    #[test]
    fn state_is_bounded_and_room_comes_back() {
        let connector: ConnectorId = "a.one".parse().unwrap();
        let state = MemoryState::default();
        let large = || Some(Value::from("x".repeat(MAX_BYTES / 2 - 64)));
        state.put(&connector, "a", large()).unwrap();
        state.put(&connector, "b", large()).unwrap();
        assert_eq!(state.put(&connector, "c", large()), Err(Reason::ExecutionStorageFull));
        assert_eq!(state.get(&connector, "c").unwrap(), None);
        state.put(&connector, "a", large()).unwrap();
        state.put(&connector, "a", None).unwrap();
        state.put(&connector, "c", large()).unwrap();
    }
}
