use std::collections::BTreeMap;

use fcp_core::cbor::Value;
use fcp_core::id::{ConnectorId, ObjectId, OperationId, ZoneId};
use fcp_core::object::{ObjectHeader, Provenance, TaintFlags, TaintReduction};
use fcp_core::safety::SafetyTier;
use fcp_core::sign::{NodeSigningKey, Signature, Verified};
use fcp_core::time::Timestamp;

use super::super::{Bearer, Client, Evidence, Labels, Marks, NoEvidence, ProvenanceError, SanitizerReceipt, Source};
use super::{Ingress, RequestSources, inline_input};
use crate::approval::ApprovalToken;
use crate::fixtures::{NOW, levels, node, principal, verified};

/// A request in z:private and the objects that the node holds.
struct Case {
    held: BTreeMap<ObjectId, Provenance>,
    marks: Marks,
    client: Client,
    ingress: Ingress,
    inputs: Vec<ObjectId>,
    claimed: Provenance,
    receipts: Vec<Verified<SanitizerReceipt>>,
}

impl Evidence for Case {
    fn approval(&self, _: &ObjectId) -> Option<&Verified<ApprovalToken>> {
        None
    }

    fn receipt(&self, id: &ObjectId) -> Option<&Verified<SanitizerReceipt>> {
        self.receipts.iter().find(|receipt| receipt.id() == *id)
    }
}

const MESSAGE: ObjectId = ObjectId::from_bytes([0x91; 32]);
const NOTE: ObjectId = ObjectId::from_bytes([0x22; 32]);

fn bearer() -> Bearer {
    Bearer { zone: ZoneId::private(), sub: principal("agent:scout"), holder_node: Some(node("n1")) }
}

fn clean() -> Provenance {
    Provenance::of_zone(ZoneId::private(), 80, 90, NOW)
}

fn public_text() -> Provenance {
    inline_input(Ingress::Public, ZoneId::public(), levels(&ZoneId::public()), NOW)
}

impl Case {
    fn new() -> Self {
        Self {
            held: [(MESSAGE, public_text()), (NOTE, clean())].into(),
            marks: Marks::new(),
            client: Client::Agent,
            ingress: Ingress::User,
            inputs: vec![],
            claimed: clean(),
            receipts: vec![],
        }
    }

    /// The node hands the stranger's message to the agent.
    fn delivered(mut self) -> Self {
        assert!(self.marks.deliver(&bearer(), Source::of(&public_text())));
        self
    }

    fn naming(self, inputs: &[ObjectId]) -> Self {
        Self { inputs: inputs.to_vec(), ..self }
    }

    fn recompute(&self) -> Result<Provenance, ProvenanceError> {
        let sources = RequestSources {
            bearer: &bearer(),
            levels: levels(&ZoneId::private()),
            client: self.client,
            ingress: self.ingress,
            inputs: &self.inputs,
            claimed: &self.claimed,
            at: NOW.saturating_add(60),
        };
        sources.recompute(&self.marks, |id| self.held.get(id), self)
    }

    fn decide(&self, tier: SafetyTier) -> &'static str {
        let provenance = self.recompute().unwrap();
        Labels::of(&provenance).can_invoke(tier, levels(&ZoneId::private())).reason().code()
    }
}

const DENIED: &str = "taint.public_input_dangerous";

#[test]
fn public_text_that_is_named_as_a_source_drives_nothing_dangerous() {
    let case = Case::new().delivered().naming(&[MESSAGE]);
    assert_eq!(case.decide(SafetyTier::Dangerous), DENIED);
    assert_eq!(case.decide(SafetyTier::Risky), "taint.elevation_required");
    assert_eq!(case.decide(SafetyTier::Safe), "allow");
    // Nor when nothing was delivered to this agent: the reference alone says it.
    assert_eq!(Case::new().naming(&[NOTE, MESSAGE]).decide(SafetyTier::Dangerous), DENIED);
}

#[test]
fn public_text_that_is_left_out_and_pasted_inline_drives_nothing_dangerous() {
    let case = Case::new().delivered();
    assert!(case.inputs.is_empty(), "the request names nothing");
    assert_eq!(Labels::of(&case.claimed).taint, TaintFlags::empty(), "and claims to be clean");
    assert_eq!(case.decide(SafetyTier::Dangerous), DENIED);
    assert_eq!(case.naming(&[NOTE]).decide(SafetyTier::Dangerous), DENIED);
}

#[test]
fn what_nobody_gave_the_agent_is_the_zones_own() {
    let case = Case::new().naming(&[NOTE]);
    assert_eq!(case.decide(SafetyTier::Dangerous), "allow");
    let provenance = case.recompute().unwrap();
    assert_eq!(provenance.taint, TaintFlags::USER_SUPPLIED);
    assert_eq!((provenance.integrity_label, provenance.confidentiality_label), (80, 90));
    assert_eq!(provenance.current_zone, ZoneId::private());
    let funnel = Case { ingress: Ingress::Public, ..Case::new() };
    assert_eq!(funnel.decide(SafetyTier::Dangerous), DENIED);
}

#[test]
fn a_persons_own_client_answers_for_what_the_request_names() {
    let person = || Case { client: Client::Person, ..Case::new().delivered() };
    assert_eq!(person().decide(SafetyTier::Dangerous), "allow");
    assert_eq!(person().naming(&[MESSAGE]).decide(SafetyTier::Dangerous), DENIED);
}

