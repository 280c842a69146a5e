//! Both ends of the local transport against each other, and each against a faulty other end.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests fail by panicking")]

use fcp_connector_sdk::effect::{Effect, EffectResult, FileScope, LogLevel, RelativePath};
use fcp_connector_sdk::frame;
use fcp_connector_sdk::host::{Answer, HostError, HostOutput, HostSession};
use fcp_connector_sdk::manifest::{InterfaceHash, Manifest};
use fcp_connector_sdk::message::{
    CallId, ConnectorMessage, Handshake, HandshakeAck, HostMessage, Invocation, MAX_CALLS, Outcome, PROTOCOL,
};
use fcp_connector_sdk::session::{ConnectorSession, SessionError};
use fcp_connector_sdk::{Connector, Cx, Error, Health, OperationId, Reason, Value, connector, json};
use fcp_core::cbor::{self, Decode, Encode};
use fcp_core::error::FcpError;
use fcp_core::id::ZoneId;
use fcp_core::time::Timestamp;

#[derive(Default)]
struct Notebook;

#[derive(Decode)]
struct Page {
    page: String,
}

/// Behaves as the page's name says.
#[connector(manifest = "../examples/notebook.toml")]
impl Notebook {
    #[operation("page.size")]
    async fn size(&self, cx: &Cx, input: Page) -> Result<Value, Error> {
        match input.page.as_str() {
            "at once" => Ok(json!(4)),
            "now" => Ok(Value::from(cx.now().await?.as_secs())),
            "text" => Ok(json!("no number")),
            "zone" => Ok(json!(cx.zone().map_or(0, |zone| zone.as_str().len()))),
            "huge log" => {
                let refused = cx.log(LogLevel::Info, "page", Value::from("x".repeat(5_000_000))).await;
                Err(refused.unwrap_err())
            }
            "huge error" => Err(Error::failed("x".repeat(5_000_000))),
            "stall" => std::future::pending().await,
            other => Err(Error::failed(other)),
        }
    }

    #[health]
    async fn healthy(&self, cx: &Cx) -> Result<Health, Error> {
        cx.now().await.map(|_| Health::Ready)
    }

    #[shutdown]
    async fn stop(&self, cx: &Cx) -> Result<(), Error> {
        cx.set_state("stopped", &true).await
    }
}

fn manifest() -> Manifest {
    Manifest::parse(Notebook::MANIFEST).unwrap()
}

fn host() -> HostSession {
    HostSession::new(&manifest(), ZoneId::work(), None)
}

fn bytes<T: Encode>(message: &T) -> Vec<u8> {
    frame::encode(message).unwrap()
}

fn handshake(change: impl FnOnce(&mut Handshake)) -> HostMessage {
    let mut handshake = Handshake {
        id: CallId(0),
        protocols: vec!["fcp2-connector/9".to_owned(), PROTOCOL.to_owned()],
        connector_id: manifest().connector().id.clone(),
        zone_id: ZoneId::work(),
        instance_id: None,
    };
    change(&mut handshake);
    HostMessage::Handshake(handshake)
}

fn invoke(id: u64, page: &str) -> HostMessage {
    HostMessage::Invoke(Invocation {
        id: CallId(id),
        operation: "page.size".parse().unwrap(),
        input: json!({"page": page}),
        idempotency_key: None,
        deadline_ms: None,
    })
}

/// A connector that was sent `messages`, and what it said.
struct Talk {
    session: ConnectorSession<Notebook>,
}

impl Talk {
    fn new() -> Self {
        Self { session: ConnectorSession::new().unwrap() }
    }

    fn configured() -> Self {
        let mut talk = Self::new();
        talk.say(&handshake(|_| {}));
        talk.say(&HostMessage::Configure { id: CallId(1), configuration: json!({}) });
        talk
    }

    fn say(&mut self, message: &HostMessage) -> Vec<ConnectorMessage> {
        self.session.handle_bytes(&bytes(message)).unwrap();
        let mut said = Vec::new();
        while let Some(bytes) = self.session.poll_output() {
            said.push(cbor::decode(&bytes[4..]).unwrap());
        }
        said
    }

    fn refused(&mut self, message: &HostMessage) -> Option<Reason> {
        match self.say(message).as_slice() {
            [ConnectorMessage::Response { outcome: Outcome::Error(error), .. }] => error.reason(),
            other => panic!("{other:?}"),
        }
    }

