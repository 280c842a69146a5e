//! Delivery (§4.5, §9.2.1): symbols of many objects to many peers, and from many sources, over several paths at once.
//!
//! A [`Sender`] is told what peers are to have, and says which symbols go where next; a [`Receiver`] is told what this node
//! wants, and says whom to ask for what. Both are sans-IO and hold no sockets, keys or encoders: the sender names symbols
//! at the moment at which they are to be made, the receiver takes symbols that were authenticated and opened. Paths are
//! numbers of the caller's, who has filtered them by the zone's transport policy and put the best first.
//!
//! - **Pacing.** Each path has a window, after which nothing goes out before the peer reported what arrived ([`Pacing`]).
//!   Reports come because the last frame of an object, and two in each window, ask for them (REQUIRES_ACK).
//! - **Losses.** Whoever restores an object is sent fresh symbols in the place of lost ones. Whoever is to hold certain
//!   symbols, or asked for them, is sent those.
//! - **Turns.** Peers take turns, and the objects of a peer by deficit round robin; small objects go ahead of large ones,
//!   which keep a fifth of each path.
//! - **Ends.** A delivery is over when the peer says that it has enough; a want when the object's id is right. Both give up
//!   with a reason when nothing comes any more.
//!
//! **The law: after every call that takes `&mut self` and a time, drain `poll_output` until it gives `None`.** Not before
//! then is everything said, and the time of the next `handle_timeout` known.
//!
//! Here two of them are joined by nothing but a loop, which loses every third frame.
//!
//! ```
//! use fcp_core::id::{NodeId, ObjectIdKey, ZoneId, ZoneKeyId};
//! use fcp_core::object::{MeshObject, ObjectHeader, Provenance, StoredObject};
//! use fcp_core::time::{Millis, Timestamp};
//! use fcp_symbols::chunk::RawChunk;
//! use fcp_symbols::delivery::{
//!     Goal, Incoming, Offer, Path, PathId, PathKind, Receiver, ReceiverOutput, Sender, SenderOutput, Want, ZoneTerms,
//! };
//! use fcp_symbols::fcps::FrameFlags;
//! use fcp_symbols::message::{Arrival, Feedback as _};
//! use fcp_symbols::raptor::{Coding, Encoder, PlanCache, SymbolSize};
//! use fcp_symbols::reassembly::{ContextKey, Reassembly, ReassemblyLimits};
//!
//! # let start = Timestamp::from_secs(1_700_000_000);
//! # let id_key = ObjectIdKey::from_bytes([7; 32]);
//! # let header = ObjectHeader::for_type::<RawChunk>(Provenance::of_zone(ZoneId::private(), 80, 90, start));
//! # let object = RawChunk { header, bytes: vec![1; 50_000] }.seal(&id_key)?;
//! # let (laptop, phone) = (NodeId::new("nLaptop")?, NodeId::new("nPhone")?);
//! # let terms = ZoneTerms { integrity: 80, confidentiality: 90, zone_key_id: ZoneKeyId::from_bytes([1; 8]) };
//! let (mut encoder, mut plans) = (Encoder::new(object.canonical_bytes(), SymbolSize::DEFAULT)?, PlanCache::new(1));
//! let (block, mut now) = (encoder.block(), Millis::from(start));
//!
//! // The laptop sends, over one path.
//! let mut sender = Sender::new(Default::default());
//! let path = Path { id: PathId::new(0), kind: PathKind::Direct, max_datagram_bytes: 1200 };
//! sender.set_paths(now, &phone, &[path])?;
//! sender.offer(now, &phone, Offer::new(object.id(), ZoneId::private(), block, Coding::RaptorQ, Goal::Object))?;
//!
//! // The phone takes it.
//! let (mut receiver, mut reassembly) = (Receiver::new(Default::default()), Reassembly::new(ReassemblyLimits::default()));
//! receiver.want(now, &reassembly, Want::pushed(object.id(), ZoneId::private(), vec![]))?;
//! let mut open = |id, bytes: &[u8]| StoredObject::parse_as(id, bytes, &id_key).ok();
//!
//! let (mut frames, mut restored) = (0, None);
//! while restored.is_none() {
//!     let mut wake = Millis::NEVER;
//!     while let Some(output) = sender.poll_output() {
//!         match output {
//!             SenderOutput::Send(frame) => {
//!                 frames += 1;
//!                 if frames % 3 == 0 {
//!                     continue;
//!                 }
//!                 let key = ContextKey { object_id: frame.object_id, block: frame.block, coding: frame.coding };
//!                 for esi in frame.esis {
//!                     let mut data = vec![0; block.symbol_size().as_usize()];     // sealed in a frame, elsewhere
//!                     encoder.write_symbol(esi, &mut plans, &mut data)?;
//!                     let symbol = Incoming { key, source: &laptop, giver: &laptop, esi, data: &data };
//!                     receiver.handle_symbol(now, &mut reassembly, &symbol, &mut open)?;
//!                 }
//!                 if frame.flags.contains(FrameFlags::REQUIRES_ACK) {
//!                     receiver.handle_prompt(now, &reassembly, &frame.object_id, &laptop);
//!                 }
//!             }
//!             SenderOutput::Wake(at) => wake = wake.min(at),
//!             SenderOutput::Done(_) => {}
//!             SenderOutput::GaveUp { reason, .. } => panic!("{reason}"),
//!         }
//!     }
//!     while let Some(output) = receiver.poll_output() {
//!         match output {
//!             ReceiverOutput::Status(status) => {
//!                 let status = status.message(&terms, now.timestamp());           // over the control stream, elsewhere
//!                 sender.handle_status(now, &status.authenticate(Arrival::InSession { peer: &phone })?);
//!             }
//!             ReceiverOutput::Ack(ack) => {
//!                 let ack = ack.message(&terms, now.timestamp());
//!                 sender.handle_ack(now, &ack.authenticate(Arrival::InSession { peer: &phone })?);
//!             }
//!             ReceiverOutput::Done { object, shares } => {
//!                 assert_eq!(shares[0].0, laptop);
//!                 restored = Some(*object);
//!             }
//!             ReceiverOutput::Wake(at) => wake = wake.min(at),
//!             ReceiverOutput::Ask(_) | ReceiverOutput::Fault(_) => {}
//!             ReceiverOutput::GaveUp { reason, .. } => panic!("{reason}"),
//!         }
//!     }
//!     now = now.saturating_add(1).max(if wake == Millis::NEVER { now } else { wake });
//!     sender.handle_timeout(now);
//!     receiver.handle_timeout(now, &mut reassembly, &mut open);
//! }
//! assert_eq!(restored, Some(object));
//! assert!(frames < 2 * u32::from(block.k()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod pacing;
mod path;
mod receiver;
mod sender;

pub use pacing::Pacing;
pub use path::{Path, PathId, PathKind};
pub use receiver::{
    Ask, Begin, Enough, Holds, Incoming, Receiver, ReceiverConfig, ReceiverOutput, Share, Source, SourceFigures,
    StatusReport, Taken, Want, WantError, ZoneTerms,
};
pub use sender::{
    Delivered, Goal, Offer, OfferError, OfferKind, Outgoing, PathFigures, Priority, Sender, SenderConfig, SenderOutput,
};
