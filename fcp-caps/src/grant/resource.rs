//! Resource URIs and the patterns that allow and deny them (§7.3, D121).

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;

use fcp_core::error::Reason;

/// A URI in the one form in which it may be compared with patterns (D121). Nothing is repaired: what could be written
/// in another way is refused.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceUri(String);

/// The rule of D121 that a URI breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UriRule {
    /// Only printable ASCII without space, backslash, quote, angle brackets, caret, backtick, braces and bar.
    Character,
    /// A scheme in lower case, followed by a colon.
    Scheme,
    /// A host in lower case, without percent signs.
    Host,
    /// No user information.
    UserInfo,
    /// No empty port, no default port, no leading zero.
    Port,
    /// A path that is not empty.
    EmptyPath,
    /// No fragment.
    Fragment,
    /// A percent sign only before two upper-case digits, for a byte that needs it, never for `/`, `\` or NUL.
    Percent,
    /// No `.` or `..` segment.
    DotSegment,
    /// No `//` in the path.
    EmptySegment,
}

impl fmt::Display for UriRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Character => "a character that is not allowed",
            Self::Scheme => "no scheme in lower case",
            Self::Host => "a host that is not in lower case",
            Self::UserInfo => "user information",
            Self::Port => "an empty, default or padded port",
            Self::EmptyPath => "an empty path",
            Self::Fragment => "a fragment",
            Self::Percent => "a percent encoding that is not canonical",
            Self::DotSegment => "a dot segment",
            Self::EmptySegment => "an empty segment",
        })
    }
}

/// Why a text is no resource URI (D121).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ResourceUriError(
    /// The rule that it breaks.
    pub UriRule,
);

impl ResourceUriError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::GrantBadResourceUri
    }
}

impl ResourceUri {
    /// Reads a URI, without any normalization.
    ///
    /// # Errors
    /// [`ResourceUriError`] with the first rule that `text` breaks.
    pub fn new(text: &str) -> Result<Self, ResourceUriError> {
        check(text).map(|()| Self(text.to_owned())).map_err(ResourceUriError)
    }

    /// The URI's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ResourceUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ResourceUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResourceUri({})", self.0)
    }
}

/// Ports that are never written, by scheme.
const DEFAULT_PORTS: [(&str, &str); 5] =
    [("ftp", "21"), ("http", "80"), ("https", "443"), ("ws", "80"), ("wss", "443")];

fn check(text: &str) -> Result<(), UriRule> {
    let allowed = |byte: u8| (0x21..=0x7e).contains(&byte) && !b"\\\"<>^`{|}".contains(&byte);
    if !text.bytes().all(allowed) {
        return Err(UriRule::Character);
    }
    if text.contains('#') {
        return Err(UriRule::Fragment);
    }
    percent(text)?;
    let (scheme, rest) = text.split_once(':').ok_or(UriRule::Scheme)?;
    let in_scheme = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte);
    if !scheme.starts_with(|first: char| first.is_ascii_lowercase()) || !scheme.bytes().all(in_scheme) {
        return Err(UriRule::Scheme);
    }
    let path = match rest.strip_prefix("//") {
        Some(rest) => {
            let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
            check_authority(scheme, authority)?;
            path
        }
        None => rest,
    };
    let path = path.split('?').next().unwrap_or_default();
    if path.is_empty() {
        return Err(UriRule::EmptyPath);
    }
    if path.contains("//") {
        return Err(UriRule::EmptySegment);
    }
    if path.split('/').any(|segment| segment == "." || segment == "..") {
        return Err(UriRule::DotSegment);
    }
    Ok(())
}

/// Each percent sign stands before two digits of a byte that has no other way to be written.
fn percent(text: &str) -> Result<(), UriRule> {
    for after in text.split('%').skip(1) {
        let [high, low, ..] = after.as_bytes() else { return Err(UriRule::Percent) };
        let digit = |byte: u8| char::from(byte).to_digit(16).filter(|_| !byte.is_ascii_lowercase());
        let (Some(high), Some(low)) = (digit(*high), digit(*low)) else { return Err(UriRule::Percent) };
        let byte = u8::try_from(high << 4 | low).map_err(|_| UriRule::Percent)?;
        if byte.is_ascii_alphanumeric() || b"-._~/\\\0".contains(&byte) {
            return Err(UriRule::Percent);
        }
    }
    Ok(())
}

fn check_authority(scheme: &str, authority: &str) -> Result<(), UriRule> {
    if authority.contains('@') {
        return Err(UriRule::UserInfo);
    }
    // The colons of an IPv6 address stand inside of brackets.
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, behind)) => {
            let port = match behind.strip_prefix(':') {
                None if behind.is_empty() => None,
                None => return Err(UriRule::Host),
                port => port,
            };
            let in_address = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte) || b":.".contains(&byte);
            if address.is_empty() || !address.bytes().all(in_address) {
                return Err(UriRule::Host);
            }
            (address, port)
        }
        None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    let default = DEFAULT_PORTS.iter().find(|(name, _)| *name == scheme).map(|(_, port)| *port);
    let upper = host.bytes().any(|byte| byte.is_ascii_uppercase() || byte == b'%' || byte == b'[' || byte == b']');
    if upper || (host.is_empty() && default.is_some()) {
        return Err(UriRule::Host);
    }
    match port {
        Some(port) => {
            let plain = !port.starts_with('0') && port.bytes().all(|byte| byte.is_ascii_digit());
            let known = plain && port.parse::<u16>().is_ok() && Some(port) != default;
            if known { Ok(()) } else { Err(UriRule::Port) }
        }
        None => Ok(()),
    }
}

