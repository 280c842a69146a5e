"""An independent peer for the Flywheel Connector Protocol v2 conformance kit.

It answers the kit's adapter protocol (one JSON request a line, one JSON
answer a line) from the specification and the protocol decisions alone, on
public Python libraries. Sections are cited as ``§4.2``, decisions as ``D41``.

    errors       a rejection and its reason code           D189
    cbor         strict deterministic CBOR                 §3.5, D24, D25
    jsonval      JSON text <-> CBOR                        D28
    blake3       BLAKE3, keyed and unkeyed
    kdf          HKDF-SHA256
    ids          identifiers                               §3.4.2, G1, D19, D21
    objects      SchemaHash, ObjectId, bodies              §3.1, §3.3, §3.6
    schema       the fields of every object                G4, G5, G7, D200
    rules        rules between fields, references          G8
    sign         Ed25519, key ids, preimages               §3.5.1, D3, D8, D9
    hpke         sealed boxes                              §3.6.1, D36, D38
    zonekeys     zone key derivation and manifests         §4.3.1, §5.2, D55, D91
    symbols      symbol encryption                         §4.1, D57
    frames       FCPS frames and datagrams                 §4.2.2, §4.3
    session      transcripts, keys, replay window          §4.2, D40-D44, D53
    fcpc         control-plane framing                     §9.4, D138
    tokens       capability tokens                         §7.5, D107-D110
    zones        zone hashes, tags, the lattice            §3.4, §5.1
    policy       globs and zone policy                     §5.3, D76-D79
    pointer      JSON Pointer                              RFC 6901
    approvals    approvals and their constraints           §5.2.1, D83-D88
    provenance   merging and taint                         §6, D94-D102
    verdicts     whether a token counts                    §7.5, D131
    calls        whether an invoke may happen              §8.1, D131
    admission    budgets, answers, quarantine, sources     §8.4, §9.2.1, §17.2, D216, D221, D222
    chunk        chunked objects                           App. B, D193
    store        what is kept, placement, repair           §3.7, §21.3, D217, D220
    manifest     connector manifests                       §11.1, D152
    checkpoint   what a checkpoint is worth                §3.8, D32, D33, D201
    quorum       quorum sizes, coordinators                §15.1, §18.2, D171
    errorcodes   error code ranges                         §24.1, D191
    ops          the operations of the adapter protocol
    adapter      JSON lines in, JSON lines out
"""

NAME = "fcp-peer-python"
__version__ = "0.1.0"
