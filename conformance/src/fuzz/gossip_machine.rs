//! Two nodes that gossip, and a third one that lies.

use std::collections::BTreeSet;

use fcp_core::id::{NodeId, ObjectId, ZoneId};
use fcp_core::object::ControlPlaneObject;
use fcp_core::sign::NodeSigningKey;
use fcp_core::time::Millis;
use fcp_symbols::admission::Admitted;
use fcp_symbols::gossip::{GossipConfig, GossipItem, GossipSet, MeshGossip, Output};

use super::input::Input;

const START: Millis = Millis::from_millis(1_700_000_000_000);

fn node(at: usize) -> NodeId {
    NodeId::new(["nLaptop", "nServer01", "nLiar"][at]).expect("a name")
}

fn key(at: usize) -> NodeSigningKey {
    NodeSigningKey::from_seed([u8::try_from(at).expect("few") + 1; 32])
}

/// A message under way, with its sender and receiver.
type Packet = (usize, usize, ControlPlaneObject);

struct Mesh {
    now: Millis,
    nodes: [MeshGossip; 2],
    /// What each node was told to hold.
    model: [BTreeSet<GossipItem>; 2],
    packets: Vec<Packet>,
}

impl Mesh {
    fn new() -> Self {
        let mut nodes = [0, 1].map(|at: usize| MeshGossip::new(node(at), GossipConfig::default(), at as u64));
        for machine in &mut nodes {
            machine.set_members(START, &ZoneId::work(), [0, 1, 2].map(node));
        }
        Self { now: START, nodes, model: [BTreeSet::new(), BTreeSet::new()], packets: Vec::new() }
    }

    fn drain(&mut self, at: usize) {
        while let Some(output) = self.nodes[at].poll_output() {
            match output {
                Output::Send { peer, message } => {
                    let to = (0..3).find(|to| node(*to) == peer).expect("a member");
                    assert!(to != at, "it speaks with itself");
                    if self.packets.len() < 64 {
                        self.packets.push((at, to, message.carry(60, 60, self.now.timestamp())));
                    }
                }
                Output::Difference { theirs, ours, .. } => {
                    assert!(theirs.iter().all(|item| !self.model[at].contains(item)), "it lacks what it holds");
                    assert!(ours.iter().all(|item| self.model[at].contains(item)), "it tells what it does not hold");
                }
                Output::Reconciled { .. } => {}
            }
        }
        for set in [GossipSet::Objects, GossipSet::Symbols] {
            let held = self.nodes[at].held(&ZoneId::work(), set).expect("a zone of its own");
            let count = self.model[at].iter().filter(|item| item.is_of(set)).count();
            assert_eq!(held.len() as usize, count, "something came in that nobody admitted");
        }
    }

    fn timers(&mut self) {
        for at in 0..2 {
            if self.nodes[at].poll_timeout().is_some_and(|due| due <= self.now) {
                self.nodes[at].handle_timeout(self.now, &key(at));
                self.drain(at);
                assert!(self.nodes[at].poll_timeout().is_none_or(|due| due > self.now), "it would be called for ever");
            }
        }
    }

    /// Whether each knows exactly which objects only the other one holds.
    fn agrees(&self) -> bool {
        (0..2).all(|at| {
            let others = self.model[1 - at].difference(&self.model[at]);
            let lacking: BTreeSet<_> = others.filter(|item| item.is_of(GossipSet::Objects)).collect();
            let known = self.nodes[at].missing(&ZoneId::work(), &node(1 - at), GossipSet::Objects);
            known.collect::<BTreeSet<_>>() == lacking
        })
    }

    fn deliver(&mut self, from: usize, to: usize, object: &ControlPlaneObject) {
        if to < 2 {
            let _ = self.nodes[to].handle(self.now, &node(from), &key(from).public(), object);
            self.drain(to);
        }
    }
}

/// What is held stays what was admitted, whatever the others say; what is reported is right of the own set; and once
/// messages arrive, each of the two knows exactly what the other one holds.
pub(super) fn gossip(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let mut mesh = Mesh::new();
    let zone = ZoneId::work();
    for _ in 0..200 {
        if input.is_empty() {
            break;
        }
        match input.below(12) {
            0..=2 => {
                let at = input.below(2);
                let item = item(&mut input);
                let proof = Admitted::restored(zone.clone(), item.object_id());
                let new = mesh.nodes[at].admitted(mesh.now, &proof, item.esi());
                assert_eq!(new, mesh.model[at].insert(item));
                mesh.drain(at);
            }
            3 => {
                let at = input.below(2);
                let item = item(&mut input);
                let gone = mesh.nodes[at].evicted(mesh.now, &zone, &item);
                assert_eq!(gone, mesh.model[at].remove(&item));
                mesh.drain(at);
            }
            4 | 5 => {
                mesh.now = mesh.now.saturating_add(u64::from(input.u16()));
                mesh.timers();
            }
            6 | 7 => {
                if !mesh.packets.is_empty() {
                    let index = input.below(mesh.packets.len());
                    let (from, to, object) = mesh.packets.remove(index);
                    mesh.deliver(from, to, &object);
                }
            }
            8 => {
                if !mesh.packets.is_empty() {
                    let index = input.below(mesh.packets.len());
                    let (from, to, object) = mesh.packets[index].clone();
                    // Twice, or as if it came from the liar.
                    let from = if input.below(2) == 0 { from } else { 2 };
                    mesh.deliver(from, to, &object);
                }
            }
            9 => {
                if !mesh.packets.is_empty() {
                    let index = input.below(mesh.packets.len());
                    mesh.packets.remove(index);
                }
            }
            10 => {
                // A message of the liar's own making: another one's, with bytes changed.
                if !mesh.packets.is_empty() {
                    let index = input.below(mesh.packets.len());
                    let (_, to, object) = mesh.packets[index].clone();
                    let mut plaintext = object.to_bytes();
                    for _ in 0..=input.below(3) {
                        let at = usize::from(input.u16()) % plaintext.len();
                        plaintext[at] = input.u8();
                    }
                    if let Ok(forged) = ControlPlaneObject::parse(&plaintext) {
                        mesh.deliver(2, to, &forged);
                    }
                }
            }
            _ => {
                let at = input.below(2);
                let set = [GossipSet::Objects, GossipSet::Symbols][input.below(2)];
                let _ = mesh.nodes[at].reconcile(&zone, &node(1 - at), set);
            }
        }
    }

    // Messages arrive, until each knows what the other one holds, or for an hour.
    mesh.packets.clear();
    let end = mesh.now.saturating_add_secs(3600);
    for at in 0..2 {
        mesh.nodes[at].greet(&node(1 - at));
    }
    while !mesh.agrees() {
        while !mesh.packets.is_empty() {
            let (from, to, object) = mesh.packets.remove(0);
            mesh.deliver(from, to, &object);
        }
        let next = mesh.nodes.iter().filter_map(MeshGossip::poll_timeout).min().unwrap_or(Millis::NEVER);
        assert!(next <= end, "an hour later, they do not know what differs");
        mesh.now = mesh.now.max(next);
        mesh.timers();
    }
}

fn item(input: &mut Input<'_>) -> GossipItem {
    let choice = input.u8();
    let mut id = [0; 32];
    id[0] = choice & 0x3f;
    id[1] = input.u8() & 3;
    let id = ObjectId::from_bytes(id);
    match choice >> 6 {
        0 => GossipItem::symbol(&id, u32::from(input.u8())).expect("a small number"),
        _ => GossipItem::object(&id),
    }
}
