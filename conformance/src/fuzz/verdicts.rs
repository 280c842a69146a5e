//! The adapter and the operations behind it: verdicts over evidence that somebody changed.

use std::sync::OnceLock;

use serde_json::{Map, Value};

use super::input::Input;
use crate::adapter;
use crate::fields::Fields;
use crate::run::{self, Case};
use crate::vectors::Profile;

/// Every line is answered with an answer of the protocol's form.
pub(super) fn adapter(bytes: &[u8]) {
    let answer = adapter::answer_line(bytes);
    let ok = answer.get("ok").and_then(Value::as_bool).expect("an answer says whether it is one");
    assert_ne!(answer.get("code").and_then(Value::as_str), Some(crate::Refusal::INTERNAL), "{answer}");
    assert!(ok == answer.get("code").is_none());
}

/// The operations that judge what peers send, by name: those that only compute are left out.
pub(super) fn judges(op: &str) -> bool {
    let area = op.split('.').next().unwrap_or(op);
    ["approval", "audit", "authorize", "checkpoint", "chunk", "hpke", "manifest_key", "raptor", "sign", "token"]
        .contains(&area)
}

/// The vectors that the target changes.
pub(super) fn cases() -> &'static [Case] {
    static CASES: OnceLock<Vec<Case>> = OnceLock::new();
    CASES.get_or_init(|| {
        let mut cases = run::select(Profile::Full, None).expect("the vectors are well-formed");
        cases.retain(|case| judges(&case.vector.op));
        cases
    })
}

/// All texts in `value`, to be changed.
fn texts<'v>(value: &'v mut Value, found: &mut Vec<&'v mut String>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter_mut().for_each(|item| texts(item, found)),
        Value::Object(fields) => fields.values_mut().for_each(|field| texts(field, found)),
        _ => {}
    }
}

/// A vector in which a few places are changed: two bytes of a vector's number, and for each change which text, where and
/// how. The operation gives a verdict or a refusal, and the same one again.
pub(super) fn verdicts(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let cases = cases();
    let case = &cases[input.below(cases.len())];
    let mut fields = Value::Object(case.vector.input.clone());
    let mut changes = 0;
    while !input.is_empty() && changes < 8 {
        let mut found = Vec::new();
        texts(&mut fields, &mut found);
        if found.is_empty() {
            break;
        }
        let index = input.below(found.len());
        let (at, new) = (usize::from(input.u16()), input.u8());
        let text = &mut *found[index];
        // Mostly hexadecimal: a digit becomes another one, or the text gets shorter.
        if new >= 0xf8 {
            let len = at.min(text.len()) & !1;
            if text.is_char_boundary(len) {
                text.truncate(len);
            }
        } else if text.is_ascii() && !text.is_empty() {
            let at = at % text.len();
            let digit = char::from(b"0123456789abcdef"[usize::from(new % 16)]);
            text.replace_range(at..=at, &digit.to_string());
        }
        changes += 1;
    }
    let nothing = Map::new();
    let fields = fields.as_object().unwrap_or(&nothing);
    let perform = || match adapter::perform(&case.vector.op, Fields::new(fields)) {
        Ok(answer) => (String::new(), answer.into_fields()),
        Err(refusal) => (refusal.code().to_owned(), Map::new()),
    };
    let first = perform();
    assert_ne!(first.0, crate::Refusal::INTERNAL, "{} {}", case.vector.op, case.name());
    if case.vector.op != "hpke.seal" {
        assert_eq!(perform(), first, "{} {}: two verdicts on one question", case.vector.op, case.name());
    }
}
