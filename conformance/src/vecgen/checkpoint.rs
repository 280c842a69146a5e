//! What a checkpoint is worth (§3.8, D32, D33, D201, D213): one zone, and each thing that it can be offered.

mod held;
mod refused;

use std::slice::from_ref;

use fcp_core::cbor;
use fcp_core::id::{ObjectId, ObjectIdKey, SchemaHash, ZoneId};
use fcp_core::sign::Preimage;
use serde_json::{Value, json};

use super::edit::{edit, uint};
use super::identity::{NOW, attest, known, owner};
use super::quorum::{SIGNERS, signature};
use super::samples::{self, blob};
use super::topic::{Topic, hex, random, with};
use super::verdicts;

const OP: &str = "checkpoint.verify";

/// Three of the first policy's signers: a quorum, with none to spare.
const QUORUM: [&str; 3] = ["nDesk", "nLaptop", "nServer"];

/// The signers of the second policy.
const NEXT_SIGNERS: [&str; 4] = ["nLaptop", "nPhone", "nServer", "nTablet"];

/// A quorum of them that the first policy would not let pass.
const NEXT_QUORUM: [&str; 3] = ["nLaptop", "nPhone", "nTablet"];

/// An object's id under the zone's key, whatever is the matter with the object: its header is in its body.
fn id(body: &[u8]) -> ObjectId {
    let whole: cbor::Value = known(cbor::decode(&body[32..]));
    let zone = match whole.get("header").and_then(|header| header.get("zone_id")) {
        Some(cbor::Value::Text(zone)) => known(ZoneId::new(zone)),
        _ => ZoneId::work(),
    };
    let content = [b"FCP2-OBJECT-V1", &samples::header_of(body)[..], body].concat();
    let schema = SchemaHash::from_bytes(known(body[..32].try_into()));
    ObjectId::new(&content, &zone, &schema, &ObjectIdKey::from_bytes(random("object id key")))
}

fn id_hex(body: &[u8]) -> String {
    hex(id(body).as_bytes())
}

/// A zone policy with these signers, one of whom may be faulty.
fn policy(signers: &[&str], prev: Option<&[u8]>) -> Vec<u8> {
    let fields = json!({
        "zone_id": "z:work", "checkpoint_signers": signers, "max_faults": 1, "approvers": [], "token_issuers": [],
        "policy": {
            "principals_allow": [], "principals_deny": [], "connectors_allow": [], "connectors_deny": [],
            "cap_allow": [], "cap_deny": [],
        },
        "prev": prev.map(|prev| blob(id(prev).as_bytes())),
    });
    samples::signed_by("fcp.core:ZonePolicyObject", Vec::new(), with(&json!({}), fields), &owner())
}

/// What a checkpoint says.
#[derive(Clone)]
struct Point {
    seq: u64,
    prev: Option<ObjectId>,
    definition: ObjectId,
    policy: ObjectId,
    manifest: ObjectId,
    revocation: (ObjectId, u64),
    audit: (ObjectId, u64),
    /// The references behind the heads: skipped proposals and the policy step.
    tail: Vec<ObjectId>,
    created_at: u64,
}

impl Point {
    /// The zone's first.
    fn first() -> Self {
        Self {
            seq: 1,
            prev: None,
            definition: id(&verdicts::definition()),
            policy: id(&policy(&SIGNERS, None)),
            manifest: id(&verdicts::manifest()),
            revocation: (ObjectId::ZERO, 0),
            audit: (ObjectId::ZERO, 0),
            tail: Vec::new(),
            created_at: NOW,
        }
    }

    /// The next one, with the same heads, that cites `step`.
    fn next(&self, step: &[u8]) -> Self {
        Self { seq: self.seq + 1, prev: Some(id(&self.body())), tail: vec![id(step)], ..self.clone() }
    }

