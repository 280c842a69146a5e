//! Nodes of one zone on a network in virtual time.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec::Vec;

use fcp_core::id::{NodeId, ObjectId};
use fcp_core::object::StoredObject;
use fcp_core::sign::{NodeSigningKey, Signed as _, Verified};
use fcp_core::time::Timestamp;
use fcp_core::zone_key::ZoneKeyAlgorithm;
use fcp_zones::manifest::{ManifestTerms, ZoneKeyManifest, ZoneKeys};
use fcp_zones::policy::{PolicyTerms, ZonePolicy, ZonePolicyObject};
use fcp_zones::zone::{Levels, ZoneDefinitionObject, ZoneTerms};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use crate::AttestedKeys;
use crate::checkpoint::{
    Admitted, Alert, CastVote, ChainKind, CheckpointMessage, CheckpointStatus, CheckpointVote, Context, Governance,
    HeadVote, Heads, Held as _, HeldInMemory, Output, Participant, Recipients, SignedHead, View, Wanted, ZoneAnchor,
    ZoneCheckpoint, quorum,
};
use crate::event::SignedEvent;
use crate::revocation::{RevocationObject, RevocationRegistry};
use crate::testing::{Mesh, at, provenance};

pub(super) const LEVELS: Levels = Levels::new(80, 90);

/// One node with its disk.
pub(super) struct Node {
    pub(super) id: NodeId,
    pub(super) key: NodeSigningKey,
    pub(super) participant: Participant,
    pub(super) held: HeldInMemory,
    pub(super) revocations: RevocationRegistry,
    /// What the last `Persist` wrote.
    pub(super) disk: Vec<u8>,
    pub(super) up: bool,
    pub(super) accepted: Vec<(u64, ObjectId)>,
    pub(super) refused: Vec<&'static str>,
    pub(super) alerts: Vec<Alert>,
}

/// A message under way.
struct Letter {
    arrives: Timestamp,
    from: usize,
    to: usize,
    body: Vec<u8>,
}

pub(super) struct Network {
    pub(super) mesh: Mesh,
    pub(super) nodes: Vec<Node>,
    pub(super) now: Timestamp,
    pub(super) governance: Governance,
    pub(super) genesis: StoredObject,
    pub(super) anchor: Verified<ZoneAnchor>,
    pub(super) anchor_stored: StoredObject,
    letters: VecDeque<Letter>,
    /// Pairs of nodes that do not hear each other.
    pub(super) cut: BTreeSet<(usize, usize)>,
    /// What must not arrive.
    pub(super) lost: Option<fn(&CheckpointMessage) -> bool>,
    /// How long messages take; without it, no time.
    pub(super) latency: Option<ChaCha8Rng>,
    /// A node that signs whatever it is asked to.
    pub(super) yes_man: Option<usize>,
    /// What that node shows when it is asked what it signed.
    pub(super) shown: (Vec<CastVote>, Option<SignedHead>),
    /// Every checkpoint message that was posted.
    pub(super) posted: Vec<CheckpointMessage>,
}

