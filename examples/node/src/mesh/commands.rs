//! What the operator's console can ask of this node.

use std::collections::BTreeMap;

use fcp_core::id::{NodeId, NodeTag, ObjectId, ZoneId};
use fcp_core::identity::NodePublicKeys;
use fcp_core::object::{DeviceSelector, Message as _, ObjectPlacementPolicy, Provenance};
use fcp_core::owner::OwnerKeyShare;
use fcp_core::sign::{NodeEncryptionPublicKey, NodeIssuancePublicKey, NodeSigningPublicKey, OwnerPublicKey, Signature};
use serde_json::{Value, json};

use super::founding::{Founder, Founding, Plan};
use super::owner::{KeptPart, OwnerPart, RosterEntry};
use super::{Mesh, standard};
use crate::clock;
use crate::control::{ControlError, ControlRequest};
use crate::params::{Params, hex};
use crate::store::StateKey;

type Answer = Result<Value, ControlError>;

fn bad(error: impl std::fmt::Display) -> ControlError {
    ControlError::node("bad_request", error)
}

impl Mesh {
    /// Loads what an earlier run kept.
    pub(crate) fn load(&mut self) -> Result<(), ControlError> {
        self.load_members()?;
        self.load_owner_part()?;
        self.load_zones()?;
        self.load_transfers()?;
        self.load_upkeep()?;
        self.load_agents()
    }

    /// Answers the console.
    pub(crate) fn handle_request(&mut self, request: ControlRequest) {
        let params = Params(&request.params);
        if request.method == "agent.invoke" {
            self.agent_invoke(params, request.answer);
            return self.drain();
        }
        let outcome = match request.method.as_str() {
            "status" => self.status(),
            "peers" => self.set_peers(params),
            "owner.begin" => self.owner_begin(params),
            "owner.round2" => self.owner_round2(params),
            "owner.finish" => self.owner_finish(params),
            "owner.commit" => self.owner_commit(params),
            "owner.package" => self.owner_package(params),
            "owner.sign" => self.owner_sign(params),
            "owner.aggregate" => self.owner_aggregate(params),
            "owner.trust" => self.owner_trust(params),
            "found.begin" => self.found_begin(params),
            "found.signed" => self.found_signed(params),
            "members.install" => self.members_install(params),
            "file.put" => self.file_put(params),
            "gather" => self.gather_command(params),
            "gathered" => self.gathered_command(params),
            "file.save" => self.file_save(params),
            "holdings" => self.holdings(params),
            "repair.status" => self.repair_status(params),
            "public.ingest" => self.public_ingest(params),
            "agent.deliver" => self.agent_deliver(params),
            "explain" => self.explain(params),
            _ => match self.handle_zone_request(&request.method, params) {
                Some(outcome) => outcome,
                None => Err(ControlError::node("bad_request", format_args!("there is no method `{}`", request.method))),
            },
        };
        let _ = request.answer.send(outcome);
        self.drain();
    }

    fn status(&self) -> Answer {
        let keys = self.keys.0.public();
        let sessions: Vec<Value> = self
            .table
            .iter()
            .flat_map(|table| table.sessions())
            .map(|session| {
                json!({
                    "peer": session.peer().as_str(),
                    "id": session.id().to_string(),
                    "suite": session.suite().id().get(),
                    "role": format!("{:?}", session.role()).to_lowercase(),
                })
            })
            .collect();
        Ok(json!({
            "node_id": self.node_id().as_str(),
            "class": self.config.class,
            "tags": self.config.tags.iter().map(NodeTag::as_str).collect::<Vec<_>>(),
            "pid": std::process::id(),
            "fingerprint": keys.fingerprint(),
            "signing": hex(keys.signing.as_bytes()),
            "encryption": hex(keys.encryption.as_bytes()),
            "issuance": hex(keys.issuance.as_bytes()),
            "udp": self.net.udp_addr().map(|address| address.to_string()).unwrap_or_default(),
            "quic": self.net.quic_addr().map(|address| address.to_string()).unwrap_or_default(),
            "owner": self.trust.as_ref().map(|trust| hex(trust.owner().as_bytes())),
            "sessions": sessions,
            "cookies": self.table.as_ref().map(|table| {
                let counts = table.cookie_counts();
                json!({"demanded": counts.demanded, "shown": counts.shown, "waived": counts.waived})
            }),
            "streams": self.connected_peers().iter().map(NodeId::as_str).collect::<Vec<_>>(),
            "outgoing": self.outgoing(),
            "unconfirmed": self.unconfirmed(),
            "zones": self.zones_status(),
        }))
    }

