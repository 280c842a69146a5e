//! Globs and JSON pointers (§5.2.1, §5.3).

use serde_json::{Value, json};

use super::topic::Topic;

/// `glob.match`.
pub(super) fn globs() -> Topic {
    let mut topic = Topic::new("05-zones", "globs");
    let (op, section) = ("glob.match", "§5.3, D79");
    for (name, pattern, text, matches) in [
        ("literal", "files.read", "files.read", true),
        ("literal-is-anchored-at-the-end", "files.read", "files.readonly", false),
        ("literal-is-anchored-at-the-start", "read", "files.read", false),
        ("star-alone", "*", "", true),
        ("star-crosses-every-separator", "files.*", "files.a.b:c/d", true),
        ("star-matches-nothing", "files.*", "files.", true),
        ("star-needs-its-prefix", "files.*", "files", false),
        ("star-in-the-middle", "a*c", "abbbc", true),
        ("star-backtracks", "*ab", "aaab", true),
        ("stars-do-not-overlap", "ab*ba", "aba", false),
        ("many-stars", "*a*b*c*", "xxaxxbxxcxx", true),
        ("many-stars-out-of-order", "*a*b*c*", "cba", false),
        ("question-mark", "user:?", "user:a", true),
        ("question-mark-needs-a-byte", "user:?", "user:", false),
        ("question-mark-takes-one-byte", "user:?", "user:ab", false),
        ("question-mark-is-bytewise", "?", "ü", false),
        ("two-question-marks-for-two-bytes", "??", "ü", true),
        ("no-escape", "\\*", "*", false),
        ("backslash-is-itself", "\\*", "\\x", true),
        ("no-brackets", "[ab]", "a", false),
        ("no-braces", "{a,b}", "a", false),
        ("case-matters", "A", "a", false),
        ("empty-pattern-matches-the-empty-text", "", "", true),
        ("empty-pattern-matches-nothing-else", "", "a", false),
    ] {
        topic.gives(op, name, section, json!({"pattern": pattern, "text": text}), json!({"matches": matches}));
    }
    let long = "a".repeat(128);
    topic.gives(op, "128-bytes", section, json!({"pattern": long, "text": long}), json!({"matches": true}));
    let slow = format!("{}b", "*a".repeat(63));
    topic.gives(
        op,
        "takes-no-exponential-time",
        section,
        json!({"pattern": slow, "text": "a".repeat(4096)}),
        json!({"matches": false}),
    );
    topic.reject(op, "129-bytes", section, json!({"pattern": "a".repeat(129), "text": "a"}), "glob.invalid_pattern");
    topic.reject(op, "not-ascii", section, json!({"pattern": "ü", "text": "ü"}), "glob.invalid_pattern");
    topic
}

/// `pointer.eval`.
pub(super) fn pointers() -> Topic {
    let mut topic = Topic::new("05-zones", "pointers");
    let (op, section) = ("pointer.eval", "§5.2.1, RFC 6901");
    let document = json!({
        "foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, "k\"l": 6, " ": 7, "m~n": 8,
        "0": "zero", "deep": [{"x": [null, true, 1.5]}],
    });
    let input = |pointer: &str| json!({"pointer": pointer, "json": document});
    let cases: [(&str, &str, Value); 16] = [
        ("whole", "", document.clone()),
        ("array", "/foo", json!(["bar", "baz"])),
        ("item", "/foo/0", json!("bar")),
        ("empty-key", "/", json!(0)),
        ("escaped-slash", "/a~1b", json!(1)),
        ("percent", "/c%d", json!(2)),
        ("caret", "/e^f", json!(3)),
        ("bar", "/g|h", json!(4)),
        ("backslash", "/i\\j", json!(5)),
        ("quote", "/k\"l", json!(6)),
        ("space", "/ ", json!(7)),
        ("escaped-tilde", "/m~0n", json!(8)),
        ("digit-as-key", "/0", json!("zero")),
        ("null", "/deep/0/x/0", json!(null)),
        ("truth", "/deep/0/x/1", json!(true)),
        ("float", "/deep/0/x/2", json!(1.5)),
    ];
    for (name, pointer, value) in cases {
        topic.gives(op, name, section, input(pointer), json!({"value": value}));
    }
    for (name, pointer) in
        [("without-slash", "foo"), ("tilde-alone", "/m~n"), ("tilde-at-the-end", "/foo~"), ("tilde-two", "/~2")]
    {
        topic.reject(op, name, section, input(pointer), "pointer.syntax");
    }
    for (name, pointer) in [
        ("no-such-key", "/bar"),
        ("index-beyond-the-end", "/foo/2"),
        ("behind-the-last-item", "/foo/-"),
        ("index-with-leading-zero", "/foo/00"),
        ("index-with-sign", "/foo/+1"),
        ("key-of-an-array", "/foo/bar"),
        ("below-a-scalar", "/foo/0/x"),
        ("empty-token-of-an-array", "/foo/"),
    ] {
        topic.reject(op, name, section, input(pointer), "pointer.not_found");
    }
    topic.gives(
        op,
        "escapes-are-undone-once",
        section,
        json!({"pointer": "/~01", "json": {"~1": 1, "/": 2}}),
        json!({"value": 1}),
    );
    topic
}
