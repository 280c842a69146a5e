//! The local protocol between a node and a connector: both ends against whatever the other one says.

use fcp_connector_sdk::effect::EffectResult;
use fcp_connector_sdk::frame::{self, FrameReader};
use fcp_connector_sdk::host::{HostOutput, HostSession};
use fcp_connector_sdk::manifest::Manifest;
use fcp_connector_sdk::message::{ConnectorMessage, HostMessage};
use fcp_connector_sdk::session::ConnectorSession;
use fcp_connector_sdk::{Connector, Cx, Error, OperationId, Value};
use fcp_core::cbor;
use fcp_core::id::ZoneId;

use super::input::Input;

/// A connector that asks for the time, whatever it is told.
pub(super) struct Notebook;

impl Connector for Notebook {
    const MANIFEST: &'static str = include_str!("notebook.toml");
    const OPERATIONS: &'static [&'static str] = &["page.size"];

    async fn configure(_: &Cx, _: Value) -> Result<Self, Error> {
        Ok(Self)
    }

    async fn invoke(&self, cx: &Cx, _: &OperationId, _: Value) -> Result<Value, Error> {
        Ok(Value::from(cx.now().await?.as_secs()))
    }
}

/// Both kinds of message have one form, and however a stream is cut, the same ones come out of it.
pub(super) fn messages(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let mut body = input;
    if let Ok(message) = cbor::decode::<HostMessage>(body.rest()) {
        assert_eq!(cbor::encode(&message), input.rest());
        return;
    }
    if let Ok(message) = cbor::decode::<ConnectorMessage>(input.rest()) {
        assert_eq!(cbor::encode(&message), bytes);
        return;
    }
    let mut input = Input::new(bytes);
    let cut = usize::from(input.u8());
    let stream = input.rest();
    let read = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let (mut reader, mut messages) = (FrameReader::default(), Vec::new());
        for piece in pieces {
            reader.push(piece);
            loop {
                match reader.next_message() {
                    Ok(Some(message)) => messages.push(message),
                    Ok(None) => break,
                    Err(error) => return (messages, Some(error)),
                }
            }
        }
        (messages, None)
    };
    let whole = read(&mut core::iter::once(stream));
    assert_eq!(read(&mut stream.chunks(cut.max(1))), whole, "cutting changed the stream");
}

/// A connector that has not been spoken to.
pub(super) fn session() -> ConnectorSession<Notebook> {
    ConnectorSession::new().expect("the connector can run")
}

/// A frame of a message that stands in the input, or of the bytes themselves.
fn framed(bytes: &[u8]) -> Vec<u8> {
    let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    [&len.to_le_bytes(), bytes].concat()
}

/// A connector's process, whatever its node says. It answers in whole messages, and no more of them than it is asked.
pub(super) fn connector_session(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let mut session = session();
    let mut said = FrameReader::default();
    for _ in 0..64 {
        if input.is_empty() {
            break;
        }
        let len = usize::from(input.u16() % 2048);
        let message = input.bytes(len);
        let ended = session.handle_bytes(&framed(message)).is_err();
        let mut answers = 0;
        while let Some(bytes) = session.poll_output() {
            said.push(&bytes);
            while let Some(answer) = said.next_message().expect("its frames are whole") {
                assert!(cbor::decode::<ConnectorMessage>(&answer).is_ok(), "it says what nobody can read");
                answers += 1;
            }
        }
        assert!(answers <= 2, "one message makes {answers}");
        if ended || session.is_finished() {
            break;
        }
    }
    assert!(said.is_at_boundary());
}

/// A node's end, whatever the process says.
pub(super) fn host_session(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let manifest = Manifest::parse(Notebook::MANIFEST).expect("the manifest is right");
    let mut session = HostSession::new(&manifest, ZoneId::work(), None);
    let mut asking = Vec::new();
    for _ in 0..64 {
        if input.is_empty() {
            break;
        }
        let asked = match input.below(8) {
            0 => session.describe().map(drop),
            1 => session.introspect().map(drop),
            2 => session.health().map(drop),
            3 => session.configure(Value::Null).map(drop),
            4 => session.shutdown().map(drop),
            5 => match asking.pop() {
                Some(call) => session.answer(call, EffectResult::Done),
                None => Ok(()),
            },
            _ => {
                let len = usize::from(input.u16() % 2048);
                session.handle_bytes(&framed(input.bytes(len)))
            }
        };
        let _ = asked;
        while let Some(output) = session.poll_output() {
            match output {
                HostOutput::Send(bytes) => {
                    let mut reader = FrameReader::default();
                    reader.push(&bytes);
                    let message = reader.next_message().expect("its frames are whole").expect("a message");
                    assert!(cbor::decode::<HostMessage>(&message).is_ok(), "it says what nobody can read");
                }
                HostOutput::Effect { call, .. } => asking.push(call),
                _ => {}
            }
        }
    }
    assert!(frame::encode(&Value::Null).is_ok());
}
