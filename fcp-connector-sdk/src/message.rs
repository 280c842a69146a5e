//! Messages between a node and a connector's process (§9.2, §10.3).
//!
//! A node begins with `handshake` and `configure`; then it may have several calls run at once. Each message of a call
//! carries its number. A call's effects go to the node as `effect` and come back as `effect_result`, until `response`
//! ends the call.

use fcp_core::cbor::{Decode, Encode, Value};
use fcp_core::error::{FcpError, Reason};
use fcp_core::id::{ConnectorId, InstanceId, OperationId, ZoneId};

use crate::connector::Health;
use crate::effect::{Effect, EffectResult};
use crate::manifest::InterfaceHash;

/// The local protocol.
pub const PROTOCOL: &str = "fcp2-connector/1";

/// How many calls may run at once.
pub const MAX_CALLS: usize = 64;

/// The number of a call, which the node chooses; no two calls that run at once have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct CallId(pub u64);

/// From the node to the connector.
///
/// ```cddl
/// host-message = { handshake: handshake } / { describe: request } / { introspect: request } / { capabilities: request }
///   / { configure: { id: uint, configuration: any } } / { invoke: invocation }
///   / { effect_result: { id: uint, result: effect-result } } / { health: request } / { shutdown: request }
/// request = { id: uint }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum HostMessage {
    /// Bind the connector to a zone and agree on the protocol. The first message.
    Handshake(Handshake),
    /// What is it?
    Describe {
        /// The call.
        id: CallId,
    },
    /// What can it do, and how?
    Introspect {
        /// The call.
        id: CallId,
    },
    /// What does it need?
    Capabilities {
        /// The call.
        id: CallId,
    },
    /// Take these settings.
    Configure {
        /// The call.
        id: CallId,
        /// The settings.
        configuration: Value,
    },
    /// Run an operation.
    Invoke(Invocation),
    /// What came of a call's effect.
    EffectResult {
        /// The call.
        id: CallId,
        /// What came of it.
        result: EffectResult,
    },
    /// Can it work?
    Health {
        /// The call.
        id: CallId,
    },
    /// Come to an end.
    Shutdown {
        /// The call.
        id: CallId,
    },
}

/// The first message.
///
/// ```cddl
/// handshake = { id: uint, protocols: [+ tstr], connector_id: tstr, zone_id: tstr, ? instance_id: tstr }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Handshake {
    /// The call.
    pub id: CallId,
    /// The local protocols that the node speaks, the best first.
    pub protocols: Vec<String>,
    /// Which connector it means to speak with.
    pub connector_id: ConnectorId,
    /// The zone that the connector is bound to.
    pub zone_id: ZoneId,
    /// The instance that it is.
    pub instance_id: Option<InstanceId>,
}

/// The answer to [`Handshake`].
///
/// ```cddl
/// handshake-ack = { id: uint, protocol: tstr, connector_id: tstr, version: tstr, interface_hash: tstr }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct HandshakeAck {
    /// The call.
    pub id: CallId,
    /// The protocol that was chosen.
    pub protocol: String,
    /// Which connector it is.
    pub connector_id: ConnectorId,
    /// Its version.
    pub version: String,
    /// The hash of the interface that it has.
    pub interface_hash: InterfaceHash,
}

/// The longest idempotency key, in bytes (D143).
const MAX_IDEMPOTENCY_KEY: usize = 128;

/// An operation to run. Who may run it was decided before; the connector sees none of that.
///
/// ```cddl
/// invocation = { id: uint, operation: tstr, input: any, ? idempotency_key: tstr .size (1..128), ? deadline_ms: uint }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[fcp(check = Invocation::check)]
pub struct Invocation {
    /// The call.
    pub id: CallId,
    /// The operation.
    pub operation: OperationId,
    /// Its input.
    pub input: Value,
    /// The key under which it happens at most once (§9.5).
    pub idempotency_key: Option<String>,
    /// How many milliseconds the caller waits.
    pub deadline_ms: Option<u64>,
}

