//! The vectors: one case each of one operation, with the outcome that the protocol demands.

mod embedded;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use embedded::FILES;

/// Which implementations a vector binds (§25).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Every implementation.
    Mvp,
    /// Those that claim the full profile.
    Full,
}

/// One case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Vector {
    /// What is shown, in kebab case; for an input that is refused, what is wrong with it. Unique in its file and operation.
    pub name: String,
    /// The operation.
    pub op: String,
    /// The section of the specification and the decision that the case stands on.
    pub section: String,
    /// Which implementations it binds.
    pub profile: Profile,
    /// What it shows, in a sentence, where the name does not say it.
    pub note: Option<String>,
    /// The fields of the request.
    pub input: Map<String, Value>,
    /// What must come of it.
    pub expect: Expect,
}

/// The outcome that a vector demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// The input is accepted; the answer has these fields, with these values.
    Out(Map<String, Value>),
    /// The input is refused with this reason code.
    Error(String),
    /// The input is accepted; the answer draws randomness and is checked by what opens it.
    Opens(Opening),
}

/// How the answer of a randomized operation is checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// The operation that takes the answer.
    pub op: String,
    /// The fields of its request, beside those that it takes.
    #[serde(rename = "in")]
    pub input: Map<String, Value>,
    /// The fields of the first answer that go into its request.
    pub take: Vec<String>,
    /// What must come out.
    pub out: Map<String, Value>,
}

/// A vector as its file has it: exactly one of `out`, `error` and `opens`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    op: String,
    section: String,
    profile: Profile,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    note: Option<String>,
    #[serde(rename = "in")]
    input: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    out: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    opens: Option<Opening>,
}

impl TryFrom<Written> for Vector {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, &'static str> {
        let expect = match (written.out, written.error, written.opens) {
            (Some(out), None, None) => Expect::Out(out),
            (None, Some(code), None) => Expect::Error(code),
            (None, None, Some(opening)) => Expect::Opens(opening),
            _ => return Err("a vector has exactly one of `out`, `error` and `opens`"),
        };
        let Written { name, op, section, profile, note, input, .. } = written;
        Ok(Self { name, op, section, profile, note, input, expect })
    }
}

impl From<Vector> for Written {
    fn from(vector: Vector) -> Self {
        let Vector { name, op, section, profile, note, input, expect } = vector;
        let (mut out, mut error, mut opens) = (None, None, None);
        match expect {
            Expect::Out(fields) => out = Some(fields),
            Expect::Error(code) => error = Some(code),
            Expect::Opens(opening) => opens = Some(opening),
        }
        Self { name, op, section, profile, note, input, out, error, opens }
    }
}

/// One file of vectors, which covers a topic of a chapter.
#[derive(Debug, Clone, Copy)]
pub struct File {
    /// The chapter's folder, such as `03-primitives`.
    pub chapter: &'static str,
    /// The file's name without its ending.
    pub topic: &'static str,
    /// What is in it.
    pub text: &'static str,
}

impl File {
    /// The vectors in it.
    ///
    /// # Errors
    /// If the file is not of the form that this module describes.
    pub fn vectors(&self) -> Result<Vec<Vector>, serde_json::Error> {
        serde_json::from_str(self.text)
    }
}

/// The text of a file that holds `vectors`: one field a line, so that changes are easy to read.
///
/// # Errors
/// None that a vector can cause.
pub fn to_text(vectors: &[Vector]) -> Result<String, serde_json::Error> {
    let sorted: Vec<Vector> = vectors.iter().map(sorted_vector).collect();
    let mut text = serde_json::to_string_pretty(&sorted)?;
    text.push('\n');
    Ok(text)
}

fn sorted_vector(vector: &Vector) -> Vector {
    let expect = match &vector.expect {
        Expect::Out(out) => Expect::Out(sorted_fields(out)),
        Expect::Error(code) => Expect::Error(code.clone()),
        Expect::Opens(opening) => Expect::Opens(Opening {
            input: sorted_fields(&opening.input),
            out: sorted_fields(&opening.out),
            ..opening.clone()
        }),
    };
    Vector { input: sorted_fields(&vector.input), expect, ..vector.clone() }
}

/// Fields in the order of their names, whichever order the JSON library keeps: that is a feature which any crate of a
/// build may switch.
fn sorted_fields(fields: &Map<String, Value>) -> Map<String, Value> {
    let mut entries: Vec<(&String, &Value)> = fields.iter().collect();
    entries.sort_unstable_by_key(|(name, _)| *name);
    entries.into_iter().map(|(name, value)| (name.clone(), sorted_value(value))).collect()
}

fn sorted_value(value: &Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(sorted_fields(fields)),
        Value::Array(items) => Value::Array(items.iter().map(sorted_value).collect()),
        other => other.clone(),
    }
}
