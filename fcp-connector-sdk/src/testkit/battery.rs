//! The battery that every connector must pass.

use fcp_core::cbor::Value;
use fcp_core::error::Reason;
use fcp_core::id::ZoneId;

use super::{Perform as _, World, facts, operation_id, service};
use crate::connector::Connector;
use crate::effect::EffectResult;
use crate::host::{Answer, HostOutput, HostSession};
use crate::manifest::Manifest;
use crate::message::CallId;
use crate::run::Step;
use crate::serve;
use crate::session::ConnectorSession;

/// Checks a connector that can be configured with the empty map, in an empty world. See [`check_connector_with`].
///
/// # Panics
/// With the first rule that the connector breaks.
#[track_caller]
pub fn check_connector<C: Connector>() {
    check_connector_with::<C>(Value::map::<&str>([]), World::new());
}

/// Checks what holds for every connector (§10.3, appendix E):
///
/// - the manifest is valid, its interface hash right, its operations those of the program, each with hints for agents;
/// - `--manifest` prints exactly the manifest;
/// - inputs are checked before the connector sees them: each operation refuses `null` without any effect;
/// - unknown operations are refused;
/// - all standard methods answer, in any order after the handshake, and nothing answers before it;
/// - broken bytes end the session without a panic;
/// - after `shutdown` it is finished.
///
/// `configuration` must be one that the connector accepts; `world` performs what it asks for meanwhile.
///
/// # Panics
/// With the first rule that the connector breaks.
#[track_caller]
pub fn check_connector_with<C: Connector>(configuration: Value, mut world: World) {
    let mut service = service::<C>();
    match world.run(service.configure(facts(), configuration.clone())) {
        Ok(connector) => service.install(connector),
        Err(error) => panic!("the configuration is refused: {error}"),
    }
    for id in C::OPERATIONS {
        match service.invoke(facts(), operation_id(id), Value::Null) {
            Step::Done(Err(error)) if error.reason() == Some(Reason::ExecutionBadInput) => {}
            Step::Done(other) => panic!("`{id}` takes `null` as its input and answers {other:?}"),
            Step::Effect(effect, _) => panic!("`{id}` takes `null` as its input and wants {effect:?}"),
        }
    }
    match service.invoke(facts(), operation_id("no.such.operation"), Value::map::<&str>([])) {
        Step::Done(Err(error)) if error.reason() == Some(Reason::ExecutionUnknownOperation) => {}
        other => panic!("an unknown operation is not refused but answered with {other:?}"),
    }
    check_manifest_flag::<C>();
    check_broken_bytes::<C>();
    Wire::<C>::new(service.manifest()).check(configuration, &mut world);
}

#[track_caller]
fn check_manifest_flag<C: Connector>() {
    let mut printed = Vec::new();
    let arguments = ["connector", "--manifest"].map(Into::into);
    let code = serve::run::<C>(arguments, std::io::empty(), &mut printed, std::io::sink());
    assert!(
        code == std::process::ExitCode::SUCCESS && printed == C::MANIFEST.as_bytes(),
        "`--manifest` does not print the manifest"
    );
}

#[track_caller]
fn check_broken_bytes<C: Connector>() {
    let broken: [&[u8]; 5] = [
        b"\0\0\0\0",
        b"\xff\xff\xff\xff",
        b"\x01\0\0\0\xff",
        b"\x01\0\0\0\xf6",
        b"\x0d\0\0\0\xa1\x66health\xa1\x62id\0",
    ];
    for bytes in broken {
        let refused = ConnectorSession::<C>::new().map(|mut session| session.handle_bytes(bytes).is_err());
        assert_eq!(refused, Ok(true), "broken bytes are taken: {bytes:02x?}");
    }
}

/// A node and the connector, joined by their bytes.
struct Wire<C> {
    host: HostSession,
    connector: ConnectorSession<C>,
}

impl<C: Connector> Wire<C> {
    #[track_caller]
    fn new(manifest: &Manifest) -> Self {
        let host = HostSession::new(manifest, ZoneId::work(), None);
        match ConnectorSession::new() {
            Ok(connector) => Self { host, connector },
            Err(error) => panic!("the connector cannot run: {error}"),
        }
    }