    fn fault(&mut self, message: &HostMessage) -> SessionError {
        self.session.handle_bytes(&bytes(message)).unwrap_err()
    }
}

#[test]
fn nothing_is_said_before_the_handshake() {
    for message in [
        HostMessage::Describe { id: CallId(0) },
        HostMessage::Shutdown { id: CallId(0) },
        HostMessage::EffectResult { id: CallId(0), result: EffectResult::Done },
        invoke(0, "now"),
    ] {
        assert_eq!(Talk::new().fault(&message), SessionError::Handshake);
    }
    let mut talk = Talk::new();
    let said = talk.say(&handshake(|_| {}));
    let [ConnectorMessage::HandshakeAck(ack)] = said.as_slice() else { panic!("{said:?}") };
    assert_eq!((ack.protocol.as_str(), ack.version.as_str()), (PROTOCOL, "1.0.0"));
    assert_eq!(ack.interface_hash, manifest().interface_hash());
    assert_eq!(talk.fault(&handshake(|_| {})), SessionError::Handshake);
}

#[test]
fn a_handshake_for_somebody_else_is_refused() {
    let mut talk = Talk::new();
    let other = handshake(|handshake| handshake.connector_id = "example.other".parse().unwrap());
    assert_eq!(talk.refused(&other), Some(Reason::ExecutionProtocol));
    let newer = handshake(|handshake| handshake.protocols = vec!["fcp2-connector/9".to_owned()]);
    assert_eq!(talk.refused(&newer), Some(Reason::ExecutionProtocol));
    assert!(matches!(talk.say(&handshake(|_| {})).as_slice(), [ConnectorMessage::HandshakeAck(_)]));
}

#[test]
fn calls_end_with_their_result_or_reason() {
    let mut talk = Talk::configured();
    let said = talk.say(&invoke(2, "at once"));
    assert_eq!(said, [ConnectorMessage::Response { id: CallId(2), outcome: Outcome::Ok(json!(4)) }]);
    assert_eq!(
        talk.say(&invoke(2, "zone")),
        [ConnectorMessage::Response { id: CallId(2), outcome: Outcome::Ok(json!(6)) }]
    );
    for (page, reason) in [
        ("text", Reason::ExecutionBadOutput),
        ("stall", Reason::ExecutionStalled),
        ("huge log", Reason::ExecutionMessageTooLarge),
        ("huge error", Reason::ExecutionMessageTooLarge),
        ("anything", Reason::ExecutionConnectorFailed),
    ] {
        assert_eq!(talk.refused(&invoke(3, page)), Some(reason), "{page}");
    }
    let said = talk.say(&invoke(4, "now"));
    assert_eq!(said, [ConnectorMessage::Effect { id: CallId(4), effect: Effect::Now }]);
    let result = EffectResult::Time(Timestamp::from_secs(9));
    let said = talk.say(&HostMessage::EffectResult { id: CallId(4), result });
    assert_eq!(said, [ConnectorMessage::Response { id: CallId(4), outcome: Outcome::Ok(json!(9)) }]);
}

#[test]
fn calls_are_told_apart_and_bounded() {
    let mut talk = Talk::configured();
    let most = MAX_CALLS as u64;
    for id in 0..most {
        assert!(matches!(talk.say(&invoke(id, "now")).as_slice(), [ConnectorMessage::Effect { .. }]));
    }
    assert_eq!(talk.refused(&invoke(most, "now")), Some(Reason::ExecutionBusy));
    let result = EffectResult::Failed(FcpError::from(Reason::ExecutionEffectUnsupported));
    assert_eq!(
        talk.refused(&HostMessage::EffectResult { id: CallId(5), result }),
        Some(Reason::ExecutionEffectUnsupported)
    );
    assert!(matches!(talk.say(&invoke(5, "now")).as_slice(), [ConnectorMessage::Effect { .. }]));
    assert_eq!(talk.fault(&invoke(6, "now")), SessionError::CallRuns(CallId(6)));
    let result = HostMessage::EffectResult { id: CallId(999), result: EffectResult::Done };
    assert_eq!(Talk::configured().fault(&result), SessionError::NoEffect(CallId(999)));
}

