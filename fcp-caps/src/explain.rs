//! Why (§23.4): a decision receipt in words, from the objects that it names and nothing else.
//!
//! An [`Explanation`] says what was asked and decided, which rule decided and what about, what the smallest change is
//! that would have turned the decision, and which objects are the evidence:
//!
//! ```text
//! denied  taint.public_input_dangerous   delete in z:private, 2023-11-14 22:13:20, by nLaptop
//!   What asked for this came from z:public (input 919191), and nothing cleared it (§6.2 rule 1).
//!   It would have been allowed if: a sanitizer receipt had covered 919191 and cleared PUBLIC_INPUT.
//!   Evidence: token 03d1ff  grant 88aa10  policy 5c10ab  checkpoint 42
//! ```

mod cause;
mod evidence;
mod flow;
mod grant;
mod scene;
mod text;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use fcp_audit::decision::{DecisionReceipt, Outcome};
use fcp_core::decision::Denial;
use fcp_core::error::Reason;
use fcp_core::id::ObjectId;

use crate::authorize::View;
use crate::invoke::InvokeRequest;
use scene::Scene;

/// A decision in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    headline: String,
    cause: String,
    remedy: Option<String>,
    evidence: Vec<(String, ObjectId)>,
}

/// What a rule says about this very case.
pub(crate) struct Detail {
    /// What is the matter: a sentence without its full stop.
    pub(crate) cause: String,
    /// What would have been otherwise: a clause after "it would have been allowed if".
    pub(crate) unless: String,
}

impl Explanation {
    /// The words for a receipt; `request` is the stored request that it is about, if that is held.
    #[must_use]
    pub fn of(receipt: &DecisionReceipt, request: Option<&InvokeRequest>, view: &impl View) -> Self {
        let scene = Scene::new(receipt, request, view);
        let outcome = match receipt.outcome() {
            Outcome::Allow => "allowed",
            Outcome::Deny => "denied",
        };
        let code = receipt.reason_code();
        let at = receipt.decided_at.utc();
        let (what, zone, node) = (scene.what(), &receipt.header.zone_id, &receipt.decided_by);
        let evidence = receipt.evidence().iter().map(|id| (evidence::label(&scene, id), *id)).collect();
        let (cause, remedy) = reasons(receipt.reason(), cause::detail(&scene));
        Self { headline: format!("{outcome}  {code}   {what} in {zone}, {at}, by {node}"), cause, remedy, evidence }
    }

    /// The words for a denial of which there is no receipt, such as that of a token by itself.
    #[must_use]
    pub fn of_denial(denial: &Denial) -> Self {
        let (cause, remedy) = reasons(Some(denial.reason), None);
        let evidence = denial.evidence.iter().map(|id| (String::from("object"), *id)).collect();
        Self { headline: format!("denied  {}", denial.reason), cause, remedy, evidence }
    }

    /// What was asked, when, and what was decided by whom.
    #[must_use]
    pub fn headline(&self) -> &str {
        &self.headline
    }

    /// The rule, with its section, and what about this case it is that breaks it.
    #[must_use]
    pub fn cause(&self) -> &str {
        &self.cause
    }

    /// The smallest change that would have turned the decision; none for an allow.
    #[must_use]
    pub fn remedy(&self) -> Option<&str> {
        self.remedy.as_deref()
    }

    /// The objects that decided, each with what it is.
    pub fn evidence(&self) -> impl ExactSizeIterator<Item = (&str, ObjectId)> {
        self.evidence.iter().map(|(label, id)| (label.as_str(), *id))
    }

    /// The explanation as lines of plain text.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::from([self.headline.clone(), format!("  {}", self.cause)]);
        lines.extend(self.remedy.iter().map(|remedy| format!("  {remedy}")));
        if !self.evidence.is_empty() {
            let named: Vec<String> =
                self.evidence.iter().map(|(label, id)| format!("{label} {}", id.short())).collect();
            lines.push(format!("  Evidence: {}", named.join("  ")));
        }
        lines
    }
}

/// Cause and remedy: those of the case where there are any, else those of the registry.
fn reasons(reason: Option<Reason>, detail: Option<Detail>) -> (String, Option<String>) {
    let Some(reason) = reason else {
        return (String::from("The reason is one that this implementation does not know."), None);
    };
    let cause = detail.as_ref().map_or(reason.meaning(), |detail| &detail.cause);
    let cause = format!("{} ({}).", text::sentence(cause), reason.section());
    let remedy = match (reason, detail) {
        (Reason::Allow, _) => None,
        (_, Some(detail)) => Some(format!("It would have been allowed if: {}.", detail.unless)),
        (_, None) => Some(format!("What to do: {}.", reason.remedy())),
    };
    (cause, remedy)
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().join("\n"))
    }
}