    fn body(&self) -> Vec<u8> {
        let heads = [self.definition, self.policy, self.manifest, self.revocation.0, self.audit.0];
        let refs = heads.into_iter().filter(|id| !id.is_zero()).chain(self.tail.iter().copied()).collect();
        let of = |id: &ObjectId| blob(id.as_bytes());
        let fields = json!({
            "zone_id": "z:work", "prev_checkpoint": self.prev.as_ref().map(of), "rev_head": of(&self.revocation.0),
            "rev_seq": self.revocation.1, "audit_head": of(&self.audit.0), "audit_seq": self.audit.1,
            "zone_definition_head": of(&self.definition), "zone_policy_head": of(&self.policy),
            "active_zone_key_manifest": of(&self.manifest), "checkpoint_seq": self.seq,
            "as_of_epoch": self.created_at / 300, "quorum_signatures": [],
        });
        let body = samples::unsigned("fcp.core:ZoneCheckpoint", refs, with(&json!({}), fields));
        edit(&body, &["header", "created_at"], uint(self.created_at))
    }

    /// Offered with the signatures of `nodes`.
    fn signed(&self, nodes: &[&str]) -> Value {
        signed(&self.body(), nodes)
    }

    /// Offered with an anchor.
    fn anchored(&self, generation: u64) -> Value {
        json!({"obj": hex(self.body()), "anchor": hex(self.anchor(generation, json!({})))})
    }

    /// The owner's anchor for it, with changes.
    fn anchor(&self, generation: u64, changes: Value) -> Vec<u8> {
        let fields = json!({
            "zone_id": "z:work", "generation": generation, "checkpoint": blob(id(&self.body()).as_bytes()),
            "checkpoint_seq": self.seq, "policy": blob(self.policy.as_bytes()),
        });
        let fields = with(&fields, changes);
        let refs = [&fields["checkpoint"], &fields["policy"]]
            .map(|id| ObjectId::from_bytes(super::topic::unhex(&id["$hex"]).try_into().unwrap_or_default()));
        samples::signed_by("fcp.core:ZoneAnchor", refs.into(), fields, &owner())
    }
}

/// What `node` signs of a checkpoint: the digest of its body, which has no signatures inside (D31).
fn vote(body: &[u8], node: &str) -> Value {
    signature(node, Preimage::digest("fcp.zonecheckpoint.v2", &[body]).as_bytes())
}

fn sidecar(body: &[u8], nodes: &[&str]) -> Vec<u8> {
    let votes = nodes.iter().map(|node| vote(body, node)).collect();
    samples::sidecar(ZoneId::work(), id(body).as_bytes(), votes)
}

/// A checkpoint with the signatures of `nodes`.
fn signed(body: &[u8], nodes: &[&str]) -> Value {
    json!({"obj": hex(body), "set": hex(sidecar(body, nodes))})
}

/// A request of a node that holds `objects` and was offered `earlier`.
fn offered(objects: &[Vec<u8>], earlier: &[Value], offer: Value) -> Value {
    let nodes = ["nDesk", "nLaptop", "nPhone", "nServer", "nTablet"];
    let attestations = nodes.map(|node| hex(fcp_core::object::Message::to_body(&attest(node, None))));
    let request = json!({
        "zone": "z:work", "object_id_key": hex(random::<32>("object id key")), "now": NOW + 10,
        "owner_key": hex(owner().public().as_bytes()), "attestations": attestations, "revocations": [],
        "objects": objects.iter().map(hex).collect::<Vec<_>>(), "earlier": earlier,
    });
    with(&request, offer)
}

fn accept(anchored: bool, step: &[u8]) -> Value {
    json!({"verdict": "accept", "reason": "allow", "anchored": anchored, "policy_step": id_hex(step)})
}

fn is_known() -> Value {
    json!({"verdict": "known", "reason": "allow"})
}

fn refuse(reason: &str) -> Value {
    json!({"verdict": "refuse", "reason": reason})
}

fn wait(missing: Value) -> Value {
    json!({"verdict": "wait", "reason": "checkpoint.missing", "missing": [missing]})
}

