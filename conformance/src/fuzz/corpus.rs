//! The seeds: small inputs that a target begins with, most of them made from the vectors.
//!
//! They are checked in below `conformance/fuzz/seeds`, a folder for each target, and replayed by the tests. Inputs that
//! found something once lie beside them, under names that begin with `found-`.

use std::collections::BTreeMap;

use fcp_connector_sdk::host::{HostOutput, HostSession};
use fcp_connector_sdk::manifest::Manifest;
use fcp_core::id::{ObjectId, ZoneId};
use fcp_core::rand_core::{Rng as _, SeedableRng as _};
use fcp_symbols::gossip::{GossipItem, GossipSet, HeldItems, IdRange};
use fcp_symbols::session::wire::{HEADER_LEN, MAGIC, VERSION};
use rand_chacha::ChaCha20Rng;
use serde_json::{Map, Value};

use super::{TARGETS, texts, verdicts};
use crate::hexadecimal;
use crate::run::{self, Case};
use crate::vectors::{Expect, Profile};

/// The longest seed, in bytes.
pub const MAX_SEED: usize = 4096;

/// How many seeds of one operation a target takes.
const MAX_OF_OPERATION: usize = 12;

/// What the name of an input begins with that found something once: it is kept as it was found.
pub const FOUND: &str = "found-";

/// The seeds of each target, by name.
pub type Seeds = BTreeMap<&'static str, BTreeMap<String, Vec<u8>>>;

/// Collects seeds.
struct Collector {
    cases: Vec<Case>,
    seeds: Seeds,
}

impl Collector {
    fn add(&mut self, target: &'static str, name: &str, bytes: Vec<u8>) {
        if bytes.len() <= MAX_SEED {
            self.seeds.entry(target).or_default().insert(name.to_owned(), bytes);
        }
    }

    /// A seed for each of the first vectors of `op` that `make` makes something of: accepted ones first, as mutations of
    /// what is right go deepest.
    fn from(&mut self, target: &'static str, op: &str, most: usize, make: fn(&Case) -> Option<Vec<u8>>) {
        let mut made = Vec::new();
        for accepted in [true, false] {
            let cases = self.cases.iter().filter(|case| case.vector.op == op);
            let cases = cases.filter(|case| matches!(case.vector.expect, Expect::Error(_)) != accepted);
            let seeds = cases.filter_map(|case| Some((case.name().replace('/', "-"), make(case)?)));
            made.extend(seeds.filter(|(_, bytes)| bytes.len() <= MAX_SEED).take(if accepted {
                most
            } else {
                most / 2
            }));
        }
        for (name, bytes) in made {
            self.add(target, &name, bytes);
        }
    }
}

fn text<'c>(case: &'c Case, field: &str) -> Option<&'c str> {
    case.vector.input.get(field)?.as_str()
}

fn hex(case: &Case, field: &str) -> Option<Vec<u8>> {
    hexadecimal::decode(text(case, field)?)
}

fn out(case: &Case) -> Option<&Map<String, Value>> {
    match &case.vector.expect {
        Expect::Out(out) => Some(out),
        _ => None,
    }
}

/// The seeds of every target.
///
/// # Panics
/// If the vectors in this program are not of their own form.
#[must_use]
pub fn seeds() -> Seeds {
    let cases = run::select(Profile::Full, None).expect("the vectors are well-formed");
    let mut collector =
        Collector { cases, seeds: TARGETS.iter().map(|target| (target.name, BTreeMap::new())).collect() };
    codec(&mut collector);
    from_text(&mut collector);
    wire(&mut collector);
    gossip(&mut collector);
    transport(&mut collector);
    machines(&mut collector);
    collector.seeds
}

fn codec(to: &mut Collector) {
    to.from("cbor", "cbor.check", 40, |case| hex(case, "hex"));
    to.from("json", "cbor.from_json", 28, |case| Some(text(case, "json_text")?.as_bytes().to_vec()));
    // One body of each type: the first that is accepted.
    let mut bodies: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for case in to.cases.iter().filter(|case| case.vector.op == "object.decode" && out(case).is_some()) {
        let name = case.vector.input["schema"]["name"].as_str().expect("a schema has a name");
        let body = hex(case, "body").expect("a body is hexadecimal");
        bodies.entry(name.to_owned()).or_insert(body);
    }
    for (name, body) in bodies {
        to.add("objects", &name, body);
    }
    to.from("stored", "object.derive", 12, |case| hexadecimal::decode(out(case)?.get("canonical")?.as_str()?));
    to.from("control", "object.derive", 12, |case| Some([hex(case, "header")?, hex(case, "body")?].concat()));
    to.from("token", "token.decode", MAX_OF_OPERATION, |case| hex(case, "cwt"));
    to.add("persisted", "empty-map", vec![0xa0]);
    to.add("persisted", "zone", b"\xa1\x64zone\x66z:work".to_vec());
}