#[test]
fn the_request_can_only_make_itself_worse() {
    let worse = Provenance {
        integrity_label: 10,
        confidentiality_label: 95,
        taint: TaintFlags::PROMPT_SURFACE | TaintFlags::from_bits_retain(1 << 9),
        ..clean()
    };
    let provenance = Case { claimed: worse, ..Case::new() }.recompute().unwrap();
    assert_eq!((provenance.integrity_label, provenance.confidentiality_label), (10, 95));
    assert_eq!(provenance.taint.bits(), TaintFlags::USER_SUPPLIED.bits() | TaintFlags::PROMPT_SURFACE.bits() | 1 << 9);
    let better = Provenance { integrity_label: 255, confidentiality_label: 0, ..clean() };
    let provenance = Case { claimed: better, ..Case::new().naming(&[MESSAGE]) }.recompute().unwrap();
    assert_eq!((provenance.integrity_label, provenance.confidentiality_label), (20, 90));
}

#[test]
fn an_input_that_is_not_held_has_no_provenance() {
    let unknown = ObjectId::from_bytes([0x77; 32]);
    let error = Case::new().naming(&[NOTE, unknown]).recompute().unwrap_err();
    assert_eq!(error, ProvenanceError::UnknownInput(unknown));
    assert_eq!(error.reason().code(), "provenance.unknown_input");
}

fn receipt(inputs: &[ObjectId], clears: TaintFlags, executed_at: Timestamp) -> Verified<SanitizerReceipt> {
    let provenance = Provenance::of_zone(ZoneId::private(), 80, 90, NOW);
    let receipt = SanitizerReceipt {
        header: ObjectHeader::for_type::<SanitizerReceipt>(provenance).with_refs(inputs.to_vec()),
        sanitizer_connector: ConnectorId::new("example.scanner").unwrap(),
        sanitizer_operation: OperationId::new("scan").unwrap(),
        inputs: inputs.to_vec(),
        clears,
        findings: Some(Value::from("clean")),
        executed_at,
        executed_by: node("n1"),
        signature: Signature::ABSENT,
    };
    let key = NodeSigningKey::from_seed([4; 32]);
    verified(receipt, &key, &key.public())
}

/// A person names the message and presents a receipt; what is left of its taint, but for USER_SUPPLIED.
fn left(receipt: Verified<SanitizerReceipt>, clears: TaintFlags, inputs: &[ObjectId]) -> TaintFlags {
    let reduction = TaintReduction { clears, by_receipt: receipt.id(), applied_at: NOW };
    let mut case = Case { client: Client::Person, receipts: vec![receipt], ..Case::new().naming(inputs) };
    case.held.insert(ObjectId::from_bytes([0x33; 32]), public_text());
    case.claimed.taint = TaintFlags::PUBLIC_INPUT;
    case.claimed.taint_reductions = vec![reduction];
    case.recompute().unwrap().taint.difference(TaintFlags::USER_SUPPLIED)
}

#[test]
fn a_receipt_clears_exactly_what_it_covers() {
    const PUBLIC: TaintFlags = TaintFlags::PUBLIC_INPUT;
    let other = ObjectId::from_bytes([0x33; 32]);
    assert_eq!(left(receipt(&[MESSAGE], PUBLIC, NOW), PUBLIC, &[MESSAGE]), TaintFlags::empty());
    // It does not reach another input, nor an input that it does not name, nor a taint that it does not clear.
    assert_eq!(left(receipt(&[MESSAGE], PUBLIC, NOW), PUBLIC, &[MESSAGE, other]), PUBLIC);
    assert_eq!(left(receipt(&[MESSAGE, other], PUBLIC, NOW), PUBLIC, &[MESSAGE, other]), TaintFlags::empty());
    assert_eq!(left(receipt(&[other], PUBLIC, NOW), PUBLIC, &[MESSAGE]), PUBLIC);
    assert_eq!(left(receipt(&[MESSAGE], TaintFlags::UNVERIFIED_LINK, NOW), PUBLIC, &[MESSAGE]), PUBLIC);
    // It was not there yet when it was applied.
    assert_eq!(left(receipt(&[MESSAGE], PUBLIC, NOW.saturating_add(1)), PUBLIC, &[MESSAGE]), PUBLIC);
    // Without inputs nothing is covered.
    assert_eq!(left(receipt(&[MESSAGE], PUBLIC, NOW), PUBLIC, &[]), PUBLIC);
}

#[test]
fn a_receipt_clears_no_unknown_taint_and_no_mark() {
    let everything = TaintFlags::from_bits_retain(u32::MAX);
    let receipt = receipt(&[MESSAGE], everything, NOW);
    let strange = TaintFlags::from_bits_retain(1 << 7) | TaintFlags::PUBLIC_INPUT;
    let reduction = TaintReduction { clears: everything, by_receipt: receipt.id(), applied_at: NOW };
    let mut case = Case { receipts: vec![receipt], client: Client::Person, ..Case::new().naming(&[MESSAGE]) };
    case.held.insert(MESSAGE, Provenance { taint: strange, ..public_text() });
    case.claimed.taint_reductions = vec![reduction];
    assert_eq!(case.recompute().unwrap().taint.bits(), 1 << 7 | TaintFlags::USER_SUPPLIED.bits());
    assert_eq!(case.decide(SafetyTier::Dangerous), DENIED);

    // An agent that was given the text as it was may have put anything of it anywhere.
    let agent = Case { client: Client::Agent, ..case.delivered() };
    assert_eq!(agent.decide(SafetyTier::Dangerous), DENIED);
}

#[test]
fn without_evidence_stored_reductions_count_for_nothing() {
    let reduction =
        TaintReduction { clears: TaintFlags::PUBLIC_INPUT, by_receipt: ObjectId::from_bytes([6; 32]), applied_at: NOW };
    let provenance = Provenance { taint_reductions: vec![reduction], ..public_text() };
    assert_eq!(Labels::resolve(&provenance, &[MESSAGE], &NoEvidence), Labels::of(&provenance));
}
