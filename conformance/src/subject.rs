//! What a run drives: our own crates in this process, or anybody's program behind the adapter protocol.

mod process;

use serde_json::{Map, Value};

use crate::adapter;
use crate::fields::{Answer, Fields};

pub use process::{Breach, Process};

/// What an implementation says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// Its name.
    pub implementation: String,
    /// Its version.
    pub version: String,
    /// The profile that it claims.
    pub profile: String,
    /// The operations that it has.
    pub ops: Vec<String>,
}

/// What an implementation answers to one operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The fields of an accepted input's answer.
    Ok(Map<String, Value>),
    /// The refusal's code, and its message for people.
    Refused {
        /// The reason code.
        code: String,
        /// What is the matter.
        message: String,
    },
}

/// Anything that answers operations.
pub trait Subject {
    /// What it is.
    ///
    /// # Errors
    /// [`Breach`] if it does not keep to the protocol.
    fn hello(&mut self) -> Result<Hello, Breach>;

    /// Asks for one operation.
    ///
    /// # Errors
    /// [`Breach`] if it does not keep to the protocol.
    fn ask(&mut self, op: &str, input: &Map<String, Value>) -> Result<Reply, Breach>;
}

/// Our crates in this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct InProcess;

impl Subject for InProcess {
    fn hello(&mut self) -> Result<Hello, Breach> {
        hello_of(&adapter::hello()).ok_or_else(|| Breach::new("hello", "our own answer is not of the protocol's form"))
    }

    fn ask(&mut self, op: &str, input: &Map<String, Value>) -> Result<Reply, Breach> {
        Ok(match adapter::perform(op, Fields::new(input)).map(Answer::into_fields) {
            Ok(fields) => Reply::Ok(fields),
            Err(refusal) => Reply::Refused { code: refusal.code().to_owned(), message: refusal.message().to_owned() },
        })
    }
}

/// Reads the answer to `hello`.
fn hello_of(answer: &Map<String, Value>) -> Option<Hello> {
    let text = |name: &str| answer.get(name)?.as_str().map(str::to_owned);
    let ops = answer.get("ops")?.as_array()?;
    Some(Hello {
        implementation: text("implementation")?,
        version: text("version")?,
        profile: text("profile").filter(|profile| matches!(profile.as_str(), "mvp" | "full"))?,
        ops: ops.iter().map(|op| op.as_str().map(str::to_owned)).collect::<Option<_>>()?,
    })
}
