//! The registry of reason codes (§23.4, D189): one table, one line of meaning, one remedy each.
//!
//! A reason code is what a refusal is known by, on the wire, in decision receipts, in logs and in the conformance
//! vectors. Codes are stable; new ones are added, none changes its meaning.

use core::fmt;
use core::str::FromStr;

macro_rules! reasons {
    ($($name:ident $code:literal $section:literal $meaning:literal $remedy:literal;)*) => {
        /// A stable reason code (§23.4, D189).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Reason {
            $(
                #[doc = concat!("`", $code, "` (", $section, "): ", $meaning, ".")]
                $name,
            )*
        }

        impl Reason {
            /// Every reason code, family by family.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as it stands on the wire: dotted, lower case.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The section of the specification, and the decision where there is one.
            #[must_use]
            pub const fn section(self) -> &'static str {
                match self { $(Self::$name => $section,)* }
            }

            /// What is the matter, in one clause.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)* }
            }

            /// What to do about it, in one clause.
            #[must_use]
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$name => $remedy,)* }
            }
        }
    };
}

reasons! {
    Allow "allow" "§23.4" "every check passed" "nothing to do";

    AdapterBadRequest "adapter.bad_request" "conformance" "the request is not of the operation's form" "send the fields that the operation's schema lists";

    CborUnexpectedEnd "cbor.unexpected_end" "§3.5" "the input ends inside an item" "send the whole item";
    CborTrailingBytes "cbor.trailing_bytes" "§3.5, D25" "bytes follow the item" "send exactly one item";
    CborIndefiniteLength "cbor.indefinite_length" "§3.5 rule 1" "an item has indefinite length" "encode with definite lengths";
    CborNonShortestInt "cbor.non_shortest_int" "§3.5 rule 2" "a head is not in its shortest form" "encode integers and lengths in the fewest bytes";
    CborReservedHead "cbor.reserved_head" "§3.5" "a head uses reserved additional information" "use well-formed CBOR";
    CborUnsortedKeys "cbor.unsorted_keys" "§3.5 rule 3, D24" "map keys are not sorted" "sort keys bytewise by their encodings";
    CborDuplicateKey "cbor.duplicate_key" "§3.5 rule 4" "a map key occurs twice" "write each key once";
    CborKeyType "cbor.key_type" "D28" "a map key has a type that the map does not allow" "use text keys";
    CborUnknownKey "cbor.unknown_key" "D25" "the schema does not know a map key" "leave out keys that are not in the schema";
    CborMissingKey "cbor.missing_key" "G4" "a required field is missing" "write every field that is not optional";
    CborUnknownVariant "cbor.unknown_variant" "G5" "the enumeration has no such variant" "use a variant of the schema";
    CborTag "cbor.tag" "D25" "the input contains a tag" "encode without tags";
    CborSimpleValue "cbor.simple_value" "D25" "the input contains a simple value other than true, false and null" "leave it out";
    CborFloatNotAllowed "cbor.float_not_allowed" "§3.5 rule 5" "a float stands where the schema allows none" "use an integer";
    CborNan "cbor.nan" "§3.5 rule 5" "the input contains a NaN" "leave it out";
    CborInfinity "cbor.infinity" "D28" "the input contains an infinite number" "leave it out";
    CborNonShortestFloat "cbor.non_shortest_float" "§3.5 rule 5" "a float is not in its shortest form" "encode floats in the fewest bytes that hold them";
    CborInvalidUtf8 "cbor.invalid_utf8" "D25" "a text string is not UTF-8" "encode text as UTF-8";
    CborTooDeep "cbor.too_deep" "D25" "arrays and maps are nested deeper than 64" "nest less";
    CborTooLarge "cbor.too_large" "D25" "the input is longer than 64 MiB" "send less, or chunk it";
    CborUnexpectedType "cbor.unexpected_type" "G4" "an item has another type than the schema" "encode the schema's type";
    CborOutOfRange "cbor.out_of_range" "G7" "a length or number is outside of the schema's bounds" "keep to the bounds";
    CborJsonSyntax "cbor.json_syntax" "D28" "the text is not JSON" "send RFC 8259 JSON";

    IdEmpty "id.empty" "§3.4.2" "the identifier is empty" "give it at least one character";
    IdTooLong "id.too_long" "§3.4.2" "the identifier is too long" "shorten it";
    IdNotAscii "id.not_ascii" "§3.4.2" "the identifier is not ASCII" "use ASCII";
    IdUppercase "id.uppercase" "§3.4.2" "the identifier has an upper-case letter" "use lower case";
    IdBadFirst "id.bad_first" "§3.4.2" "the identifier's first character is not allowed there" "begin with a lower-case letter or a digit";
    IdBadChar "id.bad_char" "§3.4.2" "the identifier has a character that is not allowed" "use the characters of the grammar";
    IdZonePrefix "id.zone_prefix" "§3.4, D21" "the zone id does not begin with `z:`" "begin with `z:`";
    IdSchemaSyntax "id.schema_syntax" "§3.3, D19" "the schema id is not `namespace:Name@MAJOR.MINOR.PATCH`" "follow the grammar";
    IdTagNotDerivable "id.tag_not_derivable" "§3.4, D22" "the zone has no derived tag" "give the zone definition an explicit tag";
    IdTagPrefix "id.tag_prefix" "D22" "the tag does not begin with `tag:`" "begin with `tag:`";
    IdBadHex "id.bad_hex" "§3.1" "the text is not the id's hexadecimal form" "write lower-case hexadecimal of the right length";
    ObjectPrefix "object.prefix" "§3.6" "the bytes do not begin with the object domain string" "send canonical object bytes";
    ObjectSchemaMismatch "object.schema_mismatch" "§3.5, D13" "the schemas of body, header and expected type differ" "send an object of the expected type";
    ObjectIdMismatch "object.id_mismatch" "§3.1, D60" "the bytes have another id than the one they were asked for by" "fetch the object from another source";
    ObjectHeaderMismatch "object.header_mismatch" "D13" "the two copies of the header differ" "embed the header unchanged in the body";
    ObjectZoneMismatch "object.zone_mismatch" "D13" "body and header name different zones" "name one zone";
    ObjectZoneRule "object.zone_rule" "D20" "objects of the schema live in z:owner alone" "issue it in z:owner";
    ObjectRefsMismatch "object.refs_mismatch" "G8" "the header's refs are not exactly those of the type" "list the strong fields in order";
    ObjectDuplicateRef "object.duplicate_ref" "D39" "a reference stands twice" "list each reference once";
    ObjectListOrder "object.list_order" "D107, D108, D200" "a list is not sorted with each entry once" "sort the list bytewise, each entry once";
    ObjectInlineSignatures "object.inline_signatures" "D14" "a quorum-signed object carries inline signatures" "send the signatures in a QuorumSignatureSet";

    HpkeOpenFailed "hpke.open_failed" "§3.6.1" "a sealed box does not open for this key and context" "seal it to this node for this purpose";
    HpkeUnsupportedSuite "hpke.unsupported_suite" "§3.6.1, D38" "a sealed box uses other algorithms than the baseline" "seal with X25519, HKDF-SHA256 and ChaCha20-Poly1305";
    HpkeLowOrder "hpke.low_order" "D38" "an X25519 key has small order" "use a proper key";

    AttestationKidMismatch "attestation.kid_mismatch" "§2.2 rule 5, D9" "a key id is not derived from its key" "derive the key id from the key";
    AttestationKidCollision "attestation.kid_collision" "D9" "two different keys have one key id" "make another key";
    AttestationNonceSeen "attestation.nonce_seen" "§2.2 rule 6, D215" "another attestation has the same nonce" "have the owner draw a new nonce for each attestation";
    AttestationBadTags "attestation.bad_tags" "§2.2 rule 4, D6" "the tags are not sorted and unique" "sort the tags bytewise, each once";
    AttestationBadWindow "attestation.bad_window" "§2.2 rule 2" "the attestation expires before it is issued" "issue it with a later expiry";
    AttestationPostureWindow "attestation.posture_window" "§2.2 rule 3, D5" "the posture's window is empty or longer than a day" "attest the posture for at most 86400 s";
    AttestationNotYetValid "attestation.not_yet_valid" "D7" "the attestation is issued in the future" "check the clocks";
    AttestationExpired "attestation.expired" "§2.2 rule 2" "the attestation has expired" "have the owner issue a new one";
    AttestationWrongOwner "attestation.wrong_owner" "§2.2" "the attestation names another owner" "use an attestation of this mesh's owner";
    AttestationBadHeader "attestation.bad_header" "D4" "the attestation's header is not the fixed one" "use the fixed header";
    AttestationMissing "attestation.missing" "§2.2" "no valid attestation of that node is held" "fetch the node's attestation";
    AttestationRevoked "attestation.revoked" "§14.3, D164" "the attestation is revoked" "enroll the device anew";

    FrameMacInvalid "frame.mac_invalid" "§4.2.2, D52" "the datagram's MAC does not verify" "seal with the session's key of this direction";
    FrameSeqMismatch "frame.seq_mismatch" "§4.3 rule 4, D50" "the datagram's sequence is not the frame's" "use one number for both";
    FrameSeqZero "frame.seq_zero" "D49" "the frame's sequence is zero" "count from 1";
    FrameSeqExhausted "frame.seq_exhausted" "D49, D50" "the instance has used up its sequence numbers" "draw a new instance id";
    FrameReplay "frame.replay" "§4.3 rule 5, D53" "the sequence was seen before, or lies below the window" "send each frame once, and widen the window if paths reorder more";
    FrameInstances "frame.instances" "§4.3 rule 5" "the session already carries as many sender instances as a receiver follows" "open a new session after a restart";
    FrameBadSignature "frame.bad_signature" "§4.2, D70" "the signed frame's signature does not verify" "sign with the attested node key";
    FrameClockSkew "frame.clock_skew" "§4.2, D70" "the signed frame's time is too far from now" "check the clocks";
    FrameWrongPeer "frame.wrong_peer" "D70" "the signed frame is for another node, or from this one" "send it to the node that it names";
    FrameSessionExists "frame.session_exists" "D70" "a signed frame arrived although a session exists" "send inside the session";
    FrameTooEarly "frame.too_early" "D70" "signed frames are not accepted so soon after a start" "wait 240 s, or open a session";

    FcpcTooShort "fcpc.too_short" "§9.4, D138" "the frame is shorter than header and tag" "send the whole frame";
    FcpcBadMagic "fcpc.bad_magic" "§9.4, D138" "the frame does not begin with `FCPC`" "send control-plane frames on this stream";
    FcpcUnsupportedVersion "fcpc.unsupported_version" "§9.4, D138" "the frame's version is not supported" "send version 1";
    FcpcWrongSession "fcpc.wrong_session" "§9.4, D138" "the frame names another session" "keep to one session on a stream";
    FcpcBadSequence "fcpc.bad_sequence" "§9.4, D140" "the frame's sequence is not the previous one plus 1" "send every frame once, in order, from 1";
    FcpcBadFlags "fcpc.bad_flags" "D139" "the frame's flags are not exactly ENCRYPTED" "set the flags to 1";
    FcpcTooLarge "fcpc.too_large" "D138" "the frame holds more than 4 MiB" "chunk larger payloads";
    FcpcLengthMismatch "fcpc.length_mismatch" "§9.4, D138" "the frame is not as long as its header says" "send exactly one frame";
    FcpcAeadInvalid "fcpc.aead_invalid" "§9.4, D138" "the frame does not authenticate" "seal with the session's context key";
    FcpcBacklog "fcpc.backlog" "§9.4" "too much waits to be written to the stream" "write what waits, then go on";
    FcpcExhausted "fcpc.exhausted" "§9.4, D140" "the stream has used up its sequence numbers" "open a new session";

    SessionTooShort "session.too_short" "D46" "the message is shorter than its header" "send the whole message";
    SessionBadMagic "session.bad_magic" "D46" "the message does not begin with `FCPH`" "send a handshake message";
    SessionUnsupportedVersion "session.unsupported_version" "D46" "the message's version is not supported" "send version 1";
    SessionUnknownType "session.unknown_type" "D46" "the message's type is none of 1 to 4" "send a hello, retry, ack or signed frame";
    SessionTooLarge "session.too_large" "D46" "the message's body is longer than 16384 bytes" "send fewer attestations";
    SessionLengthMismatch "session.length_mismatch" "D46" "the message is not as long as its header says" "send exactly one message";
    SessionAttestations "session.attestations" "D46" "the message carries more than four attestations" "send the sender's own attestation and enrollment";
    SessionBadOffer "session.bad_offer" "D44" "the offer is empty, longer than 8 or names a suite twice" "offer each suite once";
    SessionBadLimits "session.bad_limits" "§4.3.1, D73" "the datagram limit is not from 432 to 65507 bytes" "choose another limit";
    SessionBadId "session.bad_session_id" "D46, D47" "the session id is zero or begins like another message" "draw the id at random";
    SessionWrongPeer "session.wrong_peer" "§4.2" "the message is for another node, or not from the expected one" "address the right node";
    SessionClockSkew "session.clock_skew" "§4.2, D7" "the message's time is too far from now" "check the clocks";
    SessionNoCommonSuite "session.no_common_suite" "§4.2, D44" "none of the offered suites is supported" "offer suite 1";
    SessionSuiteNotOffered "session.suite_not_offered" "D43" "the answer's suite was not offered" "choose a suite of the offer";
    SessionCookieInvalid "session.cookie_invalid" "§4.2, D45" "the cookie was not made for this hello and address, or is too old" "begin again without a cookie";
    SessionReplayedHello "session.replayed_hello" "D47" "the hello was answered before" "begin again with a fresh nonce";
    SessionBadSignature "session.bad_signature" "§4.2, D42" "the message's signature does not verify" "sign the transcript with the attested node key";
    SessionZeroSharedSecret "session.zero_shared_secret" "§4.2, D47" "the key exchange gives zero" "use a proper ephemeral key";
    SessionIdInUse "session.id_in_use" "D47" "the answer's session id is already in use" "draw a fresh id";
    SessionUnexpected "session.unexpected_message" "§4.2, D44" "the message answers no hello that is under way" "begin with a hello";
    SessionCollision "session.collision" "D47" "both nodes began a handshake at once and this node's goes ahead" "answer the other hello";
    SessionOverloaded "session.overloaded" "§8.4" "the table of sessions or hellos is full" "try again later";
    SessionTimedOut "session.timed_out" "§4.2" "the peer did not answer the hello" "check the address and try again";
    SessionUnknown "session.unknown" "§4.2.2, D52" "no such session is open" "open a session";
    SessionRekeyRequired "session.rekey_required" "§4.2, D54" "the session has reached a threshold and sends no more" "wait for the new session";
    SessionExpired "session.expired" "§4.2, D54" "the session has passed a threshold" "open a new session";
    SessionReplaced "session.replaced" "D47" "a newer session with the peer took its place" "use the newer session";
    SessionClosed "session.closed" "§4.2" "this node closed the session" "nothing to do";
    SessionReset "session.reset" "D50" "the process or its machine changed and all sessions were dropped" "open a new session";
    SessionKeyReplaced "session.key_replaced" "D54" "another signing key was attested for a side of the session" "open a new session";
    SessionNotAMember "session.not_a_member" "D140, D181" "the object's zone is not among the zones of both ends" "send it only to members of the zone";

    SymbolMessageHeader "symbol.message_header" "§9.2.1, D72" "the message's header is not that of an ephemeral message" "no references, a time to live of 60 s, plain provenance";
    SymbolBadWant "symbol.bad_want" "§9.2.1" "the wanted symbols are unsorted, repeated, out of range or more than allowed" "list each ESI once, ascending, at most max_symbols and 1024";
    SymbolBadHint "symbol.bad_hint" "D71" "the hint is not a sorted list of at most 256 ESIs" "list each missing ESI once, ascending";
    SymbolForeignStatus "symbol.foreign_status" "§9.2.1" "the request's decode status is about another object" "send the status of the object that is asked for";
    SymbolWrongRequester "symbol.wrong_requester" "§9.2.1" "the request names another requester than the session's peer" "ask in one's own name";
    SymbolStaleRequest "symbol.stale_request" "§9.2.1" "the request's time is too far from now" "check the clocks";
    SymbolSignature "symbol.signature" "§9.2.1, D71" "the message is signed inside a session, or not signed outside of one" "sign outside of sessions only";

    GossipBadFilter "gossip.bad_filter" "§8.2, D218" "the bytes are no filter of version 1, or its lengths do not agree" "send the filter as it was made";
    GossipBadTable "gossip.bad_table" "D132" "the bytes are no table of version 1, or the number of cells is none" "use a multiple of 4 from 4 to 4096";
    GossipBadRange "gossip.bad_range" "D132, D218" "the id space has no such part" "name at most 12 leading bits";
    GossipBadList "gossip.bad_list" "D218" "the list is not that of sorted items of its set and range, or too long" "list each item once, ascending, at most 65536";
    GossipBadEpoch "gossip.bad_epoch" "§8.2, D219" "the summary's epoch is not that of its time" "name the epoch that the time is in";
    GossipFilterKeys "gossip.filter_keys" "D218" "the keys are more than 2097152, or no filter can be made of them" "make one filter for each part of the id space";
    GossipTooLarge "gossip.too_large" "§8.2, D132" "more differs than fits the table" "use a larger table, or divide the id space";
    GossipInconsistent "gossip.inconsistent" "§8.2, D132" "the table contradicts itself or the sets that it was made of" "send the table of one's own set";
    GossipWrongSender "gossip.wrong_sender" "D219" "the summary is of another node than the session's peer" "send one's own summary";
    GossipClockSkew "gossip.clock_skew" "D133" "the summary's time is too far from now" "check the clocks";
    GossipStale "gossip.stale" "D133" "the summary is not newer than the last one from the node" "send each summary once, with a later time";
    GossipUnasked "gossip.unasked" "D219" "the message answers no request" "answer what was asked for, once";
    GossipBudget "gossip.budget" "§8.4, D219" "the peer has used up what is done for it in a minute" "try again later";

    EnrollmentWrongZone "enrollment.wrong_zone" "§19.4, D4" "the enrollment is not an object of z:owner" "issue it in z:owner";
    EnrollmentBadWindow "enrollment.bad_window" "§19.4" "the enrollment expires before it is issued" "issue it with a later expiry";
    EnrollmentNotYetValid "enrollment.not_yet_valid" "D7" "the enrollment is issued in the future" "check the clocks";
    EnrollmentExpired "enrollment.expired" "§19.4" "the enrollment has expired" "have the owner issue a new one";
    EnrollmentRevoked "enrollment.revoked" "§14.3, D164" "the enrollment is revoked" "enroll the device anew";
    EnrollmentNodeMismatch "enrollment.node_mismatch" "D181" "attestation and enrollment are of different nodes" "present the two of one node";
    EnrollmentKeyMismatch "enrollment.key_mismatch" "D181" "attestation and enrollment name different signing keys" "have the owner enroll the attested key";

    QuorumTooFewNodes "quorum.too_few_nodes" "§18.2, D179" "there are fewer than 3f + 1 nodes" "lower the number of tolerated faults or add nodes";

    SignMalformed "sign.malformed" "D8" "a key or signature is not canonical or has small order" "use canonical Ed25519 keys and signatures";
    SignBadSignature "sign.bad_signature" "§3.5.1" "the signature does not verify" "sign the exact unsigned view with the right key";

    ZoneParentMissing "zone.parent_missing" "§5.1, D75" "the definition of the zone's parent is not held or not valid" "fetch the parent's definition";
    ZoneExceedsParent "zone.exceeds_parent" "§5.1 rule 2" "a zone's level is above its parent's" "lower the zone's levels to its parent's";
    ZoneUnknown "zone.unknown" "D74" "no valid definition of the zone is held" "fetch the zone's definition";
    ZoneHeadsMismatch "zone.heads_mismatch" "§3.8, D81" "definition, policy and key manifest are of different zones" "take the three objects that one checkpoint names";
    ZonePolicyPrincipalDenied "zone_policy.principal_denied" "§5.3, D78" "the zone's policy denies the principal" "have the owner change the policy";
    ZonePolicyPrincipalNotAllowed "zone_policy.principal_not_allowed" "§5.3, D76" "the zone's policy does not allow the principal" "have the owner list the principal";
    ZonePolicyConnectorDenied "zone_policy.connector_denied" "§5.3, D78" "the zone's policy denies the connector" "have the owner change the policy";
    ZonePolicyConnectorNotAllowed "zone_policy.connector_not_allowed" "§5.3, D76" "the zone's policy does not allow the connector" "have the owner list the connector";
    ZonePolicyCapabilityDenied "zone_policy.capability_denied" "§5.3, D78" "the zone's policy denies the capability" "have the owner change the policy";
    ZonePolicyCapabilityNotAllowed "zone_policy.capability_not_allowed" "§5.3, D76" "the zone's policy does not allow the capability" "have the owner list the capability";
    ZonePolicyDegraded "zone_policy.degraded" "§5.2.1, D81" "the zone's definition and its checkpoint name different policies" "accept a checkpoint that names the definition's policy";
    ZonePolicyListOrder "zone_policy.list_order" "D200" "a list of the policy is not sorted and unique" "sort the list bytewise, each entry once";
    ZonePolicyUnsupportedProfile "zone_policy.unsupported_profile" "§5.5, D93" "the zone asks for a key agreement that this implementation does not have" "use a node with that support, or let the zone distribute its keys by manifest";

    TokenMalformed "token.malformed" "§7.5.1, D109" "the token is not in its one form" "send an untagged COSE_Sign1 with canonical claims";
    TokenBadClaim "token.bad_claim" "§7.5.1, D107, D108" "a claim has another type or form than its key demands" "encode the claim as the table of claims says";
    TokenUnknownClaim "token.unknown_claim" "§7.5.1, D107, D113" "the token has a claim that is not in the table" "leave it out; a not-before claim does not exist";
    TokenMissingClaim "token.missing_claim" "§7.5.1, D111" "a required claim is missing" "write every required claim, and both checkpoint claims or none";
    TokenTooLarge "token.too_large" "§7.5" "the token's claims are longer than 64 KiB" "claim and cite less in one token";
    TokenIssuerUnknown "token.issuer_unknown" "§7.5" "no attested issuance key of the issuing node has the token's key id" "fetch the issuer's attestation, or have a known node mint the token";
    TokenSignatureInvalid "token.signature_invalid" "§7.5, D109" "the issuance key did not sign the token" "have the token minted anew";
    TokenBadLifetime "token.bad_lifetime" "D112" "the token's lifetime is empty or too long" "mint it for at most a day, for risky operations at most 900 s";
    TokenNotYetValid "token.not_yet_valid" "§7.5, D113" "the token is issued in the future" "check the clocks";
    TokenExpired "token.expired" "§7.5, D7" "the token has expired" "have a new token minted";
    TokenZoneMismatch "token.zone_mismatch" "D107" "request and token name different zones" "use a token of the request's zone";
    TokenAudMismatch "token.aud_mismatch" "§7.5 rule 1" "the token is meant for another connector" "use a token for this connector";
    TokenInstanceMismatch "token.instance_mismatch" "§7.5" "the token is meant for another instance of the connector" "use a token for this instance, or for none in particular";
    TokenBinaryMissing "token.binary_missing" "§7.5 rule 1" "the token does not name the connector's binary, which a risky operation needs" "mint the token for the connector's current binary";
    TokenBinaryMismatch "token.binary_mismatch" "§7.5 rule 1, D107" "the token is meant for another build of the connector" "mint the token for the connector's current binary";
    TokenIssuerNotAllowed "token.issuer_not_allowed" "D107, D200" "the zone's policy does not let this node issue tokens for this subject" "list the node with a pattern for the subject among the policy's token issuers";
    TokenIssuerNotMember "token.issuer_not_member" "D107, D181" "the issuing node is not a member of the zone" "enroll it for the zone, or have a member mint the token";
    TokenHolderNotMember "token.holder_not_member" "D107, D181" "the holding node is not a member of the zone" "enroll it for the zone, or hold the token on a member";
    TokenHolderMissing "token.holder_missing" "§7.5 rule 4, D116" "the token names no holder, which a risky operation needs" "mint the token for the node that will use it";
    TokenCheckpointMissing "token.checkpoint_missing" "§7.5 rule 3, D111" "the token is not bound to a checkpoint" "mint it with the accepted checkpoint; only safe operations in z:public go without";
    TokenCheckpointFork "token.checkpoint_fork" "D111" "the token was minted under a checkpoint of a fork" "resolve the fork and have the token minted anew";
    TokenAttenuationExpands "token.attenuation_expands" "§7.5" "the token's attenuation reaches beyond the cited grants" "attenuate within the grants, or cite more of them";

    HolderProofMissing "holder_proof.missing" "§7.5 rule 4, D116" "the token names a holder but the request carries no proof" "sign the transcript with the holder's signing key";
    HolderProofBadNonce "holder_proof.bad_nonce" "D114" "the proof's nonce is neither the challenge nor of a current epoch" "sign the verifier's challenge, or a nonce of the current epoch";
    HolderProofBadSignature "holder_proof.bad_signature" "§7.5 rule 4, D114" "the holder did not sign this request with this nonce" "sign the transcript of this very request";
    HolderProofHolderUnknown "holder_proof.holder_unknown" "D116" "no valid attestation of the holding node is held" "fetch the holder's attestation";
    HolderProofReplayed "holder_proof.replayed" "D114" "the proof was used before" "sign a new nonce";
    HolderProofOverloaded "holder_proof.overloaded" "D114" "more proofs are remembered than there is room for" "try again when some tokens have expired";

    GrantMissing "grant.missing" "§7.5, D129" "a grant that the token cites is not held" "fetch the grant, or mint a token that cites held ones";
    GrantWrongZone "grant.wrong_zone" "D107" "a grant is of another zone than the token" "cite grants of the token's zone";
    GrantNotValid "grant.not_valid" "D118" "the grant's validity does not cover the token's" "mint within the grant's validity, or have the grant renewed";
    GrantWrongGrantee "grant.wrong_grantee" "D118" "the grant is for somebody else" "have the owner grant it to the token's subject";
    GrantBearerNotSafe "grant.bearer_not_safe" "D118" "a bearer grant covers safe operations only" "have the owner grant it to a principal, a zone or a tag";
    GrantInsufficient "grant.insufficient" "§7.5" "no cited grant gives what the token claims" "cite a grant of each claimed capability";
    GrantBadResourceUri "grant.bad_resource_uri" "D121" "a resource's URI is not in its one form" "write the URI canonically";
    GrantDeviceNotAllowed "grant.device_not_allowed" "§7.4, D174" "the grant's placement keeps this device or zone out" "run it on another device, or have the owner change the grant";
    GrantDeviceUnproven "grant.device_unproven" "§7.4" "nothing proves that the device has what the grant's placement requires" "require an attested tag instead, or run it on another device";
    GrantResourceUnknown "grant.resource_unknown" "D121" "a resource that the request names is not held" "fetch the resource object";
    GrantResourceDenied "grant.resource_denied" "§7.3, D121" "a resource is under a denied prefix" "leave the resource out, or have the owner change the grant";
    GrantResourceNotAllowed "grant.resource_not_allowed" "§7.3, D121" "no pattern allows a resource" "have the owner allow the resource in the grant, and attenuate less";
    GrantCallsSpent "grant.calls_spent" "§7.3, D122" "the allowed number of calls is used up" "have the owner issue a new grant";
    GrantBytesSpent "grant.bytes_spent" "§7.3, D122" "the allowed number of bytes is used up" "send less, or have the owner issue a new grant";

    LeaseMissing "lease.missing" "§15.1" "a risky operation needs a lease" "acquire a lease on the operation";
    LeaseExpired "lease.expired" "§15.1, D170" "the lease has expired" "renew the lease";

    ExecutionWrongNode "execution.wrong_node" "D114" "the request is meant for another node" "send it to its target node";
    ExecutionOutcomeUnknown "execution.outcome_unknown" "§9.5, D143, D146" "the operation was begun before and nobody knows whether it happened" "find out at the service, and have the intent resolved";

    IdempotencyBadKey "idempotency.bad_key" "D143" "the idempotency key is empty or longer than 128 bytes" "use 1 to 128 bytes";
    IdempotencyKeyRequired "idempotency.key_required" "D144" "the operation needs an idempotency key" "name the intention with a key of its own";
    IdempotencyConflict "idempotency.conflict" "D143" "the idempotency key was used for another input" "use a new key for a new intention";

    CapabilityInsufficient "capability.insufficient" "§7.5, §23.4" "the token does not give the operation's capability" "have a token minted that gives it";
    CapabilityConflict "capability.conflict" "D123" "the token joins capabilities that exclude each other" "mint a token for each of them";
    CapabilityUnknownOperation "capability.unknown_operation" "D102" "the connector has no such operation" "ask the connector for its operations";
    CapabilityBadRateLimit "capability.bad_rate_limit" "D158" "the text is no rate limit" "write it like `60/min`";
    CapabilityHostInId "capability.host_in_id" "§7.1" "a capability's name carries a host" "put the host into network constraints";

    OwnerBadRoster "owner.bad_roster" "§2.2.1, D199" "the participants are not 2 ≤ k ≤ n ≤ 255 nodes, each once with keys of its own" "list each node once and choose k from 2 to n";
    OwnerNotInRoster "owner.not_in_roster" "§2.2.1, D199" "the node or share is not in the roster" "use the roster that all participants agreed upon";
    OwnerOtherCeremony "owner.other_ceremony" "D199" "the package is of another key generation or signature" "send packages of this run only";
    OwnerOtherKey "owner.other_key" "§2.2.1, D202" "the share or package is of another owner key" "use the shares of this owner key";
    OwnerOtherView "owner.other_view" "D199" "two participants saw different round-1 packages" "start again, and look at whose packages differ";
    OwnerOtherPreimage "owner.other_preimage" "D202" "the bytes to be signed are not those of the object at hand" "sign only what was decoded here";
    OwnerBadPackage "owner.bad_package" "§2.2.1, D202" "a package of the owner key's rounds is malformed" "encode points and scalars as RFC 9591 does";
    OwnerMissingPackage "owner.missing_package" "§2.2.1" "the package of a participant is missing" "wait for every participant";
    OwnerDuplicatePackage "owner.duplicate_package" "§2.2.1" "a participant has two packages" "take one package of each participant";
    OwnerBadProof "owner.bad_proof" "D199" "a participant does not prove what it commits to" "leave the participant out and start again";
    OwnerBadShare "owner.bad_share" "D199, D202" "a share does not fit what is public of it" "leave the participant out and start again";
    OwnerShareIdMismatch "owner.share_id_mismatch" "D10" "the sealed share has another number than the object" "seal the share that the object names";
    OwnerTooFewSigners "owner.too_few_signers" "§2.2.1" "there are fewer signers than the threshold" "gather k signers";

    ExecutionBadConfiguration "execution.bad_configuration" "§10.3" "the configuration is not what the connector takes" "follow the connector's documentation";
    ExecutionBadInput "execution.bad_input" "§10.3, appendix E" "the input does not fit the operation" "follow the operation's input schema";
    ExecutionBadOutput "execution.bad_output" "§10.3" "the result does not fit the operation's output schema" "report it to the connector's author; the operation may have taken effect";
    ExecutionBadResponse "execution.bad_response" "§11.2.1" "the remote service answered something unexpected" "look at the service, or report it to the connector's author";
    ExecutionBadState "execution.bad_state" "§10.4" "an entry of the connector's state has another form" "migrate the state to the connector's version";
    ExecutionBusy "execution.busy" "§10.3" "the connector runs as many calls as it can" "try again when a call has ended";
    ExecutionConnectorFailed "execution.connector_failed" "§10.3" "the connector could not do what it was asked" "see the message";
    ExecutionEffectMismatch "execution.effect_mismatch" "§10.3" "an effect was answered with the result of another" "report it to the node's author";
    ExecutionEffectUnsupported "execution.effect_unsupported" "§10.1" "the host does not perform this effect" "run the connector on a node that does";
    ExecutionFileDenied "execution.file_denied" "§10.1" "the file or its directory is not granted" "grant the directory to the connector";
    ExecutionFileExists "execution.file_exists" "§10.1" "a file of that name is there already" "choose another name, or replace it";
    ExecutionFileKind "execution.file_kind" "§10.1" "what stands at the path is of another kind" "name a file where a file is wanted and a directory where a directory is";
    ExecutionFileNotFound "execution.file_not_found" "§10.1" "nothing stands at the path" "list the directory";
    ExecutionFilePath "execution.file_path" "§10.1" "the text is not a path below a granted directory" "use a relative path without `..`, empty parts, control characters and backslashes";
    ExecutionFileTooLarge "execution.file_too_large" "§10.1" "the file is larger than allowed" "read or write it in parts";
    ExecutionHttpStatus "execution.http_status" "§11.2.1" "the remote service answered with a status that is no success" "see the status";
    ExecutionHttpSyntax "execution.http_syntax" "§11.2.1" "a method, header or part of a URL cannot be sent" "use the characters that RFC 9110 and RFC 3986 allow";
    ExecutionInterrupted "execution.interrupted" "§10.2, D146" "the connector's process ended before the call did" "see the node's log; whether the operation took effect has to be found out";
    ExecutionMessageTooLarge "execution.message_too_large" "§9.2" "a message between node and connector is longer than 4 MiB" "ask for less at once";
    ExecutionNotReady "execution.not_ready" "§10.2" "the connector is not bound, not configured or shutting down" "bind and configure it first";
    ExecutionNotStarted "execution.not_started" "§10.2" "the connector's process does not start" "see the node's log";
    ExecutionProtocol "execution.protocol" "§9.2" "a message is not one that the local protocol has at this point" "report it to the author of node or connector";
    ExecutionStalled "execution.stalled" "§10.3" "the connector waits for something that is no effect" "report it to the connector's author";
    ExecutionStorageFailed "execution.storage_failed" "§10.1" "the device's storage failed" "look at the device; whether the last write is there has to be found out";
    ExecutionStorageFull "execution.storage_full" "§10.1" "there is no room left for it" "make room and try again";
    ExecutionTimedOut "execution.timed_out" "§11.2, D170" "the call took longer than it may" "whether the operation took effect has to be found out; ask for less at once";
    ExecutionUnknownOperation "execution.unknown_operation" "§10.3" "the connector has no operation of that name" "use one that the manifest lists";

    EgressUnavailable "egress.unavailable" "§11.2.1" "the node has no network guard, and nothing is sent without one" "run the connector on a node that has one";

    RevocationStaleFrontier "revocation.stale_frontier" "§14.3.1, D162" "the accepted checkpoint is too old, or none is held" "reach the zone's other nodes, so that a new checkpoint is accepted";
    RevocationIncomplete "revocation.incomplete" "D162" "not every revocation that the checkpoint names is held" "fetch the zone's revocation chain";
    RevocationBrokenLink "revocation.broken_link" "§14.3" "an event's `prev` is not the event before it" "fetch the chain from another node";
    RevocationBadSequence "revocation.bad_sequence" "§14.3, D167" "an event's sequence is not the previous one plus 1" "count from 1 without gaps";
    RevocationObjectMissing "revocation.object_missing" "D162" "the revocation that an event chains is not held" "fetch the revocation";
    RevocationBadSignature "revocation.bad_signature" "§14.3, D167" "neither the owner nor an attested node signed the event" "have the owner or the coordinator sign it";
    RevocationBadHead "revocation.bad_head" "§14.3, D34" "the head is not the end of the chain" "name the last event and its sequence";
    RevocationToken "revocation.token" "§14.3, D164" "the token is revoked" "have a new token minted";
    RevocationIssuer "revocation.issuer" "§14.3, D165" "the issuing node's attestation or enrollment is revoked" "have another node mint the token";
    RevocationHolder "revocation.holder" "§14.3, D165" "the holding node's attestation or enrollment is revoked" "use a token of another node";
    RevocationGrant "revocation.grant" "§14.3, D165" "a grant that the token cites is revoked" "have the owner grant it anew";
    RevocationBinary "revocation.binary" "§14.3, D164, D165" "the connector's build is revoked" "install another build";
    RevocationZoneKey "revocation.zone_key" "§14.3, D165" "the zone's active key manifest is revoked" "wait for the checkpoint that names the next one";
    RevocationApproval "revocation.approval" "§14.3, D165" "an approval is revoked" "have it approved anew";

    CheckpointBehind "checkpoint.behind" "§3.8, D111" "the accepted checkpoint is older than the one that the token names" "fetch the zone's newer checkpoint";
    CheckpointBadSequence "checkpoint.bad_sequence" "§3.8, D34" "sequence and previous checkpoint contradict each other" "begin with 1 and no previous one, and name the previous one from then on";
    CheckpointBadHeads "checkpoint.bad_heads" "§3.8, D34" "a head is zero with a sequence, or the other way round" "write 32 zero bytes exactly when the sequence is 0";
    CheckpointBadEpoch "checkpoint.bad_epoch" "§3.8, D32" "the epoch is not that of the time of creation" "divide the time of creation by 300";
    CheckpointWrongZone "checkpoint.wrong_zone" "§3.8" "the object is of another zone" "keep each zone's checkpoints by themselves";
    CheckpointNoAnchor "checkpoint.no_anchor" "D201" "no checkpoint is accepted yet and no anchor names this one" "fetch the zone's anchor";
    CheckpointAnchorMismatch "checkpoint.anchor_mismatch" "D201" "anchor and checkpoint do not belong together" "anchor the checkpoint's own id, sequence and policy";
    CheckpointAnchorGeneration "checkpoint.anchor_generation" "D201" "the anchor's generation is not above the last one" "issue anchors with rising generations";
    CheckpointRollback "checkpoint.rollback" "§3.8 rule 4, D33" "the checkpoint lies before the accepted one" "send the newest checkpoint";
    CheckpointRegress "checkpoint.regress" "§3.8, D33" "a head's sequence or the epoch lies before that of the accepted checkpoint" "carry every head forward";
    CheckpointNotDescended "checkpoint.not_descended" "D32, D90" "a head does not descend from the accepted checkpoint's" "extend the accepted chain";
    CheckpointFork "checkpoint.fork" "§3.8 rule 5, D33" "two checkpoints with a quorum contradict each other" "have the owner issue an anchor";
    CheckpointFrozen "checkpoint.frozen" "§23.4, D33" "the zone's checkpoints are frozen after a fork" "have the owner issue an anchor";
    CheckpointFuture "checkpoint.future" "D163" "the checkpoint was created in the future" "check the clocks";
    CheckpointNoQuorum "checkpoint.no_quorum" "§3.8 rule 3, D32" "too few eligible nodes signed" "collect more signatures";
    CheckpointMissing "checkpoint.missing" "D32" "objects that the checkpoint names are not held" "fetch them";
    CheckpointRevokedManifest "checkpoint.revoked_manifest" "D90" "the zone key manifest is revoked" "have the owner rotate the zone's keys";
    CheckpointNotASigner "checkpoint.not_a_signer" "D32" "the node is not among the zone's checkpoint signers" "have the owner change the policy";
    CheckpointOutOfTurn "checkpoint.out_of_turn" "D171, D172" "a better coordinator answered a moment ago" "wait for the failover time of the rank";
    CheckpointClockSkew "checkpoint.clock_skew" "D32" "the proposal's time of creation is too far from now" "check the clocks and propose again";
    CheckpointWrongPrev "checkpoint.wrong_prev" "D32" "the proposal does not continue the accepted checkpoint" "continue the checkpoint that the signers accepted";
    CheckpointAlreadyVoted "checkpoint.already_voted" "D32" "the node voted for another proposal of this sequence" "propose what the node voted for";
    CheckpointNotVoid "checkpoint.not_void" "D172" "a skipped sequence could still reach its quorum" "wait for more votes, or have the owner issue an anchor";
    CheckpointTooLarge "checkpoint.too_large" "D211" "a head, a checkpoint or its signatures are longer than a signer takes" "send what the draft makes, with nothing added";

    AuditBrokenLink "audit.broken_link" "§23.4, D185" "an event's `prev` is not the event before it" "fetch the chain from another node";
    AuditBadSequence "audit.bad_sequence" "§23.4, D185" "an event's sequence is not the previous one plus 1" "count from 1 without gaps";
    AuditWrongZone "audit.wrong_zone" "§23.4" "the object is of another zone than the chain" "keep each zone's chain by itself";
    AuditBadSignature "audit.bad_signature" "§23.4" "no node that was attested then signed the event" "fetch the event from another node, or its signer's attestation";
    AuditBadHead "audit.bad_head" "§23.4, D34" "the head is not the end of the chain" "name the last event and its sequence";
    AuditSequenced "audit.sequenced" "D185" "a submitted event has a place in the chain already" "submit the event without sequence and previous event";
    AuditBadTime "audit.bad_time" "D185" "an event is of a time that has not come" "set the clock of the node that executed it";
    AuditTooLarge "audit.too_large" "D185" "an event is longer than 16 KiB" "refer to what is long by its object id";
    AuditQueueFull "audit.queue_full" "D185" "as many events wait as are allowed" "submit the event again later";
    AuditBadReceipt "audit.bad_receipt" "§23.4, D190" "a decision receipt's outcome and reason contradict each other" "give `allow` for an allow and a reason for a denial";
    AuditEvidenceOrder "audit.evidence_order" "D190" "the evidence is not sorted, each id once" "sort the ids bytewise, each once";

    ZoneKeyNotYetValid "zone_key.not_yet_valid" "§5.2.1, D90" "the key manifest is of the future" "check the clocks";
    ZoneKeyNotAMember "zone_key.not_a_member" "§5.2.1" "the key manifest has no box for this node and key" "have the owner make a manifest for the node's attested key";
    ZoneKeyLength "zone_key.length" "§5.2.1" "a sealed key is not 32 bytes long" "seal the 32 bytes of the key";
    ZoneKeyListOrder "zone_key.list_order" "D200" "the manifest's boxes are not sorted by node and key, each once" "sort the boxes";
    ZoneKeyWindow "zone_key.window" "§5.2.1" "the manifest ends before it begins" "end it later";
    ZoneKeyNotASuccessor "zone_key.not_a_successor" "D90" "the manifest does not follow the one before it" "name the key that it takes the place of";
    ZoneKeyIdReused "zone_key.id_reused" "D89" "a key id stands for another key than before" "draw a new id for each key";
    ZoneKeyRatchetTooFar "zone_key.ratchet_too_far" "D91" "the epoch ratchet would need more than 2^20 steps" "make a new manifest";
    ZoneKeyUnknown "zone_key.unknown" "§5.2.1" "no zone key of that id is held" "fetch the manifest";
    ZoneKeyNoActive "zone_key.no_active" "D90" "no manifest that a checkpoint names gives this node a key" "fetch the manifest of the checkpoint";
    ZoneKeyRevoked "zone_key.revoked" "§14.3, D90" "the manifest of the zone key is revoked" "rotate the key";
    ZoneKeyExpired "zone_key.expired" "D90" "the zone key's time is over" "seal with the active key";
    ZoneKeyNoEpochKey "zone_key.no_epoch_key" "D91" "the epoch's key is deleted or not derived yet" "seal in the current epoch";
    ZoneKeyNoObjectIdKey "zone_key.no_object_id_key" "D16" "no object-id key that was valid then is held" "fetch the zone's manifests";

    TaintForbiddenTier "taint.forbidden_tier" "§6.2, D102" "the operation's tier is forbidden or unknown" "use another operation";
    TaintPublicInputDangerous "taint.public_input_dangerous" "§6.2 rule 1" "input that anybody could have written asks for a dangerous operation" "present a sanitizer receipt that covers the input";
    TaintElevationRequired "taint.elevation_required" "§6.2 rule 2, D101" "the input is trusted less than the zone" "present an elevation approval";

    ProvenanceEmpty "provenance.empty" "D97" "there is nothing to merge" "name at least one input";
    ProvenanceUnknownInput "provenance.unknown_input" "D100" "an input that the request names is not held" "fetch the input first";
    ProvenanceTooManyInputs "provenance.too_many_inputs" "D100" "the request names more than 1024 inputs or reductions" "name what it is made from, in several requests if need be";

    CrossingElevationRequired "crossing.elevation_required" "§5.1, D103" "the data would enter a zone of higher integrity" "present an elevation approval for exactly this data";
    CrossingDeclassificationRequired "crossing.declassification_required" "§5.1, D103" "the data would leave for a less secret place" "present a declassification approval for exactly this data";

    ApprovalNotYetValid "approval.not_yet_valid" "§5.2.1, D7" "the approval is issued in the future" "check the clocks";
    ApprovalExpired "approval.expired" "§5.2.1, D7" "the approval has expired" "have it approved again";
    ApprovalWrongZone "approval.wrong_zone" "D84, D130" "the approval is of another zone" "have it approved in this zone";
    ApprovalNotListed "approval.not_listed" "D84" "the zone's policy does not list the approver for this, and the owner did not sign" "have a listed approver or the owner approve";
    ApprovalTargetTooHigh "approval.target_too_high" "D83" "the elevation goes above the zone's own integrity" "elevate to the zone's level at most";
    ApprovalUnbounded "approval.unbounded" "§5.2.1 rule 4" "the approval has neither an input hash nor a constraint" "bind it to its input";
    ApprovalTooManyConstraints "approval.too_many_constraints" "§5.2.1 rule 5" "the approval has more than 64 constraints" "bind the input by its hash";
    ApprovalValueTooLarge "approval.value_too_large" "§5.2.1 rule 5" "a constraint's value is longer than 4 KiB" "bind the input by its hash";

    ApprovalRequired "approval.required" "§7.2, §8.1" "the operation needs an approval and none was presented" "have an approver approve this very request, and present the approval";
    ApprovalMissing "approval.missing" "§5.2.1" "an approval that the request presents is not held" "send the approval along";
    ApprovalTooMany "approval.too_many" "§5.2.1" "the request presents more than 64 approvals" "present those that it needs";
    ApprovalWrongOperation "approval.wrong_operation" "§5.2.1, D130" "the approval is for another connector or operation" "have this operation approved";
    ApprovalWrongRequest "approval.wrong_request" "§5.2.1 rule 1, D88" "the approval is for another request" "have this request approved; one with another token is another request";
    ApprovalWrongInput "approval.wrong_input" "D87, D88" "the approval is for another input" "have this input approved";
    ApprovalUnbound "approval.unbound" "D83, D88" "the approval does not name request and input, which a risky operation needs" "have this very request and input approved";
    ApprovalConstraintFailed "approval.constraint_failed" "§5.2.1, D86" "the input does not meet a constraint of the approval" "keep to what was approved";
    ApprovalUncoveredField "approval.uncovered_field" "§5.2.1 rule 4, D85" "a field of the input is covered by no constraint of the approval" "constrain every field, or name the input's hash";
    ApprovalWrongProvenance "approval.wrong_provenance" "§6.3, D130" "the elevation was given for another provenance than the request's" "have exactly this provenance elevated";
    ApprovalWorseProvenance "approval.worse_provenance" "D130" "the input comes from worse than what the elevation was given for" "state the provenance fully, and have that elevated";
    ApprovalWrongTarget "approval.wrong_target" "D83" "the approval's zones or level are not those of this flow" "have it approved for this place and level";
    ApprovalWrongObjects "approval.wrong_objects" "D83, D130" "the declassification does not name everything that leaves" "name each object, and the request for its inline data";
    ResourceDigestIncomplete "resource.digest_incomplete" "§6.1, D106" "of a resource's digest and its algorithm only one is there" "give both or neither";
    ResourceDigestAlgorithm "resource.digest_algorithm" "§6.1, D106" "the digest is not made with blake3-256" "use blake3-256";

    GlobInvalidPattern "glob.invalid_pattern" "§5.2.1, §5.3, D79" "the pattern is longer than 128 bytes or not ASCII" "shorten it and use ASCII";

    ManifestBadSchema "manifest.bad_schema" "§11.1" "a schema is no JSON Schema of draft 2020-12 that stands by itself" "correct the schema; refer only to its own parts";
    ManifestBadValue "manifest.bad_value" "§11.1" "a value is none that the key takes" "use a value that the message lists";
    ManifestBadVersion "manifest.bad_version" "§11.1, D156" "a version is not of its grammar" "write `MAJOR.MINOR.PATCH`, and protocols as `name/MAJOR.MINOR`";
    ManifestContradiction "manifest.contradiction" "§11.1" "two parts of the manifest contradict each other" "decide for one of them";
    ManifestDuplicate "manifest.duplicate" "§11.1" "something is listed twice" "list it once";
    ManifestFloatOrDate "manifest.float_or_date" "D153" "a float or date stands in the manifest" "use an integer or a string";
    ManifestIncompatible "manifest.incompatible" "§11.1" "the node cannot run this connector" "update the node, or use another version of the connector";
    ManifestInterfaceHashMismatch "manifest.interface_hash_mismatch" "§11.1 rule 5, D152" "the interface hash is not that of the operations and events" "write the hash that the message computes";
    ManifestInterfaceHashSyntax "manifest.interface_hash_syntax" "§11.1 rule 5, D152" "the interface hash is not of its form" "write `blake3-256:fcp.interface.v2:` and 64 lower-case hexadecimal digits";
    ManifestMissingKey "manifest.missing_key" "§11.1" "a key is missing" "add it";
    ManifestSyntax "manifest.syntax" "§11.1" "the text is not TOML, or longer than 1 MiB" "correct the syntax";
    ManifestUndeclaredOperation "manifest.undeclared_operation" "§10.3" "the operations of manifest and program differ" "make them the same";
    ManifestUnknownFeature "manifest.unknown_feature" "§11.1 rule 3, D157" "a required protocol feature is unknown" "require features of the published list";
    ManifestUnknownKey "manifest.unknown_key" "§11.1" "a key is unknown" "remove it, or correct its name";
    ManifestWrongType "manifest.wrong_type" "§11.1" "a value has another type than the key takes" "use the type that the message names";

    EventBufferFull "event.buffer_full" "§20.1, D228" "the buffer of events is full" "wait until an epoch is over, or raise the limit";
    EventCount "event.count" "§20.1, D228" "a batch holds no event, or more than 4096" "make further parts, and none without events";
    EventEpoch "event.epoch" "§20.1, D228" "an event, or the batch's own date, does not belong to the batch's epoch" "put events into the batch of their epoch, dated at its end";
    EventOrder "event.order" "§20.1, D228" "the events of a batch do not ascend by topic and sequence, or one stands twice" "sort them, each once";
    EventTooEarly "event.too_early" "§20.1, D228" "the event lies more than one epoch in the future" "check the clocks";
    EventTooLate "event.too_late" "§20.1, D228" "the event's epoch is over for too long" "hand events over sooner";

    PointerSyntax "pointer.syntax" "§5.2.1, RFC 6901" "the text is not a JSON pointer" "begin each token with `/` and escape `~` as `~0` and `/` as `~1`";
    PointerNotFound "pointer.not_found" "§5.2.1, D86" "nothing is at the pointer's place" "point at a value that the input has";

    QuorumSignatureOrder "quorum.signature_order" "D30" "signatures are not sorted with one entry per node" "sort by node and kid, one entry per node";

    FrameTooShort "frame.too_short" "§4.3" "the frame is shorter than its header" "send the whole frame";
    FrameTooLarge "frame.too_large" "§4.3" "the frame is longer than the receiver's limit" "send fewer or smaller symbols in a frame";
    FrameBadMagic "frame.bad_magic" "§4.3" "the frame does not begin with `FCPS`" "send a symbol frame";
    FrameUnsupportedVersion "frame.unsupported_version" "§4.3 rule 1" "the frame's version is not supported" "send version 1";
    FrameBadFlags "frame.bad_flags" "§4.3 rule 2, D64–D67" "the frame's flags are unknown, reserved or without ENCRYPTED" "set only the flags of version 1";
    FrameSymbolCount "frame.symbol_count" "§4.3 rule 3, D68" "the frame has no symbol, or more than 256" "send 1 to 256 symbols in a frame";
    FrameSymbolSize "frame.symbol_size" "§4.3 rule 3, D68" "the symbol size is not a multiple of 8 from 256 to 16384" "choose another symbol size";
    FrameLengthMismatch "frame.length_mismatch" "§4.3 rule 3, D68" "the frame's lengths contradict one another" "make the payload length count × (22 + size)";
    FrameDuplicateEsi "frame.duplicate_esi" "D51" "two symbols of the frame have one ESI" "send each symbol once in a frame";
    FrameBadK "frame.bad_k" "D61" "a symbol's K is not from 1 to 56403" "chunk larger payloads";
    FrameBadEsi "frame.bad_esi" "D61, D63" "a symbol's ESI is above 2^24 − 1, or not below K without RAPTORQ" "use the ESIs that the coding has";

    SymbolBadSize "symbol.bad_size" "D59, D68" "the symbol size is not a multiple of 8 from 256 to 16384" "choose another symbol size";
    SymbolWrongLength "symbol.wrong_length" "§4.1" "the symbol's bytes are not as many as the symbol size" "send whole symbols";
    SymbolBadK "symbol.bad_k" "D61" "K is not from 1 to 56403" "chunk larger payloads";
    SymbolBadEsi "symbol.bad_esi" "D61, D63" "the coding has no symbol of this ESI" "use the ESIs that the coding has";
    SymbolTooLarge "symbol.too_large" "D61" "the object needs more than 56403 symbols" "chunk it";
    SymbolObjectTooLarge "symbol.object_too_large" "App. B" "the object is larger than the receiver takes" "chunk it";
    SymbolConflict "symbol.conflict" "D51" "two symbols of one ESI differ" "send each symbol with the same bytes always";
    SymbolInsufficient "symbol.insufficient" "D62" "there are fewer symbols than the object needs" "ask for more symbols";
    SymbolUndecodable "symbol.undecodable" "§20" "the symbols at hand do not determine the object" "fetch the object from another source";
    SymbolDecodeBudget "symbol.decode_budget" "§8.4, App. B, D208" "decoding costs more than the budget allows" "send source symbols, or wait for the budget to recover";
    SymbolBadLength "symbol.bad_length" "D60" "the decoded length contradicts K and the symbol size" "encode length ‖ bytes ‖ zeros with the smallest K";
    SymbolBadPadding "symbol.bad_padding" "D60" "the decoded padding is not zero" "pad with zeros";
    SymbolPlacementNodes "symbol.placement_nodes" "§3.6" "too few nodes may hold symbols to meet the placement policy" "add devices, or ask for less";
    SymbolPlacementCoverage "symbol.placement_coverage" "§3.6" "the placement policy takes more symbols than the code has" "ask for less coverage, or chunk the object";
    SymbolKeyMismatch "symbol.key_mismatch" "§4.1" "the zone key at hand is not the one that the frame names" "look the key up by the frame's zone and key id";
    SymbolEpoch "symbol.epoch" "D18" "the frame's epoch is outside of the window" "seal symbols in the current epoch";
    SymbolAeadInvalid "symbol.aead_invalid" "§4.1" "a symbol does not authenticate" "seal with the sender's subkey and the right associated data";
    SymbolContexts "symbol.contexts" "D61" "the object is being reassembled in four other shapes" "send it with one K and one symbol size";
    SymbolBudget "symbol.budget" "§8.4, D61" "the memory for unfinished objects is used up" "try again later";
    SymbolSourceBudget "symbol.source_budget" "§8.4, D61" "the source's share of the memory for unfinished objects is used up" "finish or abandon objects before sending more";
    SymbolSourceRefused "symbol.source_refused" "D61" "the source's symbols made a wrong object before" "fetch the object from another source";
    SymbolNoPath "symbol.no_path" "§4.5" "no path to the peer takes symbols of the object" "reach the peer over an allowed path, with datagrams that hold a symbol";
    SymbolUnacknowledged "symbol.unacknowledged" "§4.4, §4.5" "the peer does not say that it has the object" "look whether the peer is there and takes objects of this zone";
    SymbolSendLimit "symbol.send_limit" "§4.5" "as many symbols as may be sent did not suffice" "ask again, with a larger bound";
    SymbolDeliveryFull "symbol.delivery_full" "§4.5" "as many deliveries as may be are under way" "wait until some are done";

    AdmissionBytes "admission.bytes" "§8.4" "too many bytes were sent in the last minute" "send less, or try again later";
    AdmissionSymbols "admission.symbols" "§8.4" "too many symbols were sent in the last minute" "send fewer, or try again later";
    AdmissionFailedAuth "admission.failed_auth" "§8.4" "too much did not authenticate in the last minute" "check the keys, and try again later";
    AdmissionInflightDecodes "admission.inflight_decodes" "§8.4" "too many objects were begun and are unfinished" "finish objects before beginning others";
    AdmissionDecodeCpu "admission.decode_cpu" "§8.4" "the objects of the last minute took too much decoding" "send source symbols, or try again later";
    AdmissionAmplification "admission.amplification" "§8.4, D134" "the answer to somebody unauthenticated would be more than three times as long as what came in" "open a session, or send longer requests";
    AdmissionUnauthenticated "admission.unauthenticated" "§8.4, §9.2.1" "the request is not authenticated, and its zone is not open to strangers" "open a session, or sign the request";
    AdmissionReplayed "admission.replayed" "§9.2.1" "the request was answered before" "ask anew, with the time of now";
    AdmissionRequests "admission.requests" "§8.4" "too many requests are remembered to take another" "ask for more symbols at once, or try again later";
    AdmissionQuarantineQuota "admission.quarantine_quota" "§8.4.1" "what one peer sent of the object exceeds the quarantine's quota by itself" "send objects that the zone's checkpoint reaches";
    AdmissionUnreachable "admission.unreachable" "§8.4.1, D135" "the object is neither reachable from the zone's checkpoint nor pinned" "wait for a checkpoint that reaches it, or pin it";
    AdmissionStoragePeer "admission.storage_peer" "§8.4.1" "the peer has as much stored here as it may" "store it with another node";
    AdmissionStorageZone "admission.storage_zone" "§3.7, §8.4.1" "the zone has as much stored here as it may" "store it with another node";

    DiversityNodes "diversity.nodes" "§17.2, D175" "the symbols come from too few nodes" "fetch symbols from more nodes";
    DiversityZones "diversity.zones" "§17.2, D175" "the nodes that the symbols come from are attested for too few zones" "fetch symbols from nodes of other zones";
    DiversityNodeFraction "diversity.node_fraction" "§17.2, D175" "one node gave too large a part of the symbols" "fetch symbols from other nodes";

    ChunkBadSize "chunk.bad_size" "App. B, D193" "the chunk size is not from 1024 to 1048576" "choose another chunk size";
    ChunkTooLong "chunk.too_long" "D193" "the payload is longer than 64 GiB, or has more chunks than a manifest can list" "choose a larger chunk size, or split the payload";
    ChunkCount "chunk.count" "D193" "the manifest does not list as many chunks as its length has" "list every chunk once, in order";
    ChunkForeign "chunk.foreign" "App. B" "the object is not a chunk of the manifest at this place" "fetch the chunk that the manifest names";
    ChunkBadLength "chunk.bad_length" "D193" "a chunk is not as long as its place requires" "make all but the last chunk exactly the chunk size";
    ChunkMissing "chunk.missing" "App. B" "chunks are missing" "fetch the missing chunks";
    ChunkPayloadHash "chunk.payload_hash" "D193" "the payload's hash is not the manifest's" "fetch the object from another source";

    IdIpAddress "id.ip_address" "G7" "the text is not an address in canonical form" "write the address in its canonical text form";
}

/// The text is no code of the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown reason code")]
pub struct UnknownReason;

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Reason {
    type Err = UnknownReason;

    fn from_str(code: &str) -> Result<Self, UnknownReason> {
        Self::ALL.iter().copied().find(|reason| reason.code() == code).ok_or(UnknownReason)
    }
}

impl crate::cbor::Encode for Reason {
    fn encode(&self, encoder: &mut crate::cbor::Encoder<'_>) {
        encoder.text(self.code());
    }
}

#[cfg(test)]
mod tests {
    use super::Reason;

    #[test]
    fn codes_are_unique_dotted_and_found_again() {
        for (index, reason) in Reason::ALL.iter().enumerate() {
            let code = reason.code();
            let mut parts = code.split('.');
            assert!(parts.clone().count() <= 2, "{code}");
            assert!(parts.all(|part| !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')));
            assert_eq!(code.parse::<Reason>(), Ok(*reason));
            assert!(Reason::ALL[..index].iter().all(|earlier| earlier.code() != code), "{code} stands twice");
            assert!(!reason.meaning().is_empty() && !reason.remedy().is_empty() && !reason.section().is_empty());
        }
    }
}