impl Network {
    /// `count` nodes of which the first `signers` sign and `faults` may be faulty, after the first checkpoint.
    pub(super) fn new(count: u8, signers: usize, faults: u8) -> Self {
        let mut mesh = Mesh::new(count);
        let (governance, objects) = govern(&mesh, &mesh.nodes[..signers], faults, None, at(0));
        let heads = Heads {
            definition: governance.definition,
            policy: governance.policy,
            manifest: governance.manifest,
            revocation: (ObjectId::ZERO, 0),
            audit: (ObjectId::ZERO, 0),
        };
        let first = ZoneCheckpoint::first(provenance(at(0)), heads);
        let genesis = mesh.seal(&first);
        let anchor = ZoneAnchor::draft(provenance(at(0)), 0, genesis.id(), &first).signed_by(&mesh.owner);
        let anchor_stored = mesh.seal(&anchor);
        let anchor = anchor_stored.open::<ZoneAnchor>().unwrap().verify(&mesh.owner.public()).unwrap();
        mesh.revocations = RevocationRegistry::new();
        let nodes = (0..count)
            .zip(mesh.nodes.clone())
            .map(|(number, id)| Node {
                participant: Participant::new(mesh.zone.clone(), id.clone()),
                id,
                key: Mesh::key(number),
                held: HeldInMemory::new(mesh.ids.clone()),
                revocations: RevocationRegistry::new(),
                disk: Vec::new(),
                up: true,
                accepted: Vec::new(),
                refused: Vec::new(),
                alerts: Vec::new(),
            })
            .collect();
        let mut network = Self {
            mesh,
            nodes,
            now: at(0),
            governance,
            genesis,
            anchor,
            anchor_stored,
            letters: VecDeque::new(),
            cut: BTreeSet::new(),
            lost: None,
            latency: None,
            yes_man: None,
            shown: (Vec::new(), None),
            posted: Vec::new(),
        };
        for node in 0..network.nodes.len() {
            for object in &objects {
                network.hold(node, object);
            }
            network.anchor(node);
        }
        network
    }

    /// Gives a node the first checkpoint and its anchor.
    pub(super) fn anchor(&mut self, node: usize) {
        let (anchor, stored, genesis) = (self.anchor.clone(), self.anchor_stored.clone(), self.genesis.clone());
        let now = self.now;
        self.with(node, |participant, context| {
            participant.handle_anchor(context, (&anchor, &stored), &genesis, now);
        });
    }

    /// A node verifies an object and holds it.
    pub(super) fn hold(&mut self, node: usize, object: &StoredObject) {
        let own = &mut self.nodes[node];
        let keys = AttestedKeys::new(&self.mesh.trust, &own.revocations, &self.mesh.zone);
        match own.held.admit(object, &keys, self.now) {
            Ok(Admitted::Revocation(revocation)) => {
                own.revocations.install(&revocation);
            }
            Ok(_) => {}
            Err(error) => panic!("{} at {}: {error}", object.header().schema.name(), own.id),
        }
    }