    /// Where the others are: what a tailnet would tell.
    fn set_peers(&mut self, params: Params<'_>) -> Answer {
        for entry in params.list("peers")? {
            let node: NodeId = entry.parsed("node_id")?;
            if node == self.config.node_id {
                continue;
            }
            let known = self.peers.entry(node).or_default();
            known.udp = Some(entry.parsed("udp")?);
            known.quic = Some(entry.parsed("quic")?);
        }
        self.connect_peers();
        Ok(Value::Null)
    }

    fn keys_of(entry: Params<'_>) -> Result<NodePublicKeys, ControlError> {
        Ok(NodePublicKeys {
            signing: NodeSigningPublicKey::from_bytes(&entry.array("signing")?).map_err(bad)?,
            encryption: NodeEncryptionPublicKey::from_bytes(&entry.array("encryption")?).map_err(bad)?,
            issuance: NodeIssuancePublicKey::from_bytes(&entry.array("issuance")?).map_err(bad)?,
        })
    }

    fn owner_begin(&mut self, params: Params<'_>) -> Answer {
        let entries = params
            .list("roster")?
            .map(|entry| {
                Ok(RosterEntry {
                    node: entry.parsed("node_id")?,
                    keys: Self::keys_of(entry)?,
                    fingerprint: entry.text("fingerprint")?.to_owned(),
                })
            })
            .collect::<Result<Vec<_>, ControlError>>()?;
        let threshold = u8::try_from(params.number("threshold")?).map_err(bad)?;
        let own = (&self.config.node_id, &*self.keys.0);
        let package = self.owner.begin(own, threshold, entries, params.array("nonce")?, &mut self.rng)?;
        Ok(json!({"package": hex(&package)}))
    }

    fn owner_round2(&mut self, params: Params<'_>) -> Answer {
        let own = (&self.config.node_id, &*self.keys.0);
        let packages = self.owner.round2(own, &params.byte_list("packages")?, clock::now(), &mut self.rng)?;
        let packages: Vec<Value> =
            packages.iter().map(|(to, bytes)| json!({"to": to.as_str(), "package": hex(bytes)})).collect();
        Ok(json!({"packages": packages}))
    }

    fn owner_finish(&mut self, params: Params<'_>) -> Answer {
        let provenance = Provenance::of_zone(ZoneId::owner(), 100, 100, clock::now());
        let own = (&self.config.node_id, &*self.keys.0);
        let (owner, part) = self.owner.finish(own, &params.byte_list("packages")?, provenance, &mut self.rng)?;
        self.store
            .put_state(&StateKey::new("owner", "part"), &part)
            .map_err(|error| ControlError::node("store", error))?;
        self.set_owner(owner)?;
        Ok(json!({"owner": hex(owner.as_bytes()), "share": hex(&part.share)}))
    }

    /// Opens this node's share of the owner's key again.
    fn load_owner_part(&mut self) -> Result<(), ControlError> {
        let kept = self.store.state::<KeptPart>(&StateKey::new("owner", "part"));
        let kept = kept.map_err(|error| ControlError::node("store", error))?;
        if let (Some(kept), Some(trust)) = (kept, &self.trust) {
            self.owner = OwnerPart::restore(kept, trust.owner(), (&self.config.node_id, &*self.keys.0))?;
        }
        Ok(())
    }