fn from_text(to: &mut Collector) {
    to.from("glob", "glob.match", 26, |case| Some([text(case, "pattern")?, "\0", text(case, "text")?].concat().into()));
    to.from("pointer", "pointer.eval", MAX_OF_OPERATION, |case| {
        let json = case.vector.input.get("json")?.to_string();
        Some([text(case, "pointer")?, "\0", &json].concat().into())
    });
    to.from("manifest", "manifest.check", 4, |case| Some(text(case, "toml")?.as_bytes().to_vec()));
    for (number, (kind, _)) in (0_u8..).zip(texts::KINDS) {
        let mut known = vec!["0a".repeat(32), "0a".repeat(8)];
        known.extend(
            to.cases
                .iter()
                .filter(|case| text(case, "kind") == Some(kind))
                .take(3)
                .filter_map(|case| text(case, "text").map(str::to_owned)),
        );
        known.extend(["1.2.3", "2.0", "100/minute", "a/b.txt", "pages", "z:work", "tag:fcp-work"].map(str::to_owned));
        if *kind == "resource" {
            known.push("fcp://files/*\0fcp://files/a".to_owned());
        }
        for (index, text) in known.iter().enumerate() {
            let is_id = index >= 2 && known.len() > 9 && index < known.len() - 7;
            if is_id || text.len() < 16 && number % 7 == u8::try_from(index % 7).unwrap_or(0) || *kind == "resource" {
                to.add("texts", &format!("{kind}-{index}"), [&[number], text.as_bytes()].concat());
            }
        }
    }
    let schema =
        r#"{"type":"object","required":["page"],"properties":{"page":{"type":"string","pattern":"^[a-z]+$"}}}"#;
    to.add("schema", "page", [schema, "\0", r#"{"page":"abc"}"#].concat().into());
    to.add("schema", "numbers", b"{\"type\":\"integer\",\"minimum\":3,\"multipleOf\":2}\x007".to_vec());
    to.add(
        "schema",
        "reference",
        b"{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"items\":{\"$ref\":\"#\"}}}}\0[[1]]".to_vec(),
    );
    for line in [
        r#"{"op":"hello"}"#,
        r#"{"id":1,"op":"cbor.check","in":{"hex":"1817"}}"#,
        r#"{"id":2,"op":"glob.match","in":{"pattern":"a*","text":"ab"}}"#,
        r#"{"id":3,"op":"replay.run","in":{"window":4,"seqs":[1,2,9,5,"18446744073709551615"]}}"#,
        r#"{"id":4,"op":"schema.hash","in":{"namespace":"fcp.core","name":"CapabilityObject","version":"2.0.0"}}"#,
    ] {
        let name = line.split('"').nth(if line.contains("\"in\"") { 5 } else { 3 }).unwrap_or("line");
        to.add("adapter", name, line.as_bytes().to_vec());
    }
}

/// A body of a handshake message in its frame.
fn framed(kind: u8, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let mut bytes = Vec::with_capacity(HEADER_LEN + body.len());
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.push(kind);
    bytes.extend_from_slice(&len.to_le_bytes());
    bytes.extend_from_slice(body);
    bytes
}

fn wire(to: &mut Collector) {
    to.from("fcps", "fcps.decode", MAX_OF_OPERATION, |case| hex(case, "hex"));
    to.from("datagram", "datagram.open", 6, |case| {
        let suite = case.vector.input.get("suite")?.as_u64()?;
        let direction = u8::from(text(case, "direction")? == "r2i");
        let head = [u8::try_from(suite.saturating_sub(1)).ok()?, direction, 0xb0, 0x04];
        Some([&head[..], &hex(case, "datagram")?].concat())
    });
    let mut hellos = Vec::new();
    for (kind, name) in [(1, "MeshSessionHello"), (2, "MeshSessionHelloRetry"), (3, "MeshSessionAck")] {
        let bodies = to.cases.iter().filter(|case| {
            case.vector.op == "object.decode" && out(case).is_some() && case.vector.input["schema"]["name"] == name
        });
        hellos.extend(bodies.take(3).enumerate().filter_map(|(index, case)| {
            let body = hex(case, "body")?;
            Some((format!("{name}-{index}"), kind, framed(kind, body.get(32..)?)))
        }));
    }
    for (name, kind, bytes) in hellos {
        if kind == 1 {
            let address = [192, 0, 2, 1, 0xa0, 0x0f, 192, 0, 2, 2, 0xa0, 0x0f];
            to.add("hello", &name, [&address[..], &bytes].concat());
        }
        to.add("wire", &name, bytes);
    }
    let lp = |text: &str| [&u16::try_from(text.len()).unwrap_or(0).to_le_bytes()[..], text.as_bytes()].concat();
    let time = 1_700_000_000_u64.to_le_bytes();
    let frames: Vec<Vec<u8>> = to.seeds["fcps"].values().take(2).cloned().collect();
    for (index, frame) in frames.iter().enumerate() {
        let body = [&lp("nLaptop")[..], &lp("nServer01"), &time, &[0x5a; 64], frame].concat();
        to.add("signed_frame", &format!("frame-{index}"), body.clone());
        to.add("wire", &format!("signed-frame-{index}"), framed(4, &body));
    }
}

/// Filters and tables of a few items.
fn gossip(to: &mut Collector) {
    let mut held = HeldItems::new(GossipSet::Objects);
    for count in 0..4_u8 {
        let filter = held.filter(IdRange::ALL, 7).expect("a filter of a few items");
        to.add("filter", &format!("items-{count}"), filter.to_bytes());
        let table = held.table(IdRange::ALL, 8).expect("a right size");
        to.add("table", &format!("items-{count}"), table.to_bytes());
        held.insert(GossipItem::object(&ObjectId::from_bytes([count; 32])));
    }
    to.add("item", "object", vec![5; 32]);
    to.add("item", "symbol", [&[5; 32][..], &[9, 0, 0, 0]].concat());
}

/// Messages of the local protocol, as the two ends write them.
fn transport(to: &mut Collector) {
    let manifest = Manifest::parse(include_str!("notebook.toml")).expect("the manifest is right");
    let mut host = HostSession::new(&manifest, ZoneId::work(), None);
    let _ = host.describe();
    let _ = host.health();
    let _ = host.shutdown();
    let mut said = Vec::new();
    while let Some(output) = host.poll_output() {
        if let HostOutput::Send(frame) = output {
            said.push(frame);
        }
    }
    let with_len = |message: &[u8]| [&u16::try_from(message.len()).unwrap_or(0).to_le_bytes()[..], message].concat();
    let mut conversation = Vec::new();
    for (index, frame) in said.iter().enumerate() {
        to.add("messages", &format!("host-{index}"), frame[4..].to_vec());
        conversation.extend(with_len(&frame[4..]));
    }
    to.add("messages", "stream", [&[7][..], &said.concat()].concat());
    to.add("connector_session", "conversation", conversation);
    let mut connector = super::transport::session();
    let mut answers = Vec::new();
    for (index, frame) in said.iter().enumerate() {
        let _ = connector.handle_bytes(frame);
        while let Some(answer) = connector.poll_output() {
            to.add("messages", &format!("connector-{index}"), answer[4..].to_vec());
            answers.push(6);
            answers.extend(with_len(&answer[4..]));
        }
    }
    let questions = [0, 2, 4];
    to.add("host_session", "conversation", [&questions[..], &answers].concat());
}

/// Choices of machines: scripts that get somewhere, and dice from fixed seeds.
fn machines(to: &mut Collector) {
    let mut dice = ChaCha20Rng::seed_from_u64(0xfc);
    for (target, len, count) in [
        ("chunks", 80, 3),
        ("delivery", 500, 6),
        ("fcpc", 300, 6),
        ("gossip", 500, 6),
        ("raptor", 400, 6),
        ("reassembly", 900, 6),
        ("reconciliation", 400, 4),
        ("repair", 500, 6),
        ("replay", 600, 6),
        ("responder", 500, 6),
        ("sessions", 700, 8),
    ] {
        for index in 0..count {
            let mut bytes = vec![0; len];
            dice.fill_bytes(&mut bytes);
            to.add(target, &format!("dice-{index}"), bytes);
        }
    }
    // Thresholds, window and cookies, then: connect, deliver three messages, send and deliver.
    for (index, cookies) in [0, 1, 2].into_iter().enumerate() {
        let mut script = vec![100, 0, 20, 0, 4, 50, cookies];
        script.extend([0, 0]);
        script.extend([1, 0, 0].repeat(5));
        script.extend([[9, 0, 50], [1, 0, 0], [9, 1, 50], [5, 0, 0], [1, 0, 0]].concat().repeat(10));
        to.add("sessions", &format!("talk-{index}"), script);
    }
    // An object of 14 symbols: every source symbol, and then as many repair symbols.
    let object = [0, 0, 5, 0x80, 0x0d];
    let sources = (0..14).flat_map(|esi| [0, esi, 1]);
    let repairs = (0..14).flat_map(|esi| [1, esi, 1]);
    to.add("raptor", "sources", object.into_iter().chain(sources).collect());
    to.add("raptor", "repairs", object.into_iter().chain(repairs).collect());
    // Each source of the reassembly in turn sends every symbol of the second object.
    for (index, source) in (0..4).enumerate() {
        let symbols =
            (0..8).flat_map(|esi| if source < 2 { vec![3, 1, source, esi] } else { vec![3, 1, source, esi, 4] });
        to.add("reassembly", &format!("source-{index}"), symbols.collect());
    }
    let count = verdicts::cases().len();
    let mut seen = std::collections::BTreeSet::new();
    for (index, case) in verdicts::cases().iter().enumerate() {
        if out(case).is_some() && seen.insert((case.vector.op.clone(), index * 16 / count)) {
            let number = u16::try_from(index).unwrap_or(0).to_le_bytes();
            let name = format!("{}-{index}", case.vector.op);
            to.add("verdicts", &name, number.to_vec());
        }
    }
}
