//! What connectors say in the node's log: their log lines, and whatever they write to standard error.

use std::fmt::{self, Write as _};

use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::mesh::log;

/// The longest line, in bytes; what is longer is cut.
const MAX_LINE: usize = 1024;

/// How much one process may write to standard error, in bytes; the rest is dropped.
const MAX_STDERR: usize = 256 * 1024;

/// Writes one line. A connector's text is data: it gets no line breaks and no control of the terminal.
pub(super) fn log_line(connector: impl fmt::Display, text: &str) {
    log(format_args!("connector {connector}: {}", printable(text)));
}

fn printable(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(MAX_LINE));
    for character in text.chars() {
        if line.len() >= MAX_LINE {
            line.push('…');
            break;
        }
        if character.is_control() {
            let _ = write!(line, "{}", character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

/// Copies a process's standard error to the log, until it is closed.
pub(super) async fn copy_stderr(connector: impl fmt::Display, mut stderr: impl AsyncRead + Unpin) {
    let mut lines = Lines::default();
    let mut buffer = [0; 4096];
    // It is read to the end whatever is in it, so that the process does not wait for its reader.
    while let Ok(length @ 1..) = stderr.read(&mut buffer).await {
        for line in lines.push(buffer.get(..length).unwrap_or_default()) {
            log_line(&connector, &line);
        }
    }
    if let Some(line) = lines.finish() {
        log_line(&connector, &line);
    }
}

/// Cuts bytes into lines, within the bounds.
#[derive(Default)]
struct Lines {
    /// The line that has not ended yet.
    open: Vec<u8>,
    /// How many bytes came.
    seen: usize,
}

impl Lines {
    fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let room = MAX_STDERR.saturating_sub(self.seen);
        self.seen = self.seen.saturating_add(bytes.len());
        let mut lines = Vec::new();
        for byte in bytes.get(..room.min(bytes.len())).unwrap_or_default() {
            if *byte == b'\n' {
                lines.push(self.take());
            } else if self.open.len() <= MAX_LINE {
                self.open.push(*byte);
            }
        }
        if room > 0 && self.seen > MAX_STDERR {
            lines.push(self.take());
            lines.push("(more output is dropped)".to_owned());
        }
        lines
    }

    fn finish(mut self) -> Option<String> {
        if self.open.is_empty() { None } else { Some(self.take()) }
    }

    fn take(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.open)).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{Lines, MAX_LINE, MAX_STDERR, printable};

    #[test]
    fn a_line_stays_one_line() {
        assert_eq!(printable("a\nb\u{1b}[31m\u{9b}c ä"), "a\\nb\\u{1b}[31m\\u{9b}c ä");
        let long = printable(&"x".repeat(2 * MAX_LINE));
        assert_eq!(long.len(), MAX_LINE + '…'.len_utf8());
    }

    #[test]
    fn lines_are_cut_where_they_end_however_they_come() {
        let mut lines = Lines::default();
        assert_eq!(lines.push(b"on"), Vec::<String>::new());
        assert_eq!(lines.push(b"e\ntwo\nthr"), ["one", "two"]);
        assert_eq!(lines.finish().as_deref(), Some("thr"));
        assert_eq!(Lines::default().finish(), None);
    }

    #[test]
    fn output_is_bounded() {
        let mut lines = Lines::default();
        let mut given = 0;
        for _ in 0..MAX_STDERR / 1000 + 10 {
            given += lines.push(&[b'x'; 1000]).len() + lines.push(b"\n").len();
        }
        assert!(given <= MAX_STDERR / 1000 + 2, "{given}");
        assert!(lines.open.len() <= MAX_LINE + 1);
        assert_eq!(lines.push(b"later\n"), Vec::<String>::new());
    }
}