    fn owner_commit(&mut self, params: Params<'_>) -> Answer {
        let count = usize::try_from(params.number("count")?).map_err(bad)?;
        let slots = self.owner.commit(count, &mut self.rng)?;
        let slots: Vec<Value> =
            slots.iter().map(|(slot, commitment)| json!({"slot": slot, "commitment": hex(commitment)})).collect();
        Ok(json!({"slots": slots}))
    }

    /// The pairs of a node and bytes under `name`.
    fn by_node(params: Params<'_>, name: &str) -> Result<Vec<(NodeId, Vec<u8>)>, ControlError> {
        params.list(name)?.map(|entry| Ok((entry.parsed("node_id")?, entry.bytes("bytes")?))).collect()
    }

    fn owner_package(&mut self, params: Params<'_>) -> Answer {
        let package = self.owner.package(&params.bytes("draft")?, &Self::by_node(params, "commitments")?)?;
        Ok(json!({"package": hex(&package)}))
    }

    fn owner_sign(&mut self, params: Params<'_>) -> Answer {
        let share = self.owner.sign(params.number("slot")?, &params.bytes("draft")?, &params.bytes("package")?)?;
        Ok(json!({"share": hex(&share)}))
    }

    fn owner_aggregate(&mut self, params: Params<'_>) -> Answer {
        let shares = Self::by_node(params, "shares")?;
        let signature = self.owner.aggregate(&params.bytes("draft")?, &params.bytes("package")?, &shares)?;
        Ok(json!({"signature": hex(signature.as_bytes())}))
    }

    fn owner_trust(&mut self, params: Params<'_>) -> Answer {
        let owner = OwnerPublicKey::from_bytes(&params.array("owner")?).map_err(bad)?;
        self.set_owner(owner)?;
        Ok(Value::Null)
    }

    /// Begins a founding with the standard zones: gives the first drafts.
    fn found_begin(&mut self, params: Params<'_>) -> Answer {
        let owner = *self.trust.as_ref().ok_or_else(|| ControlError::node("owner", "no owner is known yet"))?.owner();
        let founders = params
            .list("founders")?
            .map(|entry| {
                let tags = entry.list("tags")?.map(|tag| tag.0.as_str().unwrap_or_default().parse().map_err(bad));
                Ok(Founder {
                    node: entry.parsed("node_id")?,
                    keys: Self::keys_of(entry)?,
                    tags: tags.collect::<Result<_, _>>()?,
                })
            })
            .collect::<Result<Vec<_>, ControlError>>()?;
        let shares = params
            .byte_list("shares")?
            .iter()
            .map(|share| OwnerKeyShare::from_body(share).map_err(bad))
            .collect::<Result<Vec<_>, _>>()?;
        let now = clock::now();
        let zones = standard::zones(&founders, now)?;
        let plan = Plan { owner, founders, zones, shares, attested_secs: 30 * 86_400, now };
        self.founding = Some(Founding::begin(plan, &mut self.rng)?);
        self.found_drafts(false)
    }

    fn found_signed(&mut self, params: Params<'_>) -> Answer {
        let signatures = params
            .byte_list("signatures")?
            .into_iter()
            .map(|bytes| bytes.try_into().map(Signature::from_bytes).map_err(|_| bad("a signature has 64 bytes")))
            .collect::<Result<Vec<_>, _>>()?;
        let founding = self.founding.as_mut().ok_or_else(|| ControlError::node("founding", "nothing is founded"))?;
        let done = founding.signed(signatures)?;
        self.found_drafts(done)
    }

