//! Tests of connectors, without network, files, clock or runtime (feature `testkit`).
//!
//! Step through the effects of one call and answer each as the world would:
//!
//! ```
//! # mod notebook {
//! #     use fcp_connector_sdk::{Connector, Cx, Error, OperationId, Value};
//! #     use fcp_connector_sdk::effect::{FileScope, RelativePath};
//! #     #[derive(Default)]
//! #     pub struct Notebook;
//! #     impl Connector for Notebook {
//! #         const MANIFEST: &'static str = include_str!("../examples/notebook.toml");
//! #         const OPERATIONS: &'static [&'static str] = &["page.size"];
//! #         async fn configure(_: &Cx, _: Value) -> Result<Self, Error> { Ok(Self) }
//! #         async fn invoke(&self, cx: &Cx, _: &OperationId, input: Value) -> Result<Value, Error> {
//! #             let scope = FileScope::new("pages").unwrap();
//! #             let page = RelativePath::new(input.get("page").unwrap().as_text().unwrap()).unwrap();
//! #             Ok(Value::from(cx.files(&scope).read(&page, 1024).await?.len() as u64))
//! #         }
//! #     }
//! # }
//! # use notebook::Notebook;
//! use fcp_connector_sdk::json;
//! use fcp_connector_sdk::testkit::Steps as _;
//!
//! let mut run = Notebook::default().step("page.size", json!({"page": "p1"}));
//! run.expect_file_read("pages", "p1").reply("milk");
//! assert_eq!(run.finish().unwrap(), json!(4));
//! ```
//!
//! Or let a [`World`] in memory answer, and look at it afterwards. [`check_connector`] is the battery that every
//! connector must pass.
//!
//! Everything in here reports by panicking, as tests do.
#![expect(clippy::panic, reason = "a test kit reports by panicking")]

mod battery;
mod expected;
mod world;

pub use battery::{check_connector, check_connector_with};
pub use expected::{Body, Expected, kind};
pub use world::World;

use std::fmt::Debug;

use fcp_core::cbor::Value;
use fcp_core::id::{OperationId, ZoneId};

use crate::connector::Connector;
use crate::context::CallFacts;
use crate::effect::{Effect, EffectResult};
use crate::error::Error;
use crate::run::Step;
use crate::service::Service;

/// Starting calls of a connector step by step.
pub trait Steps: Connector {
    /// Starts `operation` on `input`, in the zone `z:work` and with an idempotency key.
    ///
    /// # Panics
    /// If the connector cannot run, or `operation` is no operation id.
    #[track_caller]
    fn step(self, operation: &str, input: Value) -> TestRun {
        self.step_with(facts(), operation, input)
    }

    /// Starts `operation` on `input` with other facts.
    ///
    /// # Panics
    /// If the connector cannot run, or `operation` is no operation id.
    #[track_caller]
    fn step_with(self, facts: CallFacts, operation: &str, input: Value) -> TestRun {
        let mut service = service::<Self>();
        service.install(self);
        TestRun::new(service.invoke(facts, operation_id(operation), input))
    }
}

impl<C: Connector> Steps for C {}

/// Starts the configuration of a connector.
///
/// # Panics
/// If the connector cannot run.
#[track_caller]
#[must_use]
pub fn configure<C: Connector>(configuration: Value) -> TestRun<C> {
    TestRun::new(service::<C>().configure(facts(), configuration))
}

fn facts() -> CallFacts {
    CallFacts { zone: Some(ZoneId::work()), idempotency_key: Some("step".to_owned()), deadline_ms: None }
}

#[track_caller]
fn service<C: Connector>() -> Service<C> {
    match Service::new() {
        Ok(service) => service,
        Err(error) => panic!("the connector cannot run: {error}"),
    }
}

#[track_caller]
fn operation_id(text: &str) -> OperationId {
    match OperationId::new(text) {
        Ok(id) => id,
        Err(error) => panic!("`{text}` is no operation id: {error}"),
    }
}

/// A call that is being stepped through.
#[derive(Debug)]
pub struct TestRun<T = Value> {
    step: Option<Step<T>>,
}

impl<T> TestRun<T> {
    const fn new(step: Step<T>) -> Self {
        Self { step: Some(step) }
    }

    /// The effect that the call wants next.
    ///
    /// # Panics
    /// If the call has ended.
    #[track_caller]
    pub fn expect_effect(&mut self) -> Expected<'_, T, kind::Any> {
        match self.step.take() {
            Some(Step::Effect(effect, call)) => Expected::new(self, effect, call),
            Some(Step::Done(Ok(_))) => panic!("the call has ended well, where an effect was expected"),
            Some(Step::Done(Err(error))) => panic!("the call has ended with {error}, where an effect was expected"),
            None => panic!("the last effect was not answered"),
        }
    }

    /// The call's result.
    ///
    /// # Errors
    /// What the call answered.
    ///
    /// # Panics
    /// If the call wants something more.
    #[track_caller]
    pub fn finish(mut self) -> Result<T, Error> {
        match self.step.take() {
            Some(Step::Done(result)) => result,
            Some(Step::Effect(effect, _)) => panic!("the call wants more: {effect:?}"),
            None => panic!("the last effect was not answered"),
        }
    }

    /// Has `world` answer everything from here on, and returns the call's result.
    ///
    /// # Errors
    /// What the call answered.
    ///
    /// # Panics
    /// If the last effect was not answered.
    #[track_caller]
    pub fn finish_in(mut self, world: &mut World) -> Result<T, Error> {
        match self.step.take() {
            Some(step) => world.run(step),
            None => panic!("the last effect was not answered"),
        }
    }
}

/// What a host does: performs effects, or refuses them.
pub trait Perform {
    /// Performs `effect`.
    fn perform(&mut self, effect: Effect) -> EffectResult;
}