#[test]
fn a_shutdown_ends_every_call_and_then_the_connector() {
    let mut talk = Talk::configured();
    talk.say(&invoke(2, "now"));
    let said = talk.say(&HostMessage::Shutdown { id: CallId(3) });
    let [ConnectorMessage::Response { id, outcome: Outcome::Error(error) }, ConnectorMessage::Effect { effect, .. }] =
        said.as_slice()
    else {
        panic!("{said:?}")
    };
    assert_eq!((*id, error.reason()), (CallId(2), Some(Reason::ExecutionNotReady)));
    assert_eq!(*effect, Effect::StatePut { key: "stopped".into(), value: Some(json!(true)) });
    assert_eq!(talk.refused(&invoke(4, "at once")), Some(Reason::ExecutionNotReady));
    assert!(!talk.session.is_finished());
    talk.say(&HostMessage::EffectResult { id: CallId(3), result: EffectResult::Done });
    assert!(talk.session.is_finished());
}

/// A host that has sent its handshake and `question`.
fn asked(question: impl FnOnce(&mut HostSession) -> Result<CallId, HostError>) -> (HostSession, CallId) {
    let mut host = host();
    host.handle_bytes(&bytes(&ack(|_| {}))).unwrap();
    let call = question(&mut host).unwrap();
    while host.poll_output().is_some() {}
    (host, call)
}

fn ack(change: impl FnOnce(&mut HandshakeAck)) -> ConnectorMessage {
    let mut ack = HandshakeAck {
        id: CallId(0),
        protocol: PROTOCOL.to_owned(),
        connector_id: manifest().connector().id.clone(),
        version: "1.0.0".to_owned(),
        interface_hash: manifest().interface_hash(),
    };
    change(&mut ack);
    ConnectorMessage::HandshakeAck(ack)
}

fn invoked(host: &mut HostSession) -> Result<CallId, HostError> {
    host.invoke("page.size".parse().unwrap(), json!({"page": "now"}), None, None)
}

#[test]
fn a_host_binds_only_to_the_connector_of_its_manifest() {
    let changes: [fn(&mut HandshakeAck); 3] = [
        |ack| ack.interface_hash = InterfaceHash::from_bytes([1; 32]),
        |ack| ack.connector_id = "example.other".parse().unwrap(),
        |ack| ack.protocol = "fcp2-connector/9".to_owned(),
    ];
    for change in changes {
        let mut host = host();
        assert_eq!(host.handle_bytes(&bytes(&ack(change))), Err(HostError::OtherConnector));
        assert!(host.is_ended());
        assert_eq!(host.describe(), Err(HostError::Ended));
        assert_eq!(host.handle_bytes(&[]), Err(HostError::Ended));
    }
}

#[test]
fn a_host_takes_effects_only_from_calls_that_run_code_and_wait_for_nothing() {
    let effect = |id| ConnectorMessage::Effect { id, effect: Effect::Now };
    let (mut host, call) = asked(HostSession::describe);
    assert_eq!(host.handle_bytes(&bytes(&effect(call))), Err(HostError::OutOfPlace(call)));
    let (mut host, _) = asked(invoked);
    assert_eq!(host.handle_bytes(&bytes(&effect(CallId(99)))), Err(HostError::OutOfPlace(CallId(99))));
    let (mut host, call) = asked(invoked);
    assert_eq!(host.answer(call, EffectResult::Done), Err(HostError::NotAsking(call)));
    host.handle_bytes(&bytes(&effect(call))).unwrap();
    assert_eq!(host.poll_output(), Some(HostOutput::Effect { call, effect: Effect::Now }));
    assert_eq!(host.handle_bytes(&bytes(&effect(call))), Err(HostError::OutOfPlace(call)));
    // An answer while an effect is outstanding.
    let (mut host, call) = asked(invoked);
    host.handle_bytes(&bytes(&effect(call))).unwrap();
    let response = ConnectorMessage::Response { id: call, outcome: Outcome::Ok(json!(1)) };
    assert_eq!(host.handle_bytes(&bytes(&response)), Err(HostError::OutOfPlace(call)));
}

