//! A connector with its manifest: what every way of running it shares.
//!
//! Here an input is checked against its schema before the connector sees it, and a result before anybody else does.

use std::collections::BTreeSet;
use std::rc::Rc;

use fcp_core::cbor::Value;
use fcp_core::error::Reason;
use fcp_core::id::OperationId;

use crate::connector::{Connector, Health};
use crate::context::CallFacts;
use crate::error::Error;
use crate::manifest::{Manifest, ManifestError};
use crate::run::Step;

/// A connector type whose manifest is valid and lists exactly its operations, with the connector once it is configured.
#[derive(Debug)]
pub struct Service<C> {
    manifest: Rc<Manifest>,
    connector: Option<Rc<C>>,
}

/// Why a connector cannot run at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// Its manifest is faulty.
    #[error("the manifest is faulty:\n{0}")]
    Manifest(ManifestError),
    /// Operations stand in the manifest only, or in the program only.
    #[error("operations of manifest and program differ: {}", .names.join(", "))]
    Operations {
        /// Which.
        names: Vec<String>,
    },
}

impl ServiceError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Manifest(error) => error.reason(),
            Self::Operations { .. } => Reason::ManifestUndeclaredOperation,
        }
    }
}

impl<C: Connector> Service<C> {
    /// Reads the connector's manifest and compares it with the program.
    ///
    /// # Errors
    /// [`ServiceError`] if the manifest is faulty or does not fit.
    pub fn new() -> Result<Self, ServiceError> {
        let manifest = Manifest::parse(C::MANIFEST).map_err(ServiceError::Manifest)?;
        let declared: BTreeSet<&str> = manifest.operations().iter().map(|operation| operation.id.as_str()).collect();
        let known: BTreeSet<&str> = C::OPERATIONS.iter().copied().collect();
        let names: Vec<String> = declared.symmetric_difference(&known).map(|name| (*name).to_owned()).collect();
        if names.is_empty() {
            Ok(Self { manifest: Rc::new(manifest), connector: None })
        } else {
            Err(ServiceError::Operations { names })
        }
    }

    /// The manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Whether there is a configured connector.
    #[must_use]
    pub const fn is_configured(&self) -> bool {
        self.connector.is_some()
    }

    /// Builds a connector; hand it to [`install`](Self::install) when it is done.
    pub fn configure(&self, facts: CallFacts, configuration: Value) -> Step<C> {
        Step::start(facts, |cx| async move { C::configure(&cx, configuration).await })
    }

    /// Has later calls go to `connector`. Calls that run stay with the one that they began with.
    pub fn install(&mut self, connector: C) {
        self.connector = Some(Rc::new(connector));
    }

    fn connector(&self) -> Result<Rc<C>, Error> {
        self.connector.clone().ok_or_else(|| Error::from(Reason::ExecutionNotReady))
    }

    /// Starts an operation, after checking its input.
    pub fn invoke(&self, facts: CallFacts, operation: OperationId, input: Value) -> Step {
        match self.check(&facts, &operation, &input) {
            Ok(connector) => {
                let manifest = Rc::clone(&self.manifest);
                Step::start(facts, |cx| async move {
                    let output = connector.invoke(&cx, &operation, input).await?;
                    check_output(&manifest, &operation, &output)?;
                    Ok(output)
                })
            }
            Err(error) => Step::Done(Err(error)),
        }
    }

    fn check(&self, facts: &CallFacts, operation: &OperationId, input: &Value) -> Result<Rc<C>, Error> {
        let connector = self.connector()?;
        let spec = self.manifest.operation(operation).ok_or(Reason::ExecutionUnknownOperation)?;
        spec.check_input(input).map_err(|violation| Error::new(Reason::ExecutionBadInput, violation.to_string()))?;
        if spec.needs_idempotency_key() && facts.idempotency_key.is_none() {
            return Err(Error::from(Reason::IdempotencyKeyRequired));
        }
        Ok(connector)
    }

    /// Asks for the connector's health.
    pub fn health(&self, facts: CallFacts) -> Step<Health> {
        match self.connector() {
            Ok(connector) => Step::start(facts, |cx| async move { connector.health(&cx).await }),
            Err(_) => Step::Done(Ok(Health::Failing { message: "not configured".to_owned() })),
        }
    }

    /// Has the connector put things in order before the end.
    pub fn shutdown(&self, facts: CallFacts) -> Step<()> {
        match self.connector() {
            Ok(connector) => Step::start(facts, |cx| async move { connector.shutdown(&cx).await }),
            Err(_) => Step::Done(Ok(())),
        }
    }
}

fn check_output(manifest: &Manifest, operation: &OperationId, output: &Value) -> Result<(), Error> {
    let spec = manifest.operation(operation).ok_or(Reason::ExecutionUnknownOperation)?;
    spec.check_output(output).map_err(|violation| Error::new(Reason::ExecutionBadOutput, violation.to_string()))
}