    /// Passes bytes and effects to and fro until the call has its answer.
    #[track_caller]
    fn answer(&mut self, wanted: CallId, world: &mut World) -> Answer {
        loop {
            match self.host.poll_output() {
                Some(HostOutput::Send(bytes)) => {
                    if let Err(error) = self.connector.handle_bytes(&bytes) {
                        panic!("the connector takes the node for faulty: {error}");
                    }
                    while let Some(bytes) = self.connector.poll_output() {
                        if let Err(error) = self.host.handle_bytes(&bytes) {
                            panic!("the node takes the connector for faulty: {error}");
                        }
                    }
                }
                Some(HostOutput::Effect { call, effect }) => {
                    let result: EffectResult = world.perform(effect);
                    if let Err(error) = self.host.answer(call, result) {
                        panic!("the effect cannot be answered: {error}");
                    }
                }
                Some(HostOutput::Done { call, answer }) if call == wanted => return answer,
                Some(HostOutput::Done { call, answer }) => panic!("{call:?} is answered unasked: {answer:?}"),
                None => panic!("{wanted:?} gets no answer"),
            }
        }
    }

    #[track_caller]
    fn ask(
        &mut self,
        world: &mut World,
        question: impl FnOnce(&mut HostSession) -> Result<CallId, crate::host::HostError>,
    ) -> Answer {
        match question(&mut self.host) {
            Ok(call) => self.answer(call, world),
            Err(error) => panic!("the question cannot be asked: {error}"),
        }
    }

    #[track_caller]
    fn check(mut self, configuration: Value, world: &mut World) {
        let bound = self.answer(CallId(0), world);
        assert!(matches!(bound, Answer::Bound { .. }), "handshake is answered with {bound:?}");
        for id in C::OPERATIONS.iter().take(1) {
            let early = self.ask(world, |host| host.invoke(operation_id(id), Value::map::<&str>([]), None, None));
            let refused = matches!(&early, Answer::Refused(error) if error.reason() == Some(Reason::ExecutionNotReady));
            assert!(refused, "before `configure`, `invoke` is answered with {early:?}");
        }
        let configured = self.ask(world, |host| host.configure(configuration));
        assert_eq!(configured, Answer::Configured, "`configure` is answered with {configured:?}");
        let described = self.ask(world, HostSession::describe);
        assert!(matches!(described, Answer::Description(_)), "`describe` is answered with {described:?}");
        let Answer::Introspection(told) = self.ask(world, HostSession::introspect) else {
            panic!("`introspect` is not answered with an introspection")
        };
        assert_eq!(told.operations.len(), C::OPERATIONS.len(), "`introspect` does not tell every operation");
        let catalog = self.ask(world, HostSession::capabilities);
        assert!(matches!(catalog, Answer::Catalog(_)), "`capabilities` is answered with {catalog:?}");
        let health = self.ask(world, HostSession::health);
        assert!(matches!(health, Answer::Health(..)), "`health` is answered with {health:?}");
        let stopped = self.ask(world, HostSession::shutdown);
        assert_eq!(stopped, Answer::ShutDown, "`shutdown` is answered with {stopped:?}");
        assert!(self.connector.is_finished(), "after `shutdown` the connector goes on");
    }
}

/// A test that runs [`check_connector`] for a type, or [`check_connector_with`] for a configuration and a world.
///
/// ```text
/// fcp_connector_sdk::check_connector!(Notebook);
/// fcp_connector_sdk::check_connector!(Files, json!({"scope": "documents"}), World::new().with_scope("documents"));
/// ```
#[macro_export]
macro_rules! check_connector {
    ($connector:ty) => {
        #[test]
        fn keeps_to_what_every_connector_does() {
            $crate::testkit::check_connector::<$connector>();
        }
    };
    ($connector:ty, $configuration:expr, $world:expr) => {
        #[test]
        fn keeps_to_what_every_connector_does() {
            $crate::testkit::check_connector_with::<$connector>($configuration, $world);
        }
    };
}
