//! Sessions between two nodes (§4.2, D40–D54): handshake, keys, datagrams, and the table that minds them all.
//!
//! A [`SessionTable`] is the whole of it for a node: it says and answers hellos, finds the session of each datagram, refuses
//! what is forged, replayed or late, renews sessions before they reach a threshold, and ends them when an attestation does.
//! It is sans-IO: bytes and times go in, [`Output`]s come out.
//!
//! **The law: after every call that takes `&mut self` and a time, drain [`SessionTable::poll_output`] until it gives
//! `None`.** Not before then is everything sent and the time of the next [`SessionTable::handle_timeout`] known.
//!
//! ```
//! use core::net::SocketAddr;
//! use fcp_core::id::NodeId;
//! use fcp_core::rand_core::CryptoRng;
//! use fcp_core::time::{Millis, Timestamp};
//! use fcp_symbols::session::{Attestations, AttestedKey, Output, PeerKeys, Received, SessionTable};
//!
//! /// What a program around the table does: a socket with a timer.
//! trait Outside {
//!     fn now(&self) -> Millis;
//!     fn send(&mut self, to: SocketAddr, bytes: &[u8]);
//!     /// Waits for a datagram, until the given time at most.
//!     fn receive(&mut self, until: Millis, buffer: &mut [u8]) -> Option<(usize, SocketAddr)>;
//! }
//!
//! fn run(
//!     table: &mut SessionTable,
//!     outside: &mut impl Outside,
//!     peers: &mut impl PeerKeys,
//!     rng: &mut impl CryptoRng,
//! ) {
//!     let mut timer = Millis::NEVER;
//!     let mut buffer = vec![0; 65_536];
//!     loop {
//!         while let Some(output) = table.poll_output() {
//!             match output {
//!                 Output::Send { to, bytes } => outside.send(to, &bytes),
//!                 Output::Wake(at) => timer = at,
//!                 Output::Established { peer, .. } => println!("{peer} is here"),
//!                 Output::Closed { peer, reason, .. } => println!("{peer} is gone: {reason}"),
//!                 Output::Failed { peer, .. } => return println!("{peer} does not answer"),
//!             }
//!         }
//!         match outside.receive(timer, &mut buffer) {
//!             Some((len, from)) => match table.handle_datagram(outside.now(), from, &mut buffer[..len], peers, rng) {
//!                 Ok(Received::Frame { peer, frame, .. }) => println!("{} bytes of {peer}", frame.frame.len()),
//!                 Ok(_) => {}
//!                 Err(refusal) => println!("refused: {}", refusal.reason()),
//!             },
//!             None => table.handle_timeout(outside.now(), rng),
//!         }
//!     }
//! }
//! # struct Nobody(u64);
//! # impl Outside for Nobody {
//! #     fn now(&self) -> Millis { Millis::from_millis(self.0) }
//! #     fn send(&mut self, _: SocketAddr, _: &[u8]) {}
//! #     fn receive(&mut self, until: Millis, _: &mut [u8]) -> Option<(usize, SocketAddr)> { self.0 = until.as_millis(); None }
//! # }
//! # use fcp_core::rand_core::SeedableRng as _;
//! # let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
//! # let now = Timestamp::from_secs(1_700_000_000);
//! # let key = fcp_core::sign::NodeSigningKey::generate(&mut rng);
//! # let local = fcp_symbols::session::LocalNode::new(NodeId::new("nA").unwrap(), key, now.saturating_add(86_400));
//! # let mut table = SessionTable::new(local, Default::default(), now.into(), &mut rng);
//! # table.connect(now.into(), &NodeId::new("nB").unwrap(), "192.0.2.1:1".parse().unwrap(), &mut rng).unwrap();
//! # let mut peers = |_: &NodeId, _: &Attestations, _: Timestamp| -> Option<AttestedKey> { None };
//! # run(&mut table, &mut Nobody(now.as_secs() * 1000), &mut peers, &mut rng);
//! ```
//!
//! Underneath, each part stands for itself: the states of the [`initiator`] and the [`responder`], transcripts on
//! [`MeshSessionHello`] and [`MeshSessionAck`], the key schedule in [`SessionKeys`], one open [`Session`].

mod cookie;
mod error;
mod id;
mod keys;
mod limits;
mod live;
mod messages;
mod peer;
mod policy;
mod suite;
mod table;
mod terms;

pub mod initiator;
pub mod responder;
pub mod wire;

pub use cookie::{COOKIE_KEY_SECS, CookieKeys};
pub use error::HandshakeError;
pub use id::{SessionId, SessionIdError};
pub use keys::{KeyContext, SessionKeys, ZeroSharedSecret};
pub use limits::{DEFAULT_MAX_DATAGRAM_BYTES, LimitsError, TransportLimits, effective_limit};
pub use live::{AuthenticFrame, OpenError, SendError, Session};
pub use messages::{Attestations, AttestationsError, MeshSessionAck, MeshSessionHello, MeshSessionHelloRetry};
pub use peer::{AttestedKey, Direction, LocalNode, PeerKeys, Role};
pub use policy::{SessionReplayPolicy, Volume};
pub use suite::{OfferError, SessionCryptoSuite, SuiteId, SuiteOffer};
pub use table::{CookieCounts, CookiePolicy, Output, ReceiveError, Received, SessionTable, TableConfig, TableLoad};
pub use terms::{Agreement, Terms};