fn fork(ours: &Point, theirs: &Point) -> Value {
    let (seq, ours, theirs) = (ours.seq, id_hex(&ours.body()), id_hex(&theirs.body()));
    json!({"verdict": "fork", "reason": "checkpoint.fork", "seq": seq, "ours": ours, "theirs": theirs})
}

/// The zone of the vectors.
struct Zone {
    topic: Topic,
    /// Definition, policy and manifest.
    governing: Vec<Vec<u8>>,
    /// The second policy, whose signers are others.
    next_policy: Vec<u8>,
    first: Point,
    second: Point,
    third: Point,
}

impl Zone {
    fn new() -> Self {
        let governing = vec![verdicts::definition(), policy(&SIGNERS, None), verdicts::manifest()];
        let next_policy = policy(&NEXT_SIGNERS, Some(&governing[1]));
        let first = Point::first();
        let second = first.next(&first.body());
        let third = second.next(&first.body());
        let topic = Topic::new("23-audit", "checkpoints");
        Self { topic, governing, next_policy, first, second, third }
    }

    fn gives(&mut self, name: &str, section: &str, request: Value, out: Value) {
        self.topic.gives(OP, name, section, request, out);
    }

    /// What is held, with `more`.
    fn holding(&self, more: &[Vec<u8>]) -> Vec<Vec<u8>> {
        [&self.governing[..], more].concat()
    }

    /// The first checkpoint by its anchor, then the second by a quorum.
    fn two(&self) -> Vec<Value> {
        vec![self.first.anchored(0), self.second.signed(&QUORUM)]
    }

    /// After the first two, holding `more` than what governs.
    fn after_two(&self, more: &[Vec<u8>], offer: Value) -> Value {
        offered(&self.holding(more), &self.two(), offer)
    }

    /// After the first alone.
    fn after_first(&self, more: &[Vec<u8>], offer: Value) -> Value {
        offered(&self.holding(more), &[self.first.anchored(0)], offer)
    }

    /// Another second checkpoint: the same heads a second later.
    fn sibling(&self) -> Point {
        Point { created_at: NOW + 1, ..self.second.clone() }
    }

    /// The second checkpoint with the second policy.
    fn step(&self) -> Point {
        Point { policy: id(&self.next_policy), ..self.second.clone() }
    }
}

/// `checkpoint.verify`.
pub(super) fn checkpoints() -> Topic {
    let mut zone = Zone::new();
    by_quorum(&mut zone);
    governing(&mut zone);
    catching_up(&mut zone);
    by_anchor(&mut zone);
    known_already(&mut zone);
    held::chains(&mut zone);
    held::missing(&mut zone);
    held::unacceptable(&mut zone);
    refused::refused(&mut zone);
    refused::forks(&mut zone);
    zone.topic
}

fn by_quorum(zone: &mut Zone) {
    let first = zone.first.body();
    zone.gives("second", "D32, D213", zone.after_first(&[], zone.second.signed(&QUORUM)), accept(false, &first));
    zone.gives("third", "D32, D33, D213", zone.after_two(&[], zone.third.signed(&QUORUM)), accept(false, &first));
    let all = zone.after_two(&[], zone.third.signed(&SIGNERS));
    zone.gives("signed-by-everybody", "D32", all, accept(false, &first));
    let at = |created_at: u64, now: u64| {
        let third = Point { created_at, ..zone.third.clone() };
        with(&zone.after_two(&[], third.signed(&QUORUM)), json!({"now": now}))
    };
    let (ahead, beyond, early, too_early) =
        (at(NOW + 130, NOW + 10), at(NOW + 131, NOW + 10), at(NOW - 120, NOW), at(NOW - 121, NOW));
    zone.gives("created-within-the-skew-of-the-future", "D7, D163", ahead, accept(false, &first));
    zone.gives("created-in-the-future", "D7, D163", beyond, refuse("checkpoint.future"));
    zone.gives("created-within-the-skew-before-the-keys", "D201", early, accept(false, &first));
    zone.gives("created-before-the-keys", "D201", too_early, refuse("checkpoint.no_quorum"));
    let skipped = id(&Point { created_at: NOW + 2, ..zone.second.clone() }.body());
    let after = Point { tail: vec![skipped, id(&first)], ..zone.third.clone() };
    let jump = zone.after_first(&[], after.signed(&QUORUM));
    zone.gives("behind-a-skipped-sequence", "D172, D213", jump, accept(false, &first));
}

