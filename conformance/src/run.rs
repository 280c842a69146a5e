//! Running vectors against a subject.

mod compare;

use std::collections::BTreeSet;

use fcp_core::glob::Glob;
use serde_json::{Map, Value};

use crate::refusal::Refusal;
use crate::subject::{Breach, Hello, Reply, Subject};
use crate::vectors::{Expect, FILES, Opening, Profile, Vector};

pub use compare::{Difference, Parting, differences};

/// One vector with its place.
#[derive(Debug, Clone)]
pub struct Case {
    /// The chapter's folder.
    pub chapter: &'static str,
    /// The file's topic.
    pub topic: &'static str,
    /// The vector.
    pub vector: Vector,
}

impl Case {
    /// The vector's name with its topic: `attestations/unsorted-tags`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.topic, self.vector.name)
    }
}

/// Every embedded vector that `profile` binds and whose operation, or `operation/topic/name`, `filter` matches.
///
/// # Errors
/// If an embedded file is not of its form, which a test excludes.
pub fn select(profile: Profile, filter: Option<&Glob>) -> Result<Vec<Case>, serde_json::Error> {
    let mut cases = Vec::new();
    for file in FILES {
        for vector in file.vectors()? {
            let case = Case { chapter: file.chapter, topic: file.topic, vector };
            let named = |filter: &Glob| {
                filter.matches(&case.vector.op) || filter.matches(&format!("{}/{}", case.vector.op, case.name()))
            };
            if case.vector.profile <= profile && filter.is_none_or(named) {
                cases.push(case);
            }
        }
    }
    Ok(cases)
}

/// How a case went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// As it must.
    Passed,
    /// The subject does not have the operation.
    Unsupported,
    /// Otherwise.
    Failed(Failure),
}

/// What was sent, what must come back and what did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Which operation was asked, and of whom if not of the subject.
    pub asked: String,
    /// The fields of the request.
    pub sent: Map<String, Value>,
    /// What must come back.
    pub expected: String,
    /// What came back.
    pub received: String,
    /// Where the two differ, if both are answers with fields.
    pub differences: Vec<Difference>,
}

/// A whole run.
#[derive(Debug, Clone)]
pub struct Run {
    /// Who was driven.
    pub hello: Hello,
    /// Who opened what the subject sealed, and the other way round.
    pub peer: Option<Hello>,
    /// Each case and how it went.
    pub results: Vec<(Case, Outcome)>,
}

impl Run {
    /// How many cases went wrong.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.results.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Failed(_))).count()
    }

    /// The operations that cases asked for and the subject does not have, without those that match one of `may_lack`:
    /// sorted, each once.
    #[must_use]
    pub fn lacking(&self, may_lack: &[Glob]) -> Vec<&str> {
        let unsupported = self.results.iter().filter(|(_, outcome)| *outcome == Outcome::Unsupported);
        let ops: BTreeSet<&str> = unsupported.map(|(case, _)| case.vector.op.as_str()).collect();
        ops.into_iter().filter(|op| !may_lack.iter().any(|pattern| pattern.matches(op))).collect()
    }
}

/// Runs `cases` against `subject`. What it seals at random, `peer` opens, and the other way round.
///
/// # Errors
/// [`Breach`] as soon as the subject or the peer breaks the protocol.
pub fn run(cases: Vec<Case>, subject: &mut dyn Subject, mut peer: Option<&mut dyn Subject>) -> Result<Run, Breach> {
    let hello = subject.hello()?;
    let peer_hello = match &mut peer {
        Some(peer) => Some(peer.hello()?),
        None => None,
    };
    let mut results = Vec::with_capacity(cases.len());
    for case in cases {
        let outcome = if hello.ops.contains(&case.vector.op) {
            match &case.vector.expect {
                Expect::Opens(opening) => {
                    let other = peer
                        .as_mut()
                        .zip(peer_hello.as_ref())
                        .map(|(peer, hello)| (&mut **peer as &mut dyn Subject, hello));
                    open_everywhere(&case.vector, opening, (subject, &hello), other)?
                }
                _ => judge(&case.vector, subject)?,
            }
        } else {
            Outcome::Unsupported
        };
        results.push((case, outcome));
    }
    Ok(Run { hello, peer: peer_hello, results })
}

/// Asks for one vector's operation and compares.
fn judge(vector: &Vector, subject: &mut dyn Subject) -> Result<Outcome, Breach> {
    let reply = subject.ask(&vector.op, &vector.input)?;
    Ok(match compare(&vector.expect, &reply) {
        None => Outcome::Passed,
        Some((expected, differences)) => failed(&vector.op, &vector.input, expected, describe(&reply), differences),
    })
}

