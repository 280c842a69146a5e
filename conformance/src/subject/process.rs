//! An adapter program: started once, asked line by line, watched.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Hello, Reply, Subject, hello_of};
use crate::adapter::MAX_LINE;
use crate::strict_json;

/// How long an adapter may take for one answer, if nobody says otherwise.
pub(super) const DEFAULT_PATIENCE: Duration = Duration::from_secs(60);

/// How much of a line is shown.
const SHOWN: usize = 300;

/// An adapter broke the protocol: what was sent, and what it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    sent: String,
    did: String,
}

impl Breach {
    /// To `sent`, the adapter `did` something that the protocol does not allow.
    pub(super) fn new(sent: impl Into<String>, did: impl Into<String>) -> Self {
        Self { sent: shorten(&sent.into()), did: did.into() }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the adapter broke the protocol: {}\n  sent  {}", self.did, self.sent)
    }
}

impl std::error::Error for Breach {}

fn shorten(text: &str) -> String {
    let mut short: String = text.trim_end().chars().take(SHOWN).collect();
    if short.len() < text.trim_end().len() {
        short.push('…');
    }
    short
}

/// A running adapter program. It is ended when this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    requests: Sender<String>,
    answers: Receiver<io::Result<Vec<u8>>>,
    patience: Duration,
    next_id: u64,
}

