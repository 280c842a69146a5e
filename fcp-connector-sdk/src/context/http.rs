//! HTTP through the network guard.

use std::future::Future;

use fcp_core::cbor::{Decode, Encode, Value, from_json, to_json};
use fcp_core::error::Reason;
use fcp_core::id::CredentialId;

use crate::context::Cx;
use crate::effect::{Effect, EffectResult, MAX_CONTENT};
use crate::egress::{EgressHttpRequest, EgressHttpResponse, EgressRequest, Header};
use crate::error::Error;
use crate::operation::{from_value, to_value};

/// Starts HTTP requests, as [`Cx::http`] gives it.
#[derive(Debug, Clone, Copy)]
pub struct Http<'c> {
    cx: &'c Cx,
}

impl<'c> Http<'c> {
    pub(crate) const fn new(cx: &'c Cx) -> Self {
        Self { cx }
    }

    /// A request of any method to `url`, in which `{name}` marks places for [`path`](HttpRequest::path).
    pub fn request(&self, method: &str, url: &str) -> HttpRequest<'c> {
        let request = EgressHttpRequest {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: None,
            credential: None,
        };
        HttpRequest { cx: self.cx, request, fault: None }
    }

    /// A `GET` of `url`.
    pub fn get(&self, url: &str) -> HttpRequest<'c> {
        self.request("GET", url)
    }

    /// A `POST` to `url`.
    pub fn post(&self, url: &str) -> HttpRequest<'c> {
        self.request("POST", url)
    }

    /// A `PUT` to `url`.
    pub fn put(&self, url: &str) -> HttpRequest<'c> {
        self.request("PUT", url)
    }

    /// A `DELETE` of `url`.
    pub fn delete(&self, url: &str) -> HttpRequest<'c> {
        self.request("DELETE", url)
    }
}

/// A request that is being put together. A fault on the way is reported by [`send`](Self::send), before anything is
/// asked of the guard.
#[derive(Debug, Clone)]
#[must_use = "a request that is not sent does nothing"]
pub struct HttpRequest<'c> {
    cx: &'c Cx,
    request: EgressHttpRequest,
    fault: Option<Error>,
}

impl HttpRequest<'_> {
    fn check<T>(&mut self, result: Result<T, Error>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.fault.get_or_insert(error);
                None
            }
        }
    }

    /// Puts `value` where the URL says `{name}`, percent-encoded, so that it stays one part of the path.
    pub fn path(mut self, name: &str, value: &str) -> Self {
        let place = format!("{{{name}}}");
        let traversal = matches!(value, "" | "." | "..");
        if traversal || !self.request.url.contains(&place) {
            let message = format!("`{value}` cannot stand at `{place}` of the url");
            self.check::<()>(Err(Error::new(Reason::ExecutionHttpSyntax, message)));
            return self;
        }
        self.request.url = self.request.url.replacen(&place, &percent_encoded(value), 1);
        self
    }

    /// Appends `name=value` to the query, percent-encoded.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        let separator = if self.request.url.contains('?') { '&' } else { '?' };
        self.request.url.push(separator);
        self.request.url.push_str(&percent_encoded(name));
        self.request.url.push('=');
        self.request.url.push_str(&percent_encoded(value));
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let header = Header::new(name, value).map_err(|error| Error::from(error.reason()));
        if let Some(header) = self.check(header) {
            self.request.headers.push(header);
        }
        self
    }

    /// Has the guard apply a credential: the secret never comes here (§7.3.1).
    pub fn credential(mut self, id: &str) -> Self {
        let id = CredentialId::new(id).map_err(|error| Error::from(error.reason()));
        self.request.credential = self.check(id);
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: Vec<u8>) -> Self {
        self.request.body = Some(body);
        self
    }

    /// Sets the body to `value` as JSON.
    pub fn json<T: Encode + ?Sized>(mut self, value: &T) -> Self {
        if let Some(value) = self.check(to_value(value)) {
            self.request.body = Some(to_json(&value).into_bytes());
        }
        self.header("content-type", "application/json")
    }

    /// Sends the request and waits for the answer, whatever its status.
    ///
    /// # Errors
    /// A fault of the request, or what the guard says: `egress.…` where the network constraints forbid it.
    pub async fn send(self) -> Result<EgressHttpResponse, Error> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        if self.request.body.as_ref().is_some_and(|body| body.len() > MAX_CONTENT) {
            return Err(Error::new(Reason::ExecutionMessageTooLarge, "the request's body is too long"));
        }
        match self.cx.perform(Effect::Egress(EgressRequest::Http(self.request))).await? {
            EffectResult::Response(response) => Ok(response),
            other => Err(Error::mismatch(&other)),
        }
    }
}

