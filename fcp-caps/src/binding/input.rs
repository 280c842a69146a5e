//! Conditions on an input (§5.2.1 rules 3–5, D85, D86).

use fcp_core::cbor::Value;
use fcp_core::error::Reason;
use fcp_core::pointer::{JsonPointer, leaves};
use fcp_zones::approval::{ConstraintOp, InputConstraint};

/// Checks an input against all `constraints`; where no hash names the `whole` input, each of its leaves must be covered
/// by one of them (D85): by any at the leaf itself, by an equality above it.
///
/// # Errors
/// [`Reason::ApprovalConstraintFailed`] or [`Reason::ApprovalUncoveredField`].
pub fn check_input(constraints: &[InputConstraint], input: &Value, whole: bool) -> Result<(), Reason> {
    if !constraints.iter().all(|constraint| holds(constraint, input)) {
        return Err(Reason::ApprovalConstraintFailed);
    }
    let covered = |leaf: JsonPointer| {
        constraints.iter().any(|constraint| {
            constraint.json_pointer == leaf
                || (constraint.op == ConstraintOp::Eq && constraint.json_pointer.is_ancestor_of(&leaf))
        })
    };
    if whole || leaves(input).all(covered) { Ok(()) } else { Err(Reason::ApprovalUncoveredField) }
}

/// Whether one constraint holds: never where nothing stands at its place (D86).
fn holds(constraint: &InputConstraint, input: &Value) -> bool {
    let Ok(found) = constraint.json_pointer.resolve(input) else { return false };
    let wanted = &constraint.value;
    match (constraint.op, found, wanted) {
        (ConstraintOp::Eq, ..) => found == wanted,
        (ConstraintOp::Neq, ..) => found != wanted,
        (ConstraintOp::In, _, Value::Array(items)) => items.contains(found),
        (ConstraintOp::NotIn, _, Value::Array(items)) => !items.contains(found),
        (ConstraintOp::Prefix, Value::Text(text), Value::Text(wanted)) => text.starts_with(wanted.as_str()),
        (ConstraintOp::Suffix, Value::Text(text), Value::Text(wanted)) => text.ends_with(wanted.as_str()),
        (ConstraintOp::Contains, Value::Text(text), Value::Text(wanted)) => text.contains(wanted.as_str()),
        (ConstraintOp::Contains, Value::Array(items), _) => items.contains(wanted),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::check_input;
    use fcp_core::cbor::{Value, from_json};
    use fcp_core::pointer::JsonPointer;
    use fcp_zones::approval::ConstraintOp::{self, Contains, Eq, In, Neq, NotIn, Prefix, Suffix};
    use fcp_zones::approval::InputConstraint;

    const INPUT: &str = r#"{"to":{"chat":"team-9","ids":[1,2]},"text":"hello world","n":1,"none":null,"list":[]}"#;

    fn constraint(pointer: &str, op: ConstraintOp, value: &str) -> InputConstraint {
        InputConstraint { json_pointer: JsonPointer::new(pointer).unwrap(), op, value: from_json(value).unwrap() }
    }

    fn input() -> Value {
        from_json(INPUT).unwrap()
    }

    #[test]
    fn every_operator_and_what_it_does_not_apply_to() {
        for (pointer, op, value, holds) in [
            ("/n", Eq, "1", true),
            ("/n", Eq, "1.0", false),
            ("/n", Eq, "2", false),
            ("/to", Eq, r#"{"ids":[1,2],"chat":"team-9"}"#, true),
            ("/missing", Eq, "null", false),
            ("/none", Eq, "null", true),
            ("/n", Neq, "2", true),
            ("/n", Neq, "1", false),
            ("/missing", Neq, "1", false),
            ("/n", In, "[0,1]", true),
            ("/n", In, "[0,2]", false),
            ("/n", In, "1", false),
            ("/missing", In, "[null]", false),
            ("/n", NotIn, "[0,2]", true),
            ("/n", NotIn, "[1]", false),
            ("/n", NotIn, "2", false),
            ("/missing", NotIn, "[1]", false),
            ("/text", Prefix, r#""hello""#, true),
            ("/text", Prefix, r#""world""#, false),
            ("/n", Prefix, r#""1""#, false),
            ("/text", Prefix, "1", false),
            ("/text", Suffix, r#""world""#, true),
            ("/text", Suffix, r#""hello""#, false),
            ("/to/ids", Suffix, "2", false),
            ("/text", Contains, r#""o w""#, true),
            ("/text", Contains, r#""ow""#, false),
            ("/text", Contains, "1", false),
            ("/to/ids", Contains, "2", true),
            ("/to/ids", Contains, "3", false),
            ("/to", Contains, r#""chat""#, false),
            ("/missing", Contains, r#""""#, false),
        ] {
            let checked = check_input(&[constraint(pointer, op, value)], &input(), true);
            assert_eq!(checked.is_ok(), holds, "{pointer} {op:?} {value}");
            if let Err(reason) = checked {
                assert_eq!(reason.code(), "approval.constraint_failed");
            }
        }
    }

    #[test]
    fn without_a_hash_every_leaf_is_covered() {
        let all = [
            constraint("/to", Eq, r#"{"chat":"team-9","ids":[1,2]}"#),
            constraint("/text", Contains, r#""hello""#),
            constraint("/n", NotIn, "[7]"),
            constraint("/none", Eq, "null"),
            constraint("/list", Eq, "[]"),
        ];
        assert_eq!(check_input(&all, &input(), false), Ok(()));
        for left_out in 0..all.len() {
            let mut some = all.to_vec();
            some.remove(left_out);
            let reason = check_input(&some, &input(), false).unwrap_err();
            assert_eq!(reason.code(), "approval.uncovered_field", "{left_out}");
            assert_eq!(check_input(&some, &input(), true), Ok(()), "a hash covers the rest");
        }
        // Above a leaf only an equality covers.
        let mut loose = all.to_vec();
        loose[0] = constraint("/to", Neq, "1");
        assert_eq!(check_input(&loose, &input(), false).unwrap_err().code(), "approval.uncovered_field");
        assert_eq!(check_input(&[constraint("", Eq, INPUT)], &input(), false), Ok(()));
        assert_eq!(check_input(&[], &from_json("{}").unwrap(), false).unwrap_err().code(), "approval.uncovered_field");
    }
}