#[test]
fn a_host_takes_only_answers_of_the_right_form() {
    let response = |id, value| ConnectorMessage::Response { id, outcome: Outcome::Ok(value) };
    type Question = fn(&mut HostSession) -> Result<CallId, HostError>;
    let questions: [Question; 6] = [
        HostSession::describe,
        HostSession::introspect,
        HostSession::capabilities,
        HostSession::health,
        HostSession::shutdown,
        |host| host.configure(json!({})),
    ];
    for question in questions {
        let (mut host, call) = asked(question);
        let refused = host.handle_bytes(&bytes(&response(call, json!(1))));
        assert_eq!(refused, Err(HostError::BadAnswer(call)));
        assert!(host.is_ended());
    }
    let (mut host, call) = asked(invoked);
    let health = ConnectorMessage::Health { id: call, health: Health::Ready, calls: 0 };
    assert_eq!(host.handle_bytes(&bytes(&health)), Err(HostError::OutOfPlace(call)));
    let (mut host, call) = asked(invoked);
    host.handle_bytes(&bytes(&response(call, json!(1)))).unwrap();
    assert_eq!(host.poll_output(), Some(HostOutput::Done { call, answer: Answer::Result(json!(1)) }));
    assert_eq!(host.handle_bytes(&bytes(&response(call, json!(1)))), Err(HostError::OutOfPlace(call)));
}

#[test]
fn a_host_keeps_to_the_limits() {
    let mut host = host();
    for _ in 1..MAX_CALLS {
        host.describe().unwrap();
    }
    assert_eq!(host.describe(), Err(HostError::TooManyCalls));
    let (mut host, call) = asked(invoked);
    let too_long = host.configure(json!("x".repeat(5_000_000)));
    assert!(matches!(too_long, Err(HostError::Frame(_))));
    let read = Effect::FileRead {
        scope: FileScope::new("pages").unwrap(),
        path: RelativePath::new("p").unwrap(),
        offset: 0,
        length: 1,
    };
    host.handle_bytes(&bytes(&ConnectorMessage::Effect { id: call, effect: read })).unwrap();
    host.poll_output();
    host.answer(call, EffectResult::Content { content: vec![0; 5_000_000], end: true }).unwrap();
    let Some(HostOutput::Send(sent)) = host.poll_output() else { panic!("nothing is sent") };
    let HostMessage::EffectResult { result: EffectResult::Failed(error), .. } = cbor::decode(&sent[4..]).unwrap()
    else {
        panic!("no failure is sent")
    };
    assert_eq!(error.reason(), Some(Reason::ExecutionMessageTooLarge));
}

#[test]
fn after_shutdown_a_host_answers_only_the_shutdown() {
    let (mut host, call) = asked(invoked);
    host.handle_bytes(&bytes(&ConnectorMessage::Effect { id: call, effect: Effect::Now })).unwrap();
    let shutdown = host.shutdown().unwrap();
    assert_eq!(host.answer(call, EffectResult::Done), Err(HostError::NotAsking(call)));
    let refused = Outcome::Error(FcpError::from(Reason::ExecutionNotReady));
    host.handle_bytes(&bytes(&ConnectorMessage::Response { id: call, outcome: refused })).unwrap();
    let stopped = ConnectorMessage::Response { id: shutdown, outcome: Outcome::Ok(Value::Null) };
    host.handle_bytes(&bytes(&stopped)).unwrap();
    assert!(host.is_ended());
}

/// Whatever the process sends, the host answers with a fault or goes on; it does not panic.
mod hostile {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_never_panic(noise: Vec<u8>, at in 0_usize..60, value: u8) {
            let (mut host, call) = asked(invoked);
            let mut message = bytes(&ConnectorMessage::Effect { id: call, effect: Effect::Random { length: 9 } });
            if let Some(byte) = message.get_mut(at) {
                *byte = value;
            }
            let _ = host.handle_bytes(&message);
            let _ = host.handle_bytes(&noise);
            let mut talk = Talk::configured();
            let mut message = bytes(&invoke(7, "now"));
            if let Some(byte) = message.get_mut(at) {
                *byte = value;
            }
            let _ = talk.session.handle_bytes(&message);
            let _ = talk.session.handle_bytes(&noise);
        }
    }
}

/// The attribute gives what the trait wants.
#[test]
fn the_attribute_implements_the_trait() {
    assert_eq!(Notebook::OPERATIONS, ["page.size"]);
    let unknown: OperationId = "other".parse().unwrap();
    let step = fcp_connector_sdk::run::Step::start(fcp_connector_sdk::context::CallFacts::default(), |cx| async move {
        Notebook.invoke(&cx, &unknown, Value::Null).await
    });
    let fcp_connector_sdk::run::Step::Done(Err(error)) = step else { panic!("{step:?}") };
    assert_eq!(error.reason(), Some(Reason::ExecutionUnknownOperation));
}

fcp_connector_sdk::check_connector!(Notebook);
