"""What a node does for others: budgets, answers, quarantine, diversity.

§8.4, §9.2.1, §17.2, D134-D137, D175, D216, D221, D222. Everything is a list
that is gone through anew for each question.
"""

STEP_MS, STEPS = 5_000, 13
WORK_PER_MS = 1_000_000


class Budget:
    """D216: what one peer was charged, as (kind, step of five seconds, amount)."""

    def __init__(self, limits):
        self.limits, self.charged, self.decodes = limits, [], 0

    def used(self, kind, step):
        return sum(amount for charged, then, amount in self.charged
                   if charged == kind and step - then < STEPS)

    def run(self, at_ms, charge, amount):
        """None, or the reason code of a refusal."""
        step, limit = at_ms // STEP_MS, self.limits

        def left(kind):
            return limit[kind] - self.used(kind, step)

        if charge in ("failed_auth", "work"):
            amount = 1 if charge == "failed_auth" else amount
            self.charged.append((charge, step, amount))
            return None
        if charge == "end_decode":
            self.decodes = max(0, self.decodes - 1)
            return None
        if left("failed_auth") <= 0:
            return "admission.failed_auth"
        if charge == "begin_decode":
            if self.decodes >= limit["inflight_decodes"]:
                return "admission.inflight_decodes"
            if left("work") <= 0:
                return "admission.decode_cpu"
            self.decodes += 1
            return None
        if left(charge) < amount:
            return "admission.symbols" if charge == "symbols" else "admission.bytes"
        self.charged.append((charge, step, amount))
        return None


def bound(authenticated, max_symbols, proof_of_need, k, bytes_in):
    """D134: symbols, and bytes or None."""
    proven = authenticated and proof_of_need > 0
    symbols = min(max_symbols, min(1024, k + proof_of_need) if proven else 32)
    return symbols, None if authenticated else 3 * bytes_in


def choose(named, held, start, count):
    """D221: the ESIs to send, and where to go on."""
    order = sorted(held)
    chosen = []
    for esi in named:
        if len(chosen) < count and esi in held and esi not in chosen:
            chosen.append(esi)
    following = start
    for esi in [e for e in order if e >= start] + [e for e in order if e < start]:
        if len(chosen) >= count:
            break
        if esi not in chosen:
            chosen.append(esi)
        following = esi + 1
    return chosen, following


class Responder:
    """D221, with the default budgets, which no vector uses up."""

    def __init__(self, k, cost, first, held, open_to_strangers):
        self.k, self.cost, self.first, self.held = k, max(1, cost), first, set(held)
        self.open = open_to_strangers
        self.seen, self.going, self.credit = set(), {}, {}

    def request(self, peer, at, obj, max_symbols, want, missing, stop_after):
        identity = (peer, at, obj, max_symbols, want, missing, stop_after)
        if identity in self.seen:
            return "admission.replayed"
        self.seen.add(identity)
        need = max(len(want or ()), len(missing or ()))
        total, _ = bound(True, max_symbols, need, self.k, 0)
        start = self.going[peer, obj][0] if (peer, obj) in self.going else self.first
        step = total if stop_after is None else stop_after
        esis, following = choose([*(want or ()), *(missing or ())], self.held, start, min(total, step))
        self.going[peer, obj] = following, total - len(esis), step
        return esis

    def stranger(self, address, bytes_in, max_symbols, want, missing, stop_after):
        credit = self.credit.get(address, 0) + 3 * bytes_in
        self.credit[address] = credit
        if not self.open:
            return "admission.unauthenticated"
        total, budget = bound(False, max_symbols, 0, self.k, bytes_in)
        count = min(total, budget // self.cost, credit // self.cost)
        if total and not count:
            return "admission.amplification"
        if stop_after is not None:
            count = min(count, stop_after)
        esis, _ = choose([*(want or ()), *(missing or ())], self.held, self.first, count)
        self.credit[address] = credit - len(esis) * self.cost
        return esis

    def status(self, peer, obj, received, required, missing):
        if not required:  # D223: of who holds symbols for others
            return []
        if not missing and received >= required:
            self.going.pop((peer, obj), None)
        if (peer, obj) not in self.going:
            return []
        start, left, step = self.going[peer, obj]
        if not left:
            return []
        esis, following = choose(missing or (), self.held, start, min(left, step))
        self.going[peer, obj] = following, left - len(esis), step
        return esis

    def ack(self, peer, obj):
        self.going.pop((peer, obj), None)
        return []


class Quarantine:
    """D137, D222: entries of one zone as {(peer, object): (received_at, bytes)}."""

    def __init__(self, zone_bytes, zone_objects, peer_bytes, peer_objects, ttl, reputations):
        self.zone, self.peer, self.ttl = (zone_bytes, zone_objects), (peer_bytes, peer_objects), ttl
        self.reputations, self.entries = reputations, {}

    def key(self, entry):
        (peer, obj), (received_at, size) = entry
        return received_at, self.reputations.get(peer, 0), -size, obj, peer

    def add(self, at, peer, obj, size):
        """What went, in order, or a reason code."""
        before = self.entries.get((peer, obj), (at, 0))[1]
        too_large = before + size > min(self.zone[0], self.peer[0])
        if too_large or not min(self.zone[1], self.peer[1]):
            return "admission.quarantine_quota"
        gone = []
        for (max_bytes, max_objects), owner, why in (
            (self.peer, peer, "peer_quota"), (self.zone, None, "zone_quota"),
        ):
            while True:
                of = [e for e in self.entries.items() if owner in (None, e[0][0])]
                new = (peer, obj) not in self.entries
                if sum(e[1][1] for e in of) + size <= max_bytes and len(of) + new <= max_objects:
                    break
                first = min(of, key=self.key)[0]
                del self.entries[first]
                gone.append((*first, why))
        received_at, before = self.entries.get((peer, obj), (at, 0))
        self.entries[peer, obj] = received_at, before + size
        return gone

    def take(self, why, wanted):
        """Takes out all entries that `wanted` says, by peer and object."""
        gone = sorted(key for key, (received_at, _) in self.entries.items() if wanted(*key, received_at))
        for key in gone:
            del self.entries[key]
        return [(*key, why) for key in gone]

    def expire(self, at):
        return self.take("expired", lambda _, __, received_at: received_at + self.ttl <= at)


def diversity(min_nodes, min_zones, max_fraction, pairs, zones):
    """D175: the figures, and the reason code."""
    pairs = set(pairs)
    nodes = {node for node, _ in pairs}
    attested = set().union(*(zones.get(node, ()) for node in nodes))
    most = max((sum(1 for node, _ in pairs if node == one) for one in nodes), default=0)
    fraction = 10_000 * most // len(pairs) if pairs else 0
    reason = "allow"
    if len(nodes) < min_nodes:
        reason = "diversity.nodes"
    elif len(attested) < min_zones:
        reason = "diversity.zones"
    elif fraction > max_fraction:
        reason = "diversity.node_fraction"
    figures = {
        "nodes": len(nodes), "zones": len(attested), "symbols": len(pairs),
        "max_node_fraction_bps": fraction,
    }
    return figures, reason