/// Definition, policy and manifest change.
fn governing(zone: &mut Zone) {
    let first = zone.first.body();
    let definition = held::definition_after(&zone.governing[0]);
    let third = Point { definition: id(&definition), ..zone.third.clone() };
    let request = zone.after_two(&[definition], third.signed(&QUORUM));
    zone.gives("new-definition", "D32, D90", request, accept(false, &first));
    let step = zone.step();
    let request = zone.after_first(from_ref(&zone.next_policy), step.signed(&QUORUM));
    zone.gives("new-policy", "D32, D201", request, accept(false, &step.body()));
    zone.topic.note("The signers of the policy before it sign, and it is a policy step itself.");
    let after = step.next(&step.body());
    let earlier = [zone.first.anchored(0), step.signed(&QUORUM)];
    let held = zone.holding(from_ref(&zone.next_policy));
    let request = |nodes: &[&str]| offered(&held, &earlier, after.signed(nodes));
    let (new, old) = (request(&NEXT_QUORUM), request(&QUORUM));
    zone.gives("by-the-new-policy-s-signers", "D32", new, accept(false, &step.body()));
    zone.gives("by-the-old-policy-s-signers", "D32", old, refuse("checkpoint.no_quorum"));
    for (name, manifest) in [
        ("new-zone-key", held::rotated(&zone.governing[2], "second zone key", "zone key id")),
        ("zone-key-wrapped-again", held::rewrapped(&zone.governing[2])),
    ] {
        let third = Point { manifest: id(&manifest), ..zone.third.clone() };
        let request = zone.after_two(&[manifest], third.signed(&QUORUM));
        zone.gives(name, "D90", request, accept(false, &first));
    }
}

/// Sequences in between are not known (D201).
fn catching_up(zone: &mut Zone) {
    let first = zone.first.body();
    let jump = zone.after_first(&[], zone.third.signed(&QUORUM));
    zone.gives("catching-up-without-a-policy-step", "D201", jump, accept(false, &first));
    let third = Point { policy: id(&zone.next_policy), ..zone.third.clone() };
    let jump = zone.after_first(from_ref(&zone.next_policy), third.signed(&QUORUM));
    zone.gives("catching-up-to-a-policy-step", "D201", jump, accept(false, &third.body()));
    let step = zone.step();
    let fourth = step.next(&step.body()).next(&step.body());
    let held = |nodes: &[&str]| [zone.next_policy.clone(), step.body(), sidecar(&step.body(), nodes)];
    let jump = |held: &[Vec<u8>], nodes: &[&str]| zone.after_first(held, fourth.signed(nodes));
    let (new, old) = (jump(&held(&QUORUM), &NEXT_QUORUM), jump(&held(&QUORUM), &QUORUM));
    let skipped = jump(from_ref(&zone.next_policy), &NEXT_QUORUM);
    let (bare, few) = (jump(&held(&QUORUM)[..2], &NEXT_QUORUM), jump(&held(&QUORUM[..2]), &NEXT_QUORUM));
    let next_signers = jump(&held(&NEXT_QUORUM), &NEXT_QUORUM);
    let unread = jump(&held(&QUORUM)[1..], &NEXT_QUORUM);
    let signed = || wait(json!({"signed": id_hex(&step.body())}));
    let policy = wait(json!({"object": id_hex(&zone.next_policy)}));
    zone.gives("catching-up-over-a-policy-step", "D201", new, accept(false, &step.body()));
    zone.gives("over-a-policy-step-by-the-old-signers", "D201", old, refuse("checkpoint.no_quorum"));
    zone.gives("skipped-policy-step", "D201", skipped, signed());
    zone.gives("policy-step-without-its-signatures", "D14, D201", bare, signed());
    zone.gives("policy-step-with-too-few-signatures", "D32, D201", few, signed());
    zone.gives("policy-step-signed-by-its-own-policy", "D32, D201", next_signers, signed());
    zone.gives("policy-of-a-step-not-held", "D201", unread, policy);
    // It cites a checkpoint that comes after itself.
    let later = Point { seq: 5, ..fourth.clone() };
    let backwards = Point { tail: vec![id(&later.body())], ..fourth.clone() };
    let held = [later.body(), sidecar(&later.body(), &QUORUM)];
    let request = zone.after_first(&held, Point { policy: zone.first.policy, ..backwards }.signed(&QUORUM));
    zone.gives("policy-step-of-a-later-sequence", "D201", request, refuse("checkpoint.not_descended"));
}

