//! The report that CI systems read.

use std::fmt::Write as _;

use super::rows;
use crate::run::{Outcome, Run};

/// The report as JUnit XML: a suite for each operation of a chapter, a case for each vector.
#[must_use]
pub fn junit(run: &Run) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut out, run);
    out
}

fn write(out: &mut String, run: &Run) -> std::fmt::Result {
    let tests = run.results.len();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    let name = escape(&format!("fcp-conformance of {}", run.hello.implementation));
    writeln!(out, "<testsuites name=\"{name}\" tests=\"{tests}\" failures=\"{}\">", run.failed())?;
    for row in rows(run) {
        let (suite, failures, skipped) = (format!("{}/{}", row.chapter, row.op), row.failed, row.unsupported);
        let tests = row.passed.saturating_add(failures).saturating_add(skipped);
        writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{tests}\" failures=\"{failures}\" skipped=\"{skipped}\">",
            escape(&suite)
        )?;
        for (case, outcome) in &run.results {
            if (case.chapter, case.vector.op.as_str()) != (row.chapter, row.op) {
                continue;
            }
            let (class, name) = (escape(&suite), escape(&case.name()));
            write!(out, "    <testcase classname=\"{class}\" name=\"{name}\"")?;
            match outcome {
                Outcome::Passed => writeln!(out, "/>")?,
                Outcome::Unsupported => writeln!(out, "><skipped message=\"unsupported\"/></testcase>")?,
                Outcome::Failed(failure) => {
                    let message = escape(&format!("expected {}, received {}", failure.expected, failure.received));
                    let sent = serde_json::to_string(&failure.sent).unwrap_or_default();
                    let body = escape(&format!("{}\nsent {sent}", case.vector.section));
                    writeln!(out, "><failure message=\"{message}\">{body}</failure></testcase>")?;
                }
            }
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

/// Text as XML holds it; characters that XML cannot hold become a question mark.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => {
                let _ = write!(out, "&#{};", u32::from(character));
            }
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('?'),
            plain => out.push(plain),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn escapes_what_xml_cannot_hold() {
        assert_eq!(super::escape("<a b=\"c\">&\n\u{0}"), "&lt;a b=&quot;c&quot;&gt;&amp;&#10;?");
    }
}