/// Whether an allow `pattern` matches `text`: `*`, equality, or a prefix that ends at a `/` or `?` of either (D121).
#[must_use]
pub fn allows(pattern: &str, text: &str) -> bool {
    let at_boundary = |rest: &str| rest.is_empty() || pattern.ends_with(['/', '?']) || rest.starts_with(['/', '?']);
    pattern == "*" || (!pattern.is_empty() && text.strip_prefix(pattern).is_some_and(at_boundary))
}

/// Whether a deny `pattern` matches `text`: any prefix does (D121), and `*` as well.
#[must_use]
pub fn denies(pattern: &str, text: &str) -> bool {
    pattern == "*" || text.starts_with(pattern)
}

#[cfg(test)]
mod tests {
    use super::{ResourceUri, UriRule, allows, denies};
    use proptest::prelude::*;

    #[test]
    fn canonical_uris_are_taken_as_they_are() {
        for text in [
            "https://a.com/",
            "https://a.com/x/y?z=1//2",
            "https://a.com:8443/x",
            "https://[2001:db8::1]:8443/x",
            "http://a.com:443/",
            "file:///home/anna/notes.txt",
            "telegram:chat/42",
            "urn:isbn:0451450523",
            "https://a.com/caf%C3%A9/%20",
            "https://a.com/...",
            "https://a.com/a.b/.c/d.",
        ] {
            assert_eq!(ResourceUri::new(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn what_could_be_written_otherwise_is_refused() {
        for (text, rule) in [
            ("https://a.com/a b", UriRule::Character),
            ("https://a.com/\\x", UriRule::Character),
            ("https://a.com/{x}", UriRule::Character),
            ("https://a.com/é", UriRule::Character),
            ("https://a.com/x#y", UriRule::Fragment),
            ("a.com/x", UriRule::Scheme),
            ("HTTPS://a.com/", UriRule::Scheme),
            ("1https://a.com/", UriRule::Scheme),
            (":x", UriRule::Scheme),
            ("https://A.com/", UriRule::Host),
            ("https://a%2Ecom/", UriRule::Percent),
            ("https://a%20b.com/", UriRule::Host),
            ("https:///x", UriRule::Host),
            ("https://[2001:DB8::1]/", UriRule::Host),
            ("https://[::1]x/", UriRule::Host),
            ("https://[::1/", UriRule::Host),
            ("https://user@a.com/", UriRule::UserInfo),
            ("https://user:pass@a.com/", UriRule::UserInfo),
            ("https://a.com:/", UriRule::Port),
            ("https://a.com:443/", UriRule::Port),
            ("https://a.com:0443/", UriRule::Port),
            ("https://a.com:65536/", UriRule::Port),
            ("https://a.com:8x/", UriRule::Port),
            ("https://a.com", UriRule::EmptyPath),
            ("https://a.com?x", UriRule::EmptyPath),
            ("urn:", UriRule::EmptyPath),
            ("https://a.com/%", UriRule::Percent),
            ("https://a.com/%4", UriRule::Percent),
            ("https://a.com/%c3%a9", UriRule::Percent),
            ("https://a.com/%7E", UriRule::Percent),
            ("https://a.com/%2F", UriRule::Percent),
            ("https://a.com/%5C", UriRule::Percent),
            ("https://a.com/%00", UriRule::Percent),
            ("https://a.com/../b", UriRule::DotSegment),
            ("https://a.com/b/.", UriRule::DotSegment),
            ("https://a.com//b", UriRule::EmptySegment),
            ("https://a.com/b//", UriRule::EmptySegment),
        ] {
            let error = ResourceUri::new(text).unwrap_err();
            assert_eq!((error.0, error.reason().code()), (rule, "grant.bad_resource_uri"), "{text}");
        }
    }

    #[test]
    fn allow_patterns_end_at_a_boundary() {
        for (pattern, text, matches) in [
            ("*", "https://a.com/", true),
            ("https://a.com/x", "https://a.com/x", true),
            ("https://a.com/x", "https://a.com/x/y", true),
            ("https://a.com/x", "https://a.com/x?y", true),
            ("https://a.com/x", "https://a.com/xy", false),
            ("https://a.com/x/", "https://a.com/x/y", true),
            ("https://a.com/x/", "https://a.com/x", false),
            ("https://a.com/x?", "https://a.com/x?y", true),
            ("https://a.com", "https://a.com/", true),
            ("https://a.com", "https://a.com.evil/", false),
            ("https://a.co", "https://a.com/", false),
            ("", "https://a.com/", false),
            ("https://*", "https://a.com/", false),
        ] {
            assert_eq!(allows(pattern, text), matches, "{pattern} {text}");
        }
        assert!(denies("https://a.co", "https://a.com/") && denies("", "https://a.com/") && denies("*", "x:y"));
        assert!(!denies("https://b", "https://a.com/"));
    }

    proptest! {
        /// What a covered pattern allows, the covering pattern allows: attenuation relies on it.
        #[test]
        fn covering_is_transitive(wide in "(a|a/|a/b|a/b/|a[?])", narrow in "(a|a/|a/b|a/b/|a/bc|a[?]|a[?]x)", uri in "a[/?bc]{0,4}") {
            if allows(&wide, &narrow) && allows(&narrow, &uri) {
                prop_assert!(allows(&wide, &uri), "{wide} {narrow} {uri}");
            }
        }
    }
}