fn by_anchor(zone: &mut Zone) {
    let (first, held) = (zone.first.body(), zone.holding(&[zone.first.body()]));
    let request = offered(&zone.holding(&[]), &[], zone.first.anchored(0));
    zone.gives("first-by-its-anchor", "D201", request, accept(true, &first));
    let third = zone.third.clone();
    let request = |generation: u64| offered(&held, &zone.two(), third.anchored(generation));
    let (next, far) = (request(1), request(7));
    zone.gives("anchor-for-a-lost-quorum", "D201", next, accept(true, &first));
    zone.gives("generations-left-out", "D201", far, accept(true, &first));
    let request = offered(&held, &[], third.anchored(3));
    zone.gives("anchor-of-a-later-one-at-once", "D201", request, accept(true, &first));
    let new = Point { policy: id(&zone.next_policy), ..third.clone() };
    let request = zone.after_two(&[zone.first.body(), zone.next_policy.clone()], new.anchored(1));
    zone.gives("anchor-with-a-new-policy", "D201, D213", request, accept(true, &new.body()));
    let unrelated = held::rotated(&zone.governing[2], "second zone key", "unknown zone key");
    let new = Point { manifest: id(&unrelated), ..third.clone() };
    let request = zone.after_two(&[zone.first.body(), unrelated], new.anchored(1));
    zone.gives("anchor-with-an-unrelated-zone-key", "D90, D201", request, accept(true, &first));
    let sibling = zone.sibling();
    let forked = [zone.two(), vec![sibling.signed(&QUORUM)]].concat();
    let request = offered(&held, &forked, sibling.anchored(1));
    zone.gives("repair-by-the-other-side", "D33, D201", request, accept(true, &first));
    let request = offered(&held, &forked, zone.second.anchored(1));
    zone.gives("repair-by-our-side", "D33, D201", request, accept(true, &first));
    let request = offered(&held, &zone.two(), sibling.anchored(1));
    zone.gives("repair-of-a-fork-not-seen", "D33, D201", request, accept(true, &first));
    let repaired = [forked, vec![sibling.anchored(1)]].concat();
    let request = offered(&held, &repaired, sibling.next(&first).signed(&QUORUM));
    zone.gives("by-a-quorum-after-a-repair", "D33, D201", request, accept(false, &first));
}

fn known_already(zone: &mut Zone) {
    let second = zone.second.clone();
    zone.gives("again", "D33", zone.after_two(&[], second.signed(&QUORUM)), is_known());
    let bare = json!({"obj": hex(second.body())});
    zone.gives("again-without-signatures", "D33", zone.after_two(&[], bare), is_known());
    zone.gives("first-again-with-its-anchor", "D33", zone.after_first(&[], zone.first.anchored(0)), is_known());
    let forked = [zone.two(), vec![zone.sibling().signed(&QUORUM)]].concat();
    let request = offered(&zone.holding(&[]), &forked, second.signed(&QUORUM));
    zone.gives("again-while-frozen", "D33", request, is_known());
}