impl Invocation {
    fn check(&self) -> Result<(), Reason> {
        match &self.idempotency_key {
            Some(key) if !(1..=MAX_IDEMPOTENCY_KEY).contains(&key.len()) => Err(Reason::IdempotencyBadKey),
            _ => Ok(()),
        }
    }
}

/// From the connector to the node.
///
/// ```cddl
/// connector-message = { handshake_ack: handshake-ack } / { effect: { id: uint, effect: effect } }
///   / { response: { id: uint, outcome: outcome } } / { health: { id: uint, health: health, calls: uint } }
/// outcome = { ok: any } / { error: fcp-error }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum ConnectorMessage {
    /// The connector is bound.
    HandshakeAck(HandshakeAck),
    /// A call wants something done.
    Effect {
        /// The call.
        id: CallId,
        /// What it wants.
        effect: Effect,
    },
    /// A call has ended.
    Response {
        /// The call.
        id: CallId,
        /// How.
        outcome: Outcome,
    },
    /// The answer to `health`.
    Health {
        /// The call.
        id: CallId,
        /// Whether the connector can work.
        health: Health,
        /// How many calls run.
        calls: u64,
    },
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Outcome {
    /// With this.
    Ok(Value),
    /// In vain.
    Error(FcpError),
}

impl HostMessage {
    /// The call that the message belongs to.
    #[must_use]
    pub const fn id(&self) -> CallId {
        match self {
            Self::Handshake(handshake) => handshake.id,
            Self::Invoke(invocation) => invocation.id,
            Self::Describe { id }
            | Self::Introspect { id }
            | Self::Capabilities { id }
            | Self::Configure { id, .. }
            | Self::EffectResult { id, .. }
            | Self::Health { id }
            | Self::Shutdown { id } => *id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CallId, ConnectorMessage, HostMessage, Invocation, Outcome};
    use crate::effect::{Effect, EffectResult};
    use fcp_core::cbor::{self, Value};

    /// By hand from the CDDL.
    #[test]
    fn the_form_is_that_of_the_cddl() {
        let invoke = HostMessage::Invoke(Invocation {
            id: CallId(7),
            operation: "a.b".parse().unwrap(),
            input: Value::Null,
            idempotency_key: Some("k".into()),
            deadline_ms: None,
        });
        let expected = b"\xa1\x66invoke\xa4\x62id\x07\x65input\xf6\x69operation\x63a.b\x6fidempotency_key\x61k";
        assert_eq!(cbor::encode(&invoke), expected);
        assert_eq!(cbor::decode::<HostMessage>(expected).unwrap(), invoke);
        let effect = ConnectorMessage::Effect { id: CallId(7), effect: Effect::Now };
        assert_eq!(cbor::encode(&effect), b"\xa1\x66effect\xa2\x62id\x07\x66effect\x63now");
        let result = HostMessage::EffectResult { id: CallId(7), result: EffectResult::Done };
        assert_eq!(cbor::encode(&result), b"\xa1\x6deffect_result\xa2\x62id\x07\x66result\x64done");
        let response = ConnectorMessage::Response { id: CallId(7), outcome: Outcome::Ok(Value::from(true)) };
        assert_eq!(cbor::encode(&response), b"\xa1\x68response\xa2\x62id\x07\x67outcome\xa1\x62ok\xf5");
    }

    #[test]
    fn idempotency_keys_have_1_to_128_bytes() {
        for (key, fits) in [(String::new(), false), ("k".repeat(128), true), ("k".repeat(129), false)] {
            let invocation = Invocation {
                id: CallId(0),
                operation: "a".parse().unwrap(),
                input: Value::Null,
                idempotency_key: Some(key),
                deadline_ms: None,
            };
            assert_eq!(cbor::decode::<Invocation>(&cbor::encode(&invocation)).is_ok(), fits);
        }
    }
}