    /// The drafts that wait, or, when everything is signed, all objects, after this node has taken them itself.
    fn found_drafts(&mut self, done: bool) -> Answer {
        let Some(founding) = self.founding.as_ref() else { return Ok(Value::Null) };
        if !done {
            return Ok(json!({"done": false, "drafts": founding.drafts().map(hex).collect::<Vec<_>>()}));
        }
        let Some(founding) = self.founding.take() else { return Ok(Value::Null) };
        let objects = founding.into_objects();
        let (public, zoned): (Vec<_>, Vec<_>) = objects.into_iter().partition(standard::is_public);
        let public: Vec<Vec<u8>> = public.iter().map(|stored| stored.canonical_bytes().to_vec()).collect();
        let ids: Vec<Value> = zoned
            .iter()
            .map(|stored| json!({"schema": stored.header().schema.name(), "zone": stored.header().zone_id.as_str(), "id": stored.id().to_string()}))
            .collect();
        self.install_members(&public)?;
        self.found_zones(zoned)?;
        Ok(json!({"done": true, "public": public.iter().map(|bytes| hex(bytes)).collect::<Vec<_>>(), "objects": ids}))
    }

    fn members_install(&mut self, params: Params<'_>) -> Answer {
        let installed = self.install_members(&params.byte_list("objects")?)?;
        Ok(json!({"installed": installed}))
    }

    fn file_put(&mut self, params: Params<'_>) -> Answer {
        let zone: ZoneId = params.parsed("zone")?;
        let payload = std::fs::read(params.text("path")?).map_err(|error| ControlError::node("file", error))?;
        let placement = ObjectPlacementPolicy {
            min_nodes: 3,
            max_node_fraction_bps: u16::try_from(params.number("max_node_fraction_bps")?).map_err(bad)?,
            preferred_devices: Vec::<DeviceSelector>::new(),
            excluded_devices: Vec::new(),
            target_coverage_bps: u32::try_from(params.number("target_coverage_bps")?).map_err(bad)?,
        };
        let (root, ids) = self.put_file(&zone, &payload, placement)?;
        let ids: Vec<String> = ids.iter().map(ObjectId::to_string).collect();
        Ok(json!({"root": root.to_string(), "objects": ids, "bytes": payload.len()}))
    }

    fn gather_command(&mut self, params: Params<'_>) -> Answer {
        let zone: ZoneId = params.parsed("zone")?;
        for id in params.list("objects")? {
            let id = id.0.as_str().unwrap_or_default().parse().map_err(bad)?;
            self.gather(&zone, id);
        }
        Ok(Value::Null)
    }

    /// Which of these objects have been gathered.
    fn gathered_command(&mut self, params: Params<'_>) -> Answer {
        let mut done = Vec::new();
        for id in params.list("objects")? {
            let id: ObjectId = id.0.as_str().unwrap_or_default().parse().map_err(bad)?;
            match self.gathered(&id) {
                Some(Ok(())) => done.push(id.to_string()),
                Some(Err(error)) => return Err(error),
                None => {}
            }
        }
        let sources: BTreeMap<&str, u64> =
            self.transfers.sources.iter().map(|(node, count)| (node.as_str(), *count)).collect();
        Ok(json!({"done": done, "sources": sources}))
    }

    /// Puts the gathered objects of a file together and writes it.
    fn file_save(&mut self, params: Params<'_>) -> Answer {
        let root: ObjectId = params.parsed("root")?;
        let payload = self.join_gathered(&root)?;
        std::fs::write(params.text("path")?, &payload).map_err(|error| ControlError::node("file", error))?;
        Ok(json!({"bytes": payload.len()}))
    }

    /// Which symbols of these objects are on this node's disk.
    fn holdings(&mut self, params: Params<'_>) -> Answer {
        self.pump_symbols();
        let failed = |error: crate::store::StoreError| ControlError::node("store", error);
        let mut held = serde_json::Map::new();
        for id in params.list("objects")? {
            let id: ObjectId = id.0.as_str().unwrap_or_default().parse().map_err(bad)?;
            let (k, esis) = self.held_symbols(&id).map_err(failed)?.unzip();
            held.insert(id.to_string(), json!({"k": k, "esis": esis.unwrap_or_default()}));
        }
        Ok(Value::Object(held))
    }
}