    /// Lets a node act, and carries out what it asks for.
    pub(super) fn with(&mut self, node: usize, act: impl FnOnce(&mut Participant, &Context<'_>)) {
        let own = &mut self.nodes[node];
        let keys = AttestedKeys::new(&self.mesh.trust, &own.revocations, &self.mesh.zone);
        let context = Context { view: View { keys, held: &own.held }, levels: LEVELS, key: Some(&own.key) };
        act(&mut own.participant, &context);
        self.drain(node);
    }

    fn drain(&mut self, node: usize) {
        while let Some(output) = self.nodes[node].participant.poll_output() {
            match output {
                Output::Persist(bytes) => {
                    let own = &mut self.nodes[node];
                    assert_eq!(own.participant.poll_output(), None, "nothing comes out before it is on disk");
                    own.disk = bytes;
                    own.participant.handle_persisted();
                }
                Output::Store(object) => self.hold(node, &object),
                Output::Send { to, message } => self.post(node, &to, &message),
                Output::Fetch { from, wanted } => self.fetch(node, &from, &wanted),
                Output::Accepted { checkpoint, seq } => self.accepted(node, checkpoint, seq),
                Output::Refused { denial, .. } => self.nodes[node].refused.push(denial.reason.code()),
                Output::Alert(alert) => self.nodes[node].alerts.push(alert),
            }
        }
    }

    fn accepted(&mut self, node: usize, checkpoint: ObjectId, seq: u64) {
        let own = &mut self.nodes[node];
        own.accepted.push((seq, checkpoint));
        let accepted = own.participant.state().accepted().unwrap();
        let held = &own.held;
        own.revocations.advance_to(&self.mesh.zone, accepted.revocation(), |id| held.revocation_event(id)).unwrap();
        let tip = accepted.audit();
        if let Some(tip) = tip {
            own.held.set_agreed(tip.event);
        }
    }

    /// Posts a message. Those from one node to another arrive in their order.
    pub(super) fn post(&mut self, from: usize, to: &Recipients, message: &CheckpointMessage) {
        let receives = |id: &NodeId| match to {
            Recipients::Node(node) => node == id,
            Recipients::Signers(signers) => signers.contains(id),
            Recipients::Members => true,
        };
        self.posted.push(message.clone());
        if self.lost.is_some_and(|lost| lost(message)) {
            return;
        }
        let body = message.to_body();
        for to in (0..self.nodes.len()).filter(|to| *to != from) {
            let cut = self.cut.contains(&(from, to)) || self.cut.contains(&(to, from));
            if !cut && receives(&self.nodes[to].id) {
                let takes = self.latency.as_mut().map_or(0, |rng| u64::from(rng.next_u32() % 2));
                let before = self.letters.iter().filter(|letter| (letter.from, letter.to) == (from, to));
                let last = before.map(|letter| letter.arrives).max();
                let arrives = self.now.saturating_add(takes).max(last.unwrap_or(self.now));
                self.letters.push_back(Letter { arrives, from, to, body: body.clone() });
            }
        }
    }

    /// Gets what a node wants from the one that it asks.
    fn fetch(&mut self, node: usize, from: &NodeId, wanted: &[Wanted]) {
        let Some(from) = self.nodes.iter().position(|own| own.id == *from) else { return };
        if from == node || self.cut.contains(&(from, node)) || self.cut.contains(&(node, from)) || !self.nodes[from].up
        {
            return;
        }
        let mut objects: Vec<StoredObject> = Vec::new();
        let held = &self.nodes[from].held;
        for want in wanted {
            match want {
                Wanted::Object(id) | Wanted::Revocation(id) => objects.extend(held.object(id)),
                Wanted::Signed(id) => {
                    objects.extend(held.sidecars(id).cloned());
                    objects.extend(held.object(id));
                }
                Wanted::Events { chain, tip, after } => {
                    let mut at = Some(tip.event);
                    while let Some(event) = at.and_then(|id| match chain {
                        ChainKind::Audit => held.audit_event(&id),
                        ChainKind::Revocation => held.revocation_event(&id),
                    }) {
                        if event.seq() <= *after {
                            break;
                        }
                        objects.extend(held.object(&event.id()));
                        at = event.prev();
                    }
                }
            }
        }
        objects.reverse();
        for object in &objects {
            self.hold(node, object);
        }
        let now = self.now;
        if !objects.is_empty() {
            self.with(node, |participant, context| participant.handle_held(context, None, now));
        }
    }

    /// Delivers everything that arrives by now, then the answers to it, and so on.
    pub(super) fn deliver(&mut self) {
        while let Some(place) = self.letters.iter().position(|letter| letter.arrives <= self.now) {
            let Some(letter) = self.letters.remove(place) else { return };
            if !self.nodes[letter.to].up || !self.nodes[letter.from].up {
                continue;
            }
            let from = self.nodes[letter.from].id.clone();
            let message = CheckpointMessage::from_body(&letter.body).unwrap();
            if self.yes_man == Some(letter.to) {
                self.say_yes(letter.to, &from, &message);
                continue;
            }
            self.tell(letter.to, &from, message);
        }
    }

    /// A message reaches a node.
    pub(super) fn tell(&mut self, node: usize, from: &NodeId, message: CheckpointMessage) {
        let now = self.now;
        self.with(node, |participant, context| participant.handle_message(context, from, message, now));
    }

    /// The faulty node signs what it is shown, whatever it signed before, and tells of none of it.
    fn say_yes(&mut self, node: usize, from: &NodeId, message: &CheckpointMessage) {
        let to = Recipients::Node(from.clone());
        let sign = |canonical: &[u8]| {
            let stored = StoredObject::parse(canonical, &self.mesh.ids).unwrap();
            let preimage = quorum::preimage_of(&stored).unwrap();
            (stored.id(), quorum::sign(&preimage, &self.nodes[node].id, &self.nodes[node].key))
        };
        let answer: CheckpointMessage = match message {
            CheckpointMessage::Query(_) => {
                let (leader, (votes, audit)) = (Some(from.clone()), self.shown.clone());
                CheckpointStatus { checkpoint_seq: 0, leader, votes, audit, revocation: None }.into()
            }
            CheckpointMessage::HeadProposal(proposal) => {
                let (target, signature) = sign(&proposal.head);
                HeadVote { target, signature }.into()
            }
            CheckpointMessage::Proposal(proposal) => {
                let (target, signature) = sign(&proposal.checkpoint);
                CheckpointVote { target, signature }.into()
            }
            _ => return,
        };
        self.post(node, &to, &answer);
    }

    /// Lets `seconds` pass, one by one.
    pub(super) fn run(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now = self.now.saturating_add(1);
            for node in 0..self.nodes.len() {
                let due = self.nodes[node].participant.poll_timeout(self.now).is_some_and(|wake| wake <= self.now);
                let now = self.now;
                if self.nodes[node].up && due && self.yes_man != Some(node) {
                    self.with(node, |participant, context| participant.handle_timeout(context, now));
                }
            }
            self.deliver();
        }
    }

