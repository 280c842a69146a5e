//! Our crates behind the adapter protocol: JSON lines in, JSON lines out.
//!
//! Every line is answered, in order, however malformed; nothing in a line ends the process, and a line is refused
//! rather than kept beyond [`MAX_LINE`].

use std::io::{self, BufRead, Write};
use std::panic::{self, AssertUnwindSafe};

use serde_json::{Map, Value, json};

use crate::fields::{Answer, Fields};
use crate::ops;
use crate::refusal::Refusal;
use crate::strict_json;

/// The longest line that is read, in bytes: room for the hexadecimal form of 64 MiB, the largest input that the
/// protocol itself judges.
pub const MAX_LINE: usize = (2 * 64 + 1) * 1024 * 1024;

/// How much of a message for people is sent.
const MAX_MESSAGE: usize = 400;

/// Answers every line of `input` until it ends.
///
/// # Errors
/// Only what reading and writing fail with.
pub fn serve(mut input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    let mut line = Vec::new();
    while let Some(complete) = read_line(&mut input, &mut line)? {
        let answer = if complete { answer_line(&line) } else { refused(Value::Null, &too_long()) };
        serde_json::to_writer(&mut output, &answer)?;
        output.write_all(b"\n")?;
        output.flush()?;
    }
    Ok(())
}

fn too_long() -> Refusal {
    Refusal::bad(format!("the line is longer than {MAX_LINE} bytes"))
}

/// Reads one line into `line`: nothing at the end of input, `false` if it was too long to keep.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
    line.clear();
    let (mut any, mut complete) = (false, true);
    loop {
        let available = match input.fill_buf() {
            Ok(available) => available,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if available.is_empty() {
            return Ok(any.then_some(complete));
        }
        any = true;
        let end = available.iter().position(|byte| *byte == b'\n');
        let part = available.get(..end.unwrap_or(available.len())).unwrap_or_default();
        if complete && line.len().saturating_add(part.len()) <= MAX_LINE {
            line.extend_from_slice(part);
        } else {
            complete = false;
            *line = Vec::new();
        }
        let taken = part.len().saturating_add(usize::from(end.is_some()));
        input.consume(taken);
        if end.is_some() {
            return Ok(Some(complete));
        }
    }
}

/// The answer to one line.
#[must_use]
pub fn answer_line(line: &[u8]) -> Value {
    let request = match strict_json::parse(line) {
        Ok(Value::Object(request)) => request,
        Ok(_) => return refused(Value::Null, &Refusal::bad("a request is an object")),
        Err(error) => return refused(Value::Null, &Refusal::bad(format!("not a JSON line: {error}"))),
    };
    let id = request.get("id").cloned().unwrap_or_default();
    let Some(op) = request.get("op").and_then(Value::as_str) else {
        return refused(id, &Refusal::bad("`op` is not text"));
    };
    if op == "hello" {
        let mut answer = hello();
        answer.insert("id".to_owned(), id);
        answer.insert("ok".to_owned(), Value::Bool(true));
        return Value::Object(answer);
    }
    let nothing = Value::Object(Map::new());
    let fields = Fields::of(request.get("in").unwrap_or(&nothing), "in");
    match fields.and_then(|fields| perform(op, fields)) {
        Ok(answer) => json!({"id": id, "ok": true, "out": answer.into_fields()}),
        Err(refusal) => refused(id, &refusal),
    }
}

/// What this implementation is and which operations it has.
pub(crate) fn hello() -> Map<String, Value> {
    let ops: Vec<&str> = ops::names().collect();
    let mut hello = Map::new();
    hello.insert("implementation".to_owned(), Value::from("fcp2"));
    hello.insert("version".to_owned(), Value::from(env!("CARGO_PKG_VERSION")));
    // Roles, credentials, leases, egress and what else the full profile has are not there yet.
    hello.insert("profile".to_owned(), Value::from("mvp"));
    hello.insert("ops".to_owned(), Value::from(ops));
    hello
}

/// Performs one operation in this process.
///
/// # Errors
/// [`Refusal`]; a panic anywhere below becomes [`Refusal::Internal`].
pub fn perform(op: &str, fields: Fields<'_>) -> Result<Answer, Refusal> {
    let operation = ops::find(op).ok_or(Refusal::Unsupported)?;
    // Operations are functions of their fields: nothing outlives a panic half changed.
    panic::catch_unwind(AssertUnwindSafe(|| (operation.run)(fields)))
        .unwrap_or_else(|_| Err(Refusal::Internal(format!("`{op}` panicked"))))
}

fn refused(id: Value, refusal: &Refusal) -> Value {
    let message: String = refusal.message().chars().take(MAX_MESSAGE).collect();
    json!({"id": id, "ok": false, "code": refusal.code(), "message": message})
}

#[cfg(test)]
mod tests {
    use super::{MAX_LINE, answer_line, serve};
    use serde_json::{Value, json};
    use std::io::BufReader;

    fn answers(input: &[u8]) -> Vec<Value> {
        let mut output = Vec::new();
        serve(BufReader::new(input), &mut output).unwrap();
        output
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect()
    }

    #[test]
    fn answers_in_the_protocol_s_form() {
        let request = br#"{"id":1,"op":"zone.hash","in":{"zone":"z:work"}}"#;
        // Of BLAKE3-256("FCP2-ZONE-ID-V1" ‖ "z:work"), computed by the Python peer.
        let hash = "b535a945ceeefe27b23fbb46a99aecb6de1dca1d48c721d9f772648e52d6bc99";
        assert_eq!(answer_line(request), json!({"id": 1, "ok": true, "out": {"hash": hash}}));
        let request = br#"{"id":"x","op":"cbor.check","in":{"hex":"1817"}}"#;
        let answer = answer_line(request);
        assert_eq!((&answer["id"], &answer["code"]), (&json!("x"), &json!("cbor.non_shortest_int")));
        assert_eq!(answer_line(br#"{"id":3,"op":"no.such"}"#)["code"], "unsupported");
        let hello = answer_line(br#"{"op":"hello"}"#);
        assert_eq!(hello["implementation"], "fcp2");
        assert!(hello["ops"].as_array().unwrap().contains(&json!("cbor.check")));
    }

    #[test]
    fn every_line_is_answered_however_malformed() {
        let lines: [&[u8]; 10] = [
            b"",
            b"{",
            b"[]",
            b"\xff\xfe",
            b"{\"op\":1}",
            b"{\"op\":\"cbor.check\"}",
            b"{\"op\":\"cbor.check\",\"in\":[]}",
            b"{\"op\":\"cbor.check\",\"in\":{\"hex\":\"0\"}}",
            b"{\"id\":1,\"id\":2,\"op\":\"hello\"}",
            b"{\"op\":\"cbor.check\",\"in\":{\"hex\":7}}",
        ];
        let given = answers(&lines.join(&b"\n"[..]));
        assert_eq!(given.len(), lines.len());
        assert!(given.iter().all(|answer| answer["code"] == "adapter.bad_request"), "{given:?}");
    }

    #[test]
    fn a_line_that_is_too_long_is_refused_and_the_next_is_answered() {
        let mut input = vec![b'x'; MAX_LINE + 1];
        input.extend_from_slice(b"\n{\"op\":\"hello\"}\n");
        let given = answers(&input);
        assert_eq!(given.len(), 2);
        assert_eq!(given[0]["code"], "adapter.bad_request");
        assert_eq!(given[1]["ok"], true);
    }
}