/// Reading what a remote service answered.
pub trait HttpResponseExt: Sized {
    /// The response, if its status is 2xx.
    ///
    /// # Errors
    /// `execution.http_status` with the status; to be tried again after 429 and 5xx.
    fn success(self) -> Result<Self, Error>;

    /// The body as JSON of the form of `T`.
    ///
    /// # Errors
    /// `execution.bad_response` if it is not.
    fn json<T: for<'b> Decode<'b>>(&self) -> Result<T, Error>;
}

impl HttpResponseExt for EgressHttpResponse {
    fn success(self) -> Result<Self, Error> {
        if self.is_success() {
            return Ok(self);
        }
        let message = format!("the remote service answered with status {}", self.status);
        let error = Error::new(Reason::ExecutionHttpStatus, message);
        Err(if self.status == 429 || self.status >= 500 { error.retryable() } else { error })
    }

    fn json<T: for<'b> Decode<'b>>(&self) -> Result<T, Error> {
        let refuse = |message: String| Error::new(Reason::ExecutionBadResponse, message);
        let text = std::str::from_utf8(&self.body).map_err(|error| refuse(error.to_string()))?;
        let value: Value = from_json(text).map_err(|error| refuse(error.to_string()))?;
        from_value(&value).map_err(|error| refuse(error.message().to_owned()))
    }
}

/// RFC 3986: everything but unreserved characters as `%XX`.
fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Any request can be sent by awaiting it.
impl<'c> IntoFuture for HttpRequest<'c> {
    type Output = Result<EgressHttpResponse, Error>;
    type IntoFuture = std::pin::Pin<Box<dyn Future<Output = Self::Output> + 'c>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

#[cfg(test)]
mod tests {
    use super::{HttpResponseExt as _, percent_encoded};
    use crate::context::{CallFacts, Cx};
    use crate::egress::EgressHttpResponse;
    use fcp_core::cbor::Value;

    #[test]
    fn values_stay_where_they_are_put() {
        let cx = Cx::new(CallFacts::default());
        let request =
            cx.http().get("https://a.example/pages/{id}/{part}").path("id", "../x?y#z/ä").path("part", "{id}");
        let request = request.query("q", "a&b=c").query("r", "");
        assert_eq!(request.request.url, "https://a.example/pages/..%2Fx%3Fy%23z%2F%C3%A4/%7Bid%7D?q=a%26b%3Dc&r=");
        assert!(request.fault.is_none());
        assert_eq!(percent_encoded("a-._~ 1"), "a-._~%201");
    }

    #[test]
    fn faults_are_kept_until_sending() {
        let cx = Cx::new(CallFacts::default());
        for request in [
            cx.http().get("https://a.example/{id}").path("id", ".."),
            cx.http().get("https://a.example/").path("id", "x"),
            cx.http().get("https://a.example/").header("a", "b\nc"),
            cx.http().get("https://a.example/").credential("No Such"),
        ] {
            assert!(request.fault.is_some());
        }
    }

    #[test]
    fn responses_are_read_strictly() {
        let response = |status, body: &str| EgressHttpResponse { status, headers: vec![], body: body.into() };
        assert_eq!(
            response(200, "{\"a\":1}").success().unwrap().json::<Value>().unwrap().get("a"),
            Some(&Value::from(1_u64))
        );
        assert!(response(503, "").success().unwrap_err().is_retryable());
        let error = response(404, "").success().unwrap_err();
        assert!(!error.is_retryable());
        assert_eq!(error.reason().unwrap().code(), "execution.http_status");
        for body in ["{", "\u{0}", "\"text\""] {
            assert_eq!(
                response(200, body).json::<u64>().unwrap_err().reason().unwrap().code(),
                "execution.bad_response"
            );
        }
    }
}