    /// The process ends and begins again with what is on its disk.
    pub(super) fn restart(&mut self, node: usize) {
        let own = &mut self.nodes[node];
        own.participant = Participant::restore(&own.disk).unwrap();
        own.up = true;
        let now = self.now;
        self.with(node, |participant, context| participant.handle_start(context, now));
    }

    /// A node executed something.
    pub(super) fn event(&mut self, node: usize, event_type: &str) -> SignedEvent {
        let event = self.mesh.event(u8::try_from(node).unwrap(), event_type, self.now);
        let (own, now) = (event.clone(), self.now);
        self.with(node, |participant, context| {
            participant.handle_event(context, own, now).unwrap();
        });
        event
    }

    /// The owner revokes something; every node gets it.
    pub(super) fn revoke(&mut self, byte: u8) -> ObjectId {
        let revocation = self.mesh.revocation(self.mesh.zone.clone(), &[byte], self.now, None);
        let stored = self.mesh.seal::<RevocationObject>(revocation.get());
        let now = self.now;
        for node in 0..self.nodes.len() {
            self.hold(node, &stored);
            self.with(node, |participant, context| participant.handle_held(context, None, now));
        }
        stored.id()
    }

    /// The owner issues a new policy with these signers; every node gets it.
    pub(super) fn new_policy(&mut self, signers: &[usize], faults: u8) {
        let signers: Vec<NodeId> = signers.iter().map(|node| self.mesh.nodes[*node].clone()).collect();
        let previous = Some(self.governance);
        let (governance, objects) = govern(&self.mesh, &signers, faults, previous, self.now);
        self.governance = Governance { manifest: self.governance.manifest, ..governance };
        for node in 0..self.nodes.len() {
            objects[..2].iter().for_each(|object| self.hold(node, object));
            let (newest, now) = (self.governance, self.now);
            self.with(node, |participant, context| participant.handle_held(context, Some(newest), now));
        }
    }

    /// The owner rotates the zone key `times` in a row before any node hears of it.
    pub(super) fn rotate(&mut self, times: u64) {
        let mut rng = ChaCha8Rng::seed_from_u64(self.now.as_secs());
        let mut previous = self.nodes[0].held.manifest(&self.governance.manifest).unwrap();
        for step in 0..times {
            let keys = ZoneKeys::generate(self.mesh.zone.clone(), ZoneKeyAlgorithm::ChaCha20Poly1305, &mut rng);
            let created_at = self.now.saturating_add(step);
            let terms = ManifestTerms {
                levels: LEVELS,
                created_at,
                valid_from: created_at,
                valid_until: None,
                previous: Some(&previous),
                rekey_policy: None,
            };
            let manifest = ZoneKeyManifest::draft(&terms, &keys, &[], &mut rng).unwrap();
            let stored = self.mesh.seal(&manifest.signed_by(&self.mesh.owner));
            (0..self.nodes.len()).for_each(|node| self.hold(node, &stored));
            previous = self.nodes[0].held.manifest(&stored.id()).unwrap();
        }
        self.governance.manifest = previous.id();
        for node in 0..self.nodes.len() {
            let (newest, now) = (self.governance, self.now);
            self.with(node, |participant, context| participant.handle_held(context, Some(newest), now));
        }
    }

