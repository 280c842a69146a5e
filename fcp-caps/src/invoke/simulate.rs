//! Asking whether an operation would succeed (§9.5), without running it.

use alloc::string::String;
use alloc::vec::Vec;

use fcp_core::cbor::{Decode, Encode, Value};
use fcp_core::id::OperationId;
use fcp_core::object::Message;
use fcp_core::time::Timestamp;

/// A request to say what would happen (§9.5).
///
/// ```cddl
/// simulate-request = { id: tstr, operation: tstr, input: any, capability_token: bstr, estimate_cost: bool,
///   check_availability: bool }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.core:SimulateRequest@2.0.0")]
pub struct SimulateRequest {
    /// The caller's name for the request, repeated in the answer.
    pub id: String,
    /// The operation.
    pub operation: OperationId,
    /// The operation's input.
    pub input: Value,
    /// The token's bytes (§7.5.1).
    pub capability_token: Vec<u8>,
    /// Whether to estimate the cost.
    pub estimate_cost: bool,
    /// Whether to look if what is needed is there.
    pub check_availability: bool,
}

/// What would happen (§9.5).
///
/// ```cddl
/// simulate-response = { id: tstr, would_succeed: bool, ? failure_reason: tstr, missing_capabilities: [* tstr],
///   ? estimated_cost: cost-estimate, ? availability: resource-availability }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.core:SimulateResponse@2.0.0")]
pub struct SimulateResponse {
    /// The caller's name for the request.
    pub id: String,
    /// Whether it would be allowed and could run.
    pub would_succeed: bool,
    /// Why not.
    pub failure_reason: Option<String>,
    /// The capabilities that the token lacks.
    pub missing_capabilities: Vec<String>,
    /// What it would cost.
    pub estimated_cost: Option<CostEstimate>,
    /// Whether what it needs is there.
    pub availability: Option<ResourceAvailability>,
}

/// What an operation would cost (§9.5).
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct CostEstimate {
    /// Credits or tokens of the service.
    pub api_credits: Option<u64>,
    /// Time, in milliseconds.
    pub estimated_duration_ms: Option<u64>,
    /// Bytes to be transferred.
    pub estimated_bytes: Option<u64>,
    /// Money.
    pub currency: Option<CurrencyCost>,
}

/// An amount of money (§9.5).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct CurrencyCost {
    /// The amount, in hundredths.
    pub amount_cents: u64,
    /// The currency's code, such as `USD`.
    pub currency_code: String,
}

/// Whether what an operation needs is there (§9.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ResourceAvailability {
    /// Whether it is.
    pub available: bool,
    /// How often it may still be used.
    pub rate_limit_remaining: Option<u32>,
    /// When it may be used freely again.
    pub rate_limit_reset_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::{CostEstimate, CurrencyCost, ResourceAvailability, SimulateRequest, SimulateResponse};
    use fcp_core::cbor::Value;
    use fcp_core::object::Message as _;
    use fcp_core::time::Timestamp;

    #[test]
    fn both_messages_survive_their_encoding() {
        let request = SimulateRequest {
            id: "7".into(),
            operation: "append".parse().unwrap(),
            input: Value::map([("line", Value::from("milk"))]),
            capability_token: vec![0x84],
            estimate_cost: true,
            check_availability: false,
        };
        assert_eq!(SimulateRequest::from_body(&request.to_body()).unwrap(), request);
        let currency = CurrencyCost { amount_cents: 5, currency_code: "EUR".into() };
        let response = SimulateResponse {
            id: "7".into(),
            would_succeed: false,
            failure_reason: Some("capability.insufficient".into()),
            missing_capabilities: vec!["notebook.append".into()],
            estimated_cost: Some(CostEstimate { currency: Some(currency), ..CostEstimate::default() }),
            availability: Some(ResourceAvailability {
                available: true,
                rate_limit_remaining: Some(3),
                rate_limit_reset_at: Some(Timestamp::from_secs(1_700_000_000)),
            }),
        };
        assert_eq!(SimulateResponse::from_body(&response.to_body()).unwrap(), response);
    }
}