impl Process {
    /// Starts `command`, a program and its arguments separated by spaces; quotes hold an argument together.
    ///
    /// # Errors
    /// If the command is empty or cannot be started.
    pub fn start(command: &str) -> io::Result<Self> {
        let words =
            words(command).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a quote is not closed"))?;
        let (program, arguments) =
            words.split_first().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the command is empty"))?;
        let mut child = Command::new(program).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the adapter has no standard streams"));
        };
        let (requests, to_send) = mpsc::channel();
        let (received, answers) = mpsc::channel();
        // One thread talks, so that a program that neither reads nor writes cannot hold up the run.
        thread::spawn(move || converse(input, output, &to_send, &received));
        Ok(Self { child, requests, answers, patience: DEFAULT_PATIENCE, next_id: 1 })
    }

    /// With another patience for one answer.
    #[must_use]
    pub const fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Sends one line and waits for the one that answers it.
    fn exchange(&mut self, request: &Value) -> Result<Map<String, Value>, Breach> {
        let line = request.to_string();
        let breach = |did: String| Breach::new(line.clone(), did);
        if self.requests.send(line.clone()).is_err() {
            return Err(breach(self.ended()));
        }
        let answer = match self.answers.recv_timeout(self.patience) {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) if error.kind() == io::ErrorKind::FileTooLarge => {
                return Err(breach(format!("its answer is longer than {MAX_LINE} bytes")));
            }
            Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => return Err(breach(self.ended())),
            Err(RecvTimeoutError::Timeout) => {
                return Err(breach(format!("no answer within {} s", self.patience.as_secs())));
            }
        };
        match strict_json::parse(&answer) {
            Ok(Value::Object(answer)) => Ok(answer),
            Ok(_) => {
                Err(breach(format!("its answer is not an object: {}", shorten(&String::from_utf8_lossy(&answer)))))
            }
            Err(error) => {
                Err(breach(format!("its answer is not JSON ({error}): {}", shorten(&String::from_utf8_lossy(&answer)))))
            }
        }
    }

    /// Says how the program ended.
    fn ended(&mut self) -> String {
        // It closed its output; give it a moment to be gone.
        for _ in 0..20 {
            if let Ok(Some(status)) = self.child.try_wait() {
                return format!("it ended instead of answering ({status})");
            }
            thread::sleep(Duration::from_millis(25));
        }
        "it closed its output instead of answering".to_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Subject for Process {
    fn hello(&mut self) -> Result<Hello, Breach> {
        let request = json!({"op": "hello"});
        let answer = self.exchange(&request)?;
        hello_of(&answer).ok_or_else(|| {
            let answer = shorten(&Value::Object(answer.clone()).to_string());
            Breach::new(request.to_string(), format!("its answer does not say who it is: {answer}"))
        })
    }

    fn ask(&mut self, op: &str, input: &Map<String, Value>) -> Result<Reply, Breach> {
        let id = self.next_id;
        self.next_id = id.wrapping_add(1);
        let request = json!({"id": id, "op": op, "in": input});
        let answer = self.exchange(&request)?;
        reply_of(&answer, id).ok_or_else(|| {
            let answer = shorten(&Value::Object(answer.clone()).to_string());
            Breach::new(request.to_string(), format!("its answer is not of the protocol's form: {answer}"))
        })
    }
}

/// Reads an answer to the request `id`.
fn reply_of(answer: &Map<String, Value>, id: u64) -> Option<Reply> {
    if answer.get("id")?.as_u64() != Some(id) {
        return None;
    }
    if answer.get("ok")?.as_bool()? {
        let nothing = Value::Object(Map::new());
        let out = answer.get("out").unwrap_or(&nothing).as_object()?;
        return Some(Reply::Ok(out.clone()));
    }
    let code = answer.get("code")?.as_str()?.to_owned();
    let message = answer.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
    Some(Reply::Refused { code, message })
}

/// Sends each request and passes on the line that answers it, until either side is gone.
fn converse(
    mut input: ChildStdin,
    output: ChildStdout,
    requests: &Receiver<String>,
    answers: &Sender<io::Result<Vec<u8>>>,
) {
    let mut output = BufReader::new(output);
    for request in requests {
        let answer = writeln!(input, "{request}").and_then(|()| input.flush()).and_then(|()| read_line(&mut output));
        let failed = answer.is_err();
        if answers.send(answer).is_err() || failed {
            return;
        }
    }
}

fn read_line(output: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let limit = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
    output.take(limit).read_until(b'\n', &mut line)?;
    match line.last() {
        Some(b'\n') => Ok(line),
        _ if line.len() >= MAX_LINE => Err(io::ErrorKind::FileTooLarge.into()),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// The words of a command; nothing if a quote is not closed.
fn words(command: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for character in command.chars() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (None, '"' | '\'') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, space) if space.is_whitespace() => words.extend(word.take()),
            (_, character) => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::{Process, Subject as _, words};
    use serde_json::Map;
    use std::time::Duration;

    #[test]
    fn commands_are_split_at_spaces_outside_of_quotes() {
        assert_eq!(words("a  b 'c d' \"e'f\" g\"h i\"").unwrap(), ["a", "b", "c d", "e'f", "gh i"]);
        assert_eq!(words("''").unwrap(), [""]);
        assert_eq!(words("  ").unwrap(), Vec::<String>::new());
        assert_eq!(words("a 'b"), None);
    }

    /// What a shell program that answers each line with `script` did wrong.
    fn breach(script: &str) -> String {
        let mut process =
            Process::start(&format!("sh -c '{script}'")).unwrap().with_patience(Duration::from_millis(500));
        process.ask("cbor.check", &Map::new()).unwrap_err().to_string()
    }

    #[test]
    fn says_what_an_adapter_did_wrong() {
        for (script, said) in [
            ("exit 3", "it ended instead of answering (exit status: 3)"),
            ("read l; echo nonsense; read l", "its answer is not JSON"),
            ("read l; echo 1; read l", "its answer is not an object"),
            ("read l; echo {}; read l", "its answer is not of the protocol's form"),
            ("read l; echo {\\\"id\\\":7,\\\"ok\\\":true}; read l", "its answer is not of the protocol's form"),
            ("read l; sleep 5", "no answer within 0 s"),
        ] {
            let breach = breach(script);
            assert!(breach.contains(said), "{script}: {breach}");
            assert!(breach.contains("cbor.check"), "{breach}");
        }
        assert!(Process::start("").is_err());
        assert!(Process::start("/nonexistent/adapter").is_err());
    }
}
