//! Decisions in words.

use fcp_caps::authorize::draft_receipt;
use fcp_caps::capability::ApprovalMode;
use fcp_caps::explain::Explanation;
use fcp_caps::grant::Grantee;
use fcp_caps::token::CheckpointBinding;
use fcp_core::decision::Denial;
use fcp_core::error::Reason;
use fcp_core::id::{ObjectId, ZoneId};
use fcp_core::object::{Provenance, TaintFlags};
use fcp_zones::flow::{Bearer, Ingress, Source};

use crate::helpers::{asked_by_the_public, glob, provenance, public_input, regrant};
use crate::mesh::{self, BINARY, Case, NOW, PRIVATE};

fn explain(case: &Case) -> Explanation {
    let invoke = case.invoke();
    let receipt = draft_receipt(&case.mesh, &ZoneId::private(), invoke.id(), &case.decide(), NOW);
    Explanation::of(&receipt, Some(invoke.request()), &case.mesh)
}

/// Breaks a call and compares the two sentences that explain why it is denied.
fn because(operation: &str, cause: &str, remedy: &str, break_it: impl FnOnce(&mut Case)) {
    let mut case = Case::new(operation);
    break_it(&mut case);
    let explanation = explain(&case);
    assert_eq!((explanation.cause(), explanation.remedy().unwrap_or_default()), (cause, remedy));
}

#[test]
fn the_demo_says_why_and_what_would_have_helped() {
    let (case, _) = asked_by_the_public();
    let lines = explain(&case).lines();
    assert_eq!(
        lines[..3],
        [
            "denied  taint.public_input_dangerous   delete in z:private, 2023-11-14 22:13:20, by nLaptop",
            "  What asked for this came from z:public (input 919191), and nothing cleared it (§6.2 rule 1).",
            "  It would have been allowed if: a sanitizer receipt had covered 919191 and cleared PUBLIC_INPUT.",
        ]
    );
    let evidence = &lines[3];
    let grant = case.claims.grant_object_ids[0].short();
    let policy = case.mesh.heads[&ZoneId::private()].policy().id().short();
    for named in
        ["token ", "input 919191", "checkpoint 42 c4c4c4", &format!("grant {grant}"), &format!("policy {policy}")]
    {
        assert!(evidence.contains(named), "{named}: {evidence}");
    }
    for named in ["attestation of nLaptop", "enrollment of nPhone", "definition "] {
        assert!(evidence.contains(named), "{named}: {evidence}");
    }
    assert!(!evidence.contains("object "), "every id is named for what it is: {evidence}");
    assert_eq!(explain(&case).to_string(), lines.join("\n"));
}

#[test]
fn where_public_input_came_from() {
    let mut agent = Case::new("delete");
    let bearer =
        Bearer { zone: ZoneId::private(), sub: mesh::principal("agent:helper"), holder_node: Some(mesh::phone()) };
    assert!(agent.mesh.marks.deliver(&bearer, Source::of(&public_input())));
    let expected = "The agent was given public input from z:public before, and may have put it in here (§6.2 rule 1).";
    assert_eq!(explain(&agent).cause(), expected);
    because(
        "delete",
        "The request came in through public ingress (§6.2 rule 1).",
        "It would have been allowed if: somebody whom the zone knows had asked for it.",
        |case| case.mesh.ingress = Ingress::Public,
    );
    because(
        "delete",
        "The request says of itself that it carries public input (§6.2 rule 1).",
        "It would have been allowed if: a sanitizer receipt had covered everything that it names and cleared PUBLIC_INPUT.",
        |case| case.request.provenance.taint = TaintFlags::PUBLIC_INPUT,
    );
}

#[test]
fn flows() {
    let mut low = Case::new("write");
    low.header.refs = vec![low.mesh.stored(0x56, provenance(30, 90))];
    let request = low.invoke().id().short();
    let explanation = explain(&low);
    assert_eq!(
        explanation.cause(),
        "Input 565656 from z:private has integrity 30, and z:private asks for 80 (§6.2 rule 2, D101)."
    );
    let expected = format!(
        "It would have been allowed if: an elevation of request {request} to 80 had been presented, from user:anna."
    );
    assert_eq!(explanation.remedy(), Some(expected.as_str()));

    let mut secret = Case::new("write");
    secret.header.foreign_refs = vec![secret.mesh.stored(0x71, Provenance::of_zone(ZoneId::owner(), 100, 100, NOW))];
    let explanation = explain(&secret);
    assert!(
        explanation.cause().starts_with("Input 717171 of z:owner has confidentiality 100, and z:private only 90 (")
    );
    assert!(
        explanation.remedy().unwrap().contains("a declassification of input 717171 had been presented, from user:anna")
    );

    let mut room = Case::new("publish");
    room.request.resources = vec![room.mesh.resource("https://chat.example/room", 10)];
    assert!(explain(&room).cause().contains("and https://chat.example/room is only 10"));
    assert!(explain(&Case::new("publish")).cause().contains("a place outside that nobody classified is only 0"));

    let mut unknown = Case::new("write");
    unknown.header.refs = vec![ObjectId::from_bytes([0x55; 32])];
    assert!(explain(&unknown).cause().starts_with("Input 555555 is not held, so nobody knows where it comes from"));
}