    pub(super) fn seq(&self, node: usize) -> u64 {
        self.nodes[node].participant.state().accepted().map_or(0, |accepted| accepted.seq())
    }

    pub(super) fn checkpoint(&self, node: usize) -> &ZoneCheckpoint {
        self.nodes[node].participant.state().accepted().unwrap().checkpoint()
    }

    /// No two nodes ever accepted different checkpoints of one sequence.
    pub(super) fn assert_agreement(&self) {
        for left in &self.nodes {
            for right in &self.nodes {
                for (seq, id) in &left.accepted {
                    for (other_seq, other) in &right.accepted {
                        assert!(seq != other_seq || id == other, "{} and {} differ at {seq}", left.id, right.id);
                    }
                }
            }
        }
    }

    /// The nodes by rank in the epoch of now: the first coordinates.
    pub(super) fn ranking(&self) -> Vec<usize> {
        let signers = self.nodes[0].participant.state().accepted().unwrap().signers().clone();
        let mut ranked: Vec<usize> =
            (0..self.nodes.len()).filter(|node| signers.contains(&self.nodes[*node].id)).collect();
        let epoch = fcp_core::id::EpochId::of(self.now);
        ranked.sort_by_key(|node| crate::checkpoint::rank(&self.mesh.zone, epoch, &signers, &self.nodes[*node].id));
        ranked
    }
}

/// A definition, a policy and a manifest of the owner's, as the next ones of `previous`.
fn govern(
    mesh: &Mesh,
    signers: &[NodeId],
    faults: u8,
    previous: Option<Governance>,
    now: Timestamp,
) -> (Governance, Vec<StoredObject>) {
    let terms = PolicyTerms {
        zone_id: mesh.zone.clone(),
        levels: LEVELS,
        policy: ZonePolicy::default(),
        checkpoint_signers: signers.to_vec(),
        max_faults: faults,
        approvers: Vec::new(),
        token_issuers: Vec::new(),
        security_profile: None,
    };
    let policy = ZonePolicyObject::draft(terms, previous.map(|own| own.policy), now).unwrap();
    let policy = mesh.seal(&policy.signed_by(&mesh.owner));
    let terms = ZoneTerms {
        zone_id: mesh.zone.clone(),
        name: "private".into(),
        levels: LEVELS,
        symbol_port: 1,
        control_port: 2,
        tailscale_tag: "tag:fcp-private".parse().unwrap(),
        parent: None,
        transport_policy: None,
    };
    let definition = ZoneDefinitionObject::draft(terms, policy.id(), previous.map(|own| own.definition), now);
    let definition = mesh.seal(&definition.signed_by(&mesh.owner));
    let mut rng = ChaCha8Rng::seed_from_u64(now.as_secs());
    let keys = ZoneKeys::generate(mesh.zone.clone(), ZoneKeyAlgorithm::ChaCha20Poly1305, &mut rng);
    let terms = ManifestTerms {
        levels: LEVELS,
        created_at: now,
        valid_from: now,
        valid_until: None,
        previous: None,
        rekey_policy: None,
    };
    let manifest = ZoneKeyManifest::draft(&terms, &keys, &[], &mut rng).unwrap();
    let manifest = mesh.seal(&manifest.signed_by(&mesh.owner));
    let governance = Governance { definition: definition.id(), policy: policy.id(), manifest: manifest.id() };
    (governance, Vec::from([definition, policy, manifest]))
}