/// What must have come, and where it differs; nothing if the reply is as it must be.
fn compare(expect: &Expect, reply: &Reply) -> Option<(String, Vec<Difference>)> {
    match (expect, reply) {
        (Expect::Error(code), Reply::Refused { code: got, .. }) if code == got => None,
        (Expect::Error(code), _) => Some((format!("refused: {code}"), Vec::new())),
        (Expect::Out(expected), Reply::Ok(received)) => {
            let differences = differences(expected, received);
            let expected = || format!("accepted: {}", Value::Object(expected.clone()));
            (!differences.is_empty()).then(|| (expected(), differences))
        }
        (Expect::Out(expected), Reply::Refused { .. }) => {
            Some((format!("accepted: {}", Value::Object(expected.clone())), Vec::new()))
        }
        (Expect::Opens(_), Reply::Ok(_)) => None,
        (Expect::Opens(_), Reply::Refused { .. }) => Some(("accepted".to_owned(), Vec::new())),
    }
}

fn describe(reply: &Reply) -> String {
    match reply {
        Reply::Ok(fields) => format!("accepted: {}", Value::Object(fields.clone())),
        Reply::Refused { code, .. } if code == Refusal::UNSUPPORTED => {
            "unsupported, although `hello` lists the operation".to_owned()
        }
        Reply::Refused { code, message } => format!("refused: {code} ({message})"),
    }
}

fn failed(
    asked: &str,
    sent: &Map<String, Value>,
    expected: String,
    received: String,
    differences: Vec<Difference>,
) -> Outcome {
    Outcome::Failed(Failure { asked: asked.to_owned(), sent: sent.clone(), expected, received, differences })
}

/// A subject with what it said about itself.
type Introduced<'a, 'h> = (&'a mut dyn Subject, &'h Hello);

/// Seals with the subject and opens with it and with the peer; then seals with the peer and opens with the subject.
fn open_everywhere(
    vector: &Vector,
    opening: &Opening,
    (subject, hello): Introduced<'_, '_>,
    peer: Option<Introduced<'_, '_>>,
) -> Result<Outcome, Breach> {
    let opens = |hello: &Hello| hello.ops.contains(&opening.op);
    let sealed = match seal(vector, subject, "")? {
        Ok(sealed) => sealed,
        Err(failure) => return Ok(failure),
    };
    if opens(hello)
        && let Some(failure) = open(opening, &sealed, subject, "")?
    {
        return Ok(failure);
    }
    let Some((peer, peer_hello)) = peer else { return Ok(Outcome::Passed) };
    if opens(peer_hello)
        && let Some(failure) = open(opening, &sealed, peer, " of the peer, with what the subject sealed")?
    {
        return Ok(failure);
    }
    if peer_hello.ops.contains(&vector.op) && opens(hello) {
        let sealed = match seal(vector, peer, " of the peer")? {
            Ok(sealed) => sealed,
            Err(failure) => return Ok(failure),
        };
        if let Some(failure) = open(opening, &sealed, subject, ", with what the peer sealed")? {
            return Ok(failure);
        }
    }
    Ok(Outcome::Passed)
}

/// The fields of an accepted answer, or why it is not one.
type Sealed = Result<Map<String, Value>, Outcome>;

fn seal(vector: &Vector, subject: &mut dyn Subject, whose: &str) -> Result<Sealed, Breach> {
    let reply = subject.ask(&vector.op, &vector.input)?;
    Ok(match reply {
        Reply::Ok(fields) => Ok(fields),
        Reply::Refused { .. } => {
            let asked = format!("{}{whose}", vector.op);
            Err(failed(&asked, &vector.input, "accepted".to_owned(), describe(&reply), Vec::new()))
        }
    })
}

fn open(
    opening: &Opening,
    sealed: &Map<String, Value>,
    subject: &mut dyn Subject,
    whose: &str,
) -> Result<Option<Outcome>, Breach> {
    let mut input = opening.input.clone();
    for name in &opening.take {
        input.insert(name.clone(), sealed.get(name).cloned().unwrap_or_default());
    }
    let reply = subject.ask(&opening.op, &input)?;
    let asked = format!("{}{whose}", opening.op);
    Ok(compare(&Expect::Out(opening.out.clone()), &reply)
        .map(|(expected, differences)| failed(&asked, &input, expected, describe(&reply), differences)))
}