#[test]
fn tokens_and_state() {
    because(
        "write",
        "The token expired at 2023-11-14 22:11:19, 121 s before (§7.5, D7).",
        "It would have been allowed if: a token of this moment had been presented.",
        |case| (case.claims.iat, case.claims.exp) = (NOW.saturating_sub(500), NOW.saturating_sub(121)),
    );
    because(
        "write",
        "The token lives 901 s, for a risky operation (D112).",
        "It would have been allowed if: it had been minted for 1 to 900 s.",
        |case| case.claims.exp = case.claims.iat.saturating_add(901),
    );
    because(
        "write",
        "nLaptop may issue tokens for user:*, and this one is for agent:helper (D107, D200).",
        "It would have been allowed if: the policy had listed nLaptop with a pattern that matches agent:helper.",
        |case| {
            let mut terms = mesh::policy_terms(&ZoneId::private(), PRIVATE);
            terms.token_issuers[0].subs = vec![glob("user:*")];
            case.mesh.heads.insert(ZoneId::private(), mesh::heads(&ZoneId::private(), PRIVATE, terms));
        },
    );
    because(
        "write",
        "The token gives files.write for append, and write takes files.write (§7.5, §23.4).",
        "It would have been allowed if: the token had given files.write.",
        |case| case.claims.caps[0].operation = Some("append".parse().unwrap()),
    );
    because(
        "write",
        "Checkpoint 42 was 301 s old (§14.3.1, D162).",
        "It would have been allowed if: a checkpoint of the last 300 s had been held.",
        |case| case.mesh.frontier.as_mut().unwrap().created_at = NOW.saturating_sub(301),
    );
    because(
        "write",
        "The token was minted under checkpoint 43, which was not held (§3.8, D111).",
        "It would have been allowed if: checkpoint 43 or a later one had been accepted.",
        |case| case.claims.checkpoint = Some(CheckpointBinding { id: ObjectId::ZERO, seq: 43 }),
    );
    because(
        "write",
        "Build b1b1b1 is revoked (§14.3, D164, D165).",
        "It would have been allowed if: one that is not had been used.",
        |case| case.mesh.revoke(BINARY),
    );
    because(
        "write",
        "The holder did not sign this request with this nonce (§7.5 rule 4, D114).",
        "What to do: sign the transcript of this very request.",
        |case| case.holder = Some(fcp_core::sign::NodeSigningKey::from_seed([98; 32])),
    );
}

#[test]
fn grants_policies_and_approvals() {
    let mut other = Case::new("write");
    regrant(&mut other, |grant| grant.grantee = Grantee::Principal(mesh::principal("agent:other")));
    let grant = other.claims.grant_object_ids[0].short();
    assert_eq!(explain(&other).cause(), format!("Grant {grant} is for agent:other (D118)."));
    let mut bounded = Case::new("write");
    regrant(&mut bounded, |grant| grant.constraints.resource_allow = vec!["https://a.example/x/".into()]);
    bounded.request.resources = vec![bounded.mesh.resource("https://a.example/y", 90)];
    let cause =
        "https://a.example/y is outside of what is allowed: https://a.example/x/, without nothing (§7.3, D121).";
    assert_eq!(explain(&bounded).cause(), cause);

    let mut terms = mesh::policy_terms(&ZoneId::private(), PRIVATE);
    terms.policy.cap_deny = vec![glob("nothing"), glob("files.*")];
    let heads = mesh::heads(&ZoneId::private(), PRIVATE, terms);
    let mut denied = Case::new("write");
    let policy = heads.policy().id().short();
    denied.mesh.heads.insert(ZoneId::private(), heads);
    let explanation = explain(&denied);
    let cause = format!("Policy {policy} of z:private denies files.write: cap_deny has files.* (§5.3, D78).");
    assert_eq!(explanation.cause(), cause);
    assert_eq!(
        explanation.remedy(),
        Some("It would have been allowed if: the owner had taken files.* out of cap_deny.")
    );

    let mut unapproved = Case::new("write");
    unapproved.mesh.operations.get_mut(&unapproved.request.operation).unwrap().approval = ApprovalMode::Interactive;
    assert!(explain(&unapproved).remedy().unwrap().ends_with("and its input had been presented, from user:anna."));
}

#[test]
fn what_is_not_held_is_still_explained() {
    let allowed = explain(&Case::new("write"));
    assert!(allowed.headline().starts_with("allowed  allow   write in z:private"));
    assert_eq!((allowed.cause(), allowed.remedy()), ("Every check passed (§23.4).", None));

    let (case, _) = asked_by_the_public();
    let request = case.invoke().id();
    let receipt = draft_receipt(&case.mesh, &ZoneId::private(), request, &case.decide(), NOW);
    let blind = Explanation::of(&receipt, None, &case.mesh);
    assert!(blind.headline().contains(&format!("request {}", request.short())));
    assert!(blind.cause().contains("919191"), "the evidence alone tells where it came from");

    let denial = Denial::new(Reason::TokenExpired).with_evidence([ObjectId::ZERO]);
    let expected = "denied  token.expired\n  The token has expired (§7.5, D7).\n  What to do: have a new token minted.\n  Evidence: object 000000";
    assert_eq!(Explanation::of_denial(&denial).to_string(), expected);
}
