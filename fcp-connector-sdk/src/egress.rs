//! Requests to the network guard (§11.2.1): the only way from a connector to the network.
//!
//! The guard, not the connector, resolves names, checks the network constraints, follows redirects and puts in
//! credentials, so that a secret never enters a connector's memory (§7.3.1).

use fcp_core::cbor::{Decode, DecodeError, DecodeErrorKind, Decoder, Encode, Encoder};
use fcp_core::error::Reason;
use fcp_core::id::CredentialId;

/// What to ask of the network (§11.2.1).
///
/// ```cddl
/// egress-request = { http: egress-http-request } / { tcp_connect: egress-tcp-connect-request }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum EgressRequest {
    /// An HTTP or HTTPS request.
    Http(EgressHttpRequest),
    /// A connection for another protocol, such as a database's.
    TcpConnect(EgressTcpConnectRequest),
}

/// An HTTP request (§11.2.1, D127).
///
/// ```cddl
/// egress-http-request = { method: tstr, url: tstr, headers: [* header], ? body: bstr, ? credential: tstr }
/// header = [name: tstr, value: tstr]
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[fcp(check = EgressHttpRequest::check)]
pub struct EgressHttpRequest {
    /// The method, such as `GET`.
    pub method: String,
    /// The absolute URL.
    pub url: String,
    /// The headers in order.
    pub headers: Vec<Header>,
    /// The body, if there is one.
    pub body: Option<Vec<u8>>,
    /// The credential that the guard applies.
    pub credential: Option<CredentialId>,
}

impl EgressHttpRequest {
    fn check(&self) -> Result<(), Reason> {
        if is_token(&self.method) { Ok(()) } else { Err(Reason::ExecutionHttpSyntax) }
    }
}

/// A TCP connection (§11.2.1, D127).
///
/// ```cddl
/// egress-tcp-connect-request = { host: tstr, port: uint, use_tls: bool, ? sni: tstr, spki_pins: [* tstr], ? credential: tstr }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct EgressTcpConnectRequest {
    /// The host, in canonical form.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether TLS begins right after connecting.
    pub use_tls: bool,
    /// The server name, where it is not the host.
    pub sni: Option<String>,
    /// Pins of the certificate's key, beside those of the constraints.
    pub spki_pins: Vec<String>,
    /// The credential that the guard applies.
    pub credential: Option<CredentialId>,
}

/// What the remote service answered.
///
/// ```cddl
/// egress-http-response = { status: 100..599, headers: [* header], body: bstr }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[fcp(check = EgressHttpResponse::check)]
pub struct EgressHttpResponse {
    /// The status code.
    pub status: u16,
    /// The headers in order.
    pub headers: Vec<Header>,
    /// The whole body, at most [`MAX_CONTENT`](crate::effect::MAX_CONTENT) bytes.
    pub body: Vec<u8>,
}

impl EgressHttpResponse {
    fn check(&self) -> Result<(), Reason> {
        if (100..600).contains(&self.status) { Ok(()) } else { Err(Reason::CborOutOfRange) }
    }

    /// Whether the status is 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header of this name, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(Header::value)
    }
}

/// A header: a name and a value that cannot smuggle in another header.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Header {
    name: String,
    value: String,
}

/// The method or header is none (RFC 9110 §5, §9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an HTTP method or header")]
pub struct HttpSyntaxError;

impl HttpSyntaxError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::ExecutionHttpSyntax
    }
}

/// A token of RFC 9110 §5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

impl Header {
    /// A header.
    ///
    /// # Errors
    /// [`HttpSyntaxError`] if `name` is no token, or `value` has a control character other than a tab, or begins or
    /// ends with white space.
    pub fn new(name: &str, value: &str) -> Result<Self, HttpSyntaxError> {
        let plain = !value.chars().any(|character| character.is_control() && character != '\t');
        if is_token(name) && plain && value.trim_matches([' ', '\t']) == value {
            Ok(Self { name: name.to_owned(), value: value.to_owned() })
        } else {
            Err(HttpSyntaxError)
        }
    }

    /// The name, as written.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl Encode for Header {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.array(2);
        encoder.text(&self.name);
        encoder.text(&self.value);
    }
}

impl<'b> Decode<'b> for Header {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let offset = decoder.position();
        if decoder.array()? != 2 {
            return Err(DecodeError::new(DecodeErrorKind::OutOfRange, offset));
        }
        let (name, value) = (decoder.text()?, decoder.text()?);
        decoder.leave();
        Self::new(name, value).map_err(|error| Decoder::invalid(offset, error.reason()))
    }
}

#[cfg(test)]
mod tests {
    use super::{EgressHttpRequest, EgressHttpResponse, EgressRequest, Header, HttpSyntaxError};
    use fcp_core::cbor;

    /// By hand: keys by length then bytes; the header as an array of two texts.
    #[test]
    fn the_form_is_that_of_the_cddl() {
        let request = EgressRequest::Http(EgressHttpRequest {
            method: "GET".into(),
            url: "https://a.example/".into(),
            headers: vec![Header::new("Accept", "*/*").unwrap()],
            body: None,
            credential: Some("cred:a".parse().unwrap()),
        });
        let expected = b"\xa1\x64http\xa4\x63url\x72https://a.example/\x66method\x63GET\x67headers\x81\x82\x66Accept\x63*/*\x6acredential\x66cred:a";
        assert_eq!(cbor::encode(&request), expected);
        assert_eq!(cbor::decode::<EgressRequest>(expected).unwrap(), request);
    }

    #[test]
    fn headers_cannot_smuggle() {
        for (name, value) in
            [("", "a"), ("a b", "c"), ("a:", "b"), ("a", "b\r\nc: d"), ("a", "b\0"), ("a", " b"), ("ä", "b")]
        {
            assert_eq!(Header::new(name, value), Err(HttpSyntaxError), "{name:?}: {value:?}");
        }
        let smuggled = b"\x82\x61a\x66b\r\nc:d";
        assert_eq!(cbor::decode::<Header>(smuggled).unwrap_err().reason().code(), "execution.http_syntax");
        assert_eq!(cbor::decode::<Header>(b"\x81\x61a").unwrap_err().reason().code(), "cbor.out_of_range");
    }

    #[test]
    fn statuses_have_three_digits() {
        let response = |status| EgressHttpResponse { status, headers: vec![], body: vec![] };
        for status in [99, 600] {
            let refused = cbor::decode::<EgressHttpResponse>(&cbor::encode(&response(status))).unwrap_err();
            assert_eq!(refused.reason().code(), "cbor.out_of_range");
        }
        let found = EgressHttpResponse { headers: vec![Header::new("ETag", "x").unwrap()], ..response(204) };
        assert!(found.is_success());
        assert_eq!(found.header("etag"), Some("x"));
    }
}
