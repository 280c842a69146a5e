//! Writing down one file of vectors.

use fcp_core::rand_core::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use serde_json::{Map, Value};

use crate::adapter;
use crate::fields::{Answer, Fields};
use crate::hexadecimal;
use crate::vectors::{Expect, Opening, Profile, Vector};

/// A file of vectors in the making.
pub(super) struct Topic {
    pub(super) chapter: &'static str,
    pub(super) name: &'static str,
    profile: Profile,
    pub(super) vectors: Vec<Vector>,
    pub(super) faults: Vec<String>,
}

impl Topic {
    /// A topic that every implementation is bound by.
    pub(super) const fn new(chapter: &'static str, name: &'static str) -> Self {
        Self { chapter, name, profile: Profile::Mvp, vectors: Vec::new(), faults: Vec::new() }
    }

    /// A topic of the full profile alone (§25).
    pub(super) fn full(chapter: &'static str, name: &'static str) -> Self {
        Self { profile: Profile::Full, ..Self::new(chapter, name) }
    }

    /// An input that is accepted; what it gives is what our operation gives. Returns that.
    pub(super) fn accept(&mut self, op: &str, name: &str, section: &str, input: Value) -> Map<String, Value> {
        let input = object(input);
        let out = match ask(op, &input) {
            Ok(out) => out,
            Err(code) => {
                self.faults.push(format!("{op}/{name} is refused: {code}"));
                Map::new()
            }
        };
        self.push(op, name, section, input, Expect::Out(out.clone()));
        out
    }

    /// An input that is accepted and gives exactly `out`, which is known from elsewhere.
    pub(super) fn gives(&mut self, op: &str, name: &str, section: &str, input: Value, out: Value) {
        let (input, out) = (object(input), object(out));
        match ask(op, &input) {
            Ok(ours) if out.iter().all(|(field, value)| ours.get(field) == Some(value)) => {}
            Ok(ours) => self.faults.push(format!("{op}/{name} gives {}", Value::Object(ours))),
            Err(code) => self.faults.push(format!("{op}/{name} is refused: {code}")),
        }
        self.push(op, name, section, input, Expect::Out(out));
    }

    /// An input that is refused with `code`.
    pub(super) fn reject(&mut self, op: &str, name: &str, section: &str, input: Value, code: &str) {
        let input = object(input);
        match ask(op, &input) {
            Err(ours) if ours == code => {}
            Err(ours) => self.faults.push(format!("{op}/{name} is refused with {ours} instead of {code}")),
            Ok(ours) => self.faults.push(format!("{op}/{name} is accepted: {}", Value::Object(ours))),
        }
        self.push(op, name, section, input, Expect::Error(code.to_owned()));
    }

    /// An input of a randomized operation, and how its answer is opened.
    pub(super) fn opens(&mut self, op: &str, name: &str, section: &str, input: Value, opening: Opening) {
        let input = object(input);
        if let Err(code) = ask(op, &input) {
            self.faults.push(format!("{op}/{name} is refused: {code}"));
        }
        self.push(op, name, section, input, Expect::Opens(opening));
    }

    /// Says in a sentence what the vector before shows.
    pub(super) fn note(&mut self, text: &str) {
        if let Some(vector) = self.vectors.last_mut() {
            vector.note = Some(text.to_owned());
        }
    }

    fn push(&mut self, op: &str, name: &str, section: &str, input: Map<String, Value>, expect: Expect) {
        if self.vectors.iter().any(|vector| (vector.op.as_str(), vector.name.as_str()) == (op, name)) {
            self.faults.push(format!("{op}/{name} stands twice"));
        }
        self.vectors.push(Vector {
            name: name.to_owned(),
            op: op.to_owned(),
            section: section.to_owned(),
            profile: self.profile,
            note: None,
            input,
            expect,
        });
    }
}

/// What our operation gives, or the code that it refuses with.
pub(super) fn ask(op: &str, input: &Map<String, Value>) -> Result<Map<String, Value>, &'static str> {
    adapter::perform(op, Fields::new(input)).map(Answer::into_fields).map_err(|refusal| refusal.code())
}

/// The fields of a JSON object.
pub(super) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// `input` with other values in some fields; null takes a field out.
pub(super) fn with(input: &Value, changes: Value) -> Value {
    let mut changed = object(input.clone());
    for (name, value) in object(changes) {
        if value.is_null() {
            changed.remove(&name);
        } else {
            changed.insert(name, value);
        }
    }
    Value::Object(changed)
}

/// Hexadecimal.
pub(super) fn hex(bytes: impl AsRef<[u8]>) -> String {
    hexadecimal::encode(bytes.as_ref())
}

/// The bytes of hexadecimal that one of our operations wrote.
pub(super) fn unhex(value: &Value) -> Vec<u8> {
    value.as_str().and_then(hexadecimal::decode).unwrap_or_default()
}

/// The random generator of a label: another label, another stream.
pub(super) fn rng(label: &str) -> ChaCha20Rng {
    let mut seed = *b"fcp2 conformance vectors, seed: ";
    for (index, byte) in label.bytes().enumerate() {
        if let Some(place) = seed.get_mut(index % 32) {
            *place = place.wrapping_mul(31).wrapping_add(byte);
        }
    }
    ChaCha20Rng::from_seed(seed)
}

/// Random bytes of a label.
pub(super) fn random<const N: usize>(label: &str) -> [u8; N] {
    let mut bytes = [0; N];
    rng(label).fill_bytes(&mut bytes);
    bytes
}

/// Some random bytes of a label.
pub(super) fn random_vec(label: &str, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    rng(label).fill_bytes(&mut bytes);
    bytes
}

/// The same bytes with one bit of one byte turned over.
pub(super) fn flip(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut flipped = bytes.to_vec();
    if let Some(byte) = flipped.get_mut(at) {
        *byte ^= 1;
    }
    flipped
}
