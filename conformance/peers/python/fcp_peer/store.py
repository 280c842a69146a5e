"""What a node keeps of a zone, who holds which symbols, and how that is mended.

Sections 3.6, 3.7 and 21.3 of the specification with D14, D35, D137, D209, D217 and D220.
"""

from .errors import Reject

MAX_ESI = (1 << 24) - 1


# --- 3.7: garbage collection ----------------------------------------------------


def _closure(held, start):
    """Everything that `start` leads to, of what is held; a signature set comes with its target."""
    sets = {}
    for item in held.values():
        if item["target"] is not None:
            sets.setdefault(item["target"], []).append(item["id"])
    found, todo = set(), [name for name in start if name in held]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        item = held[name]
        links = [*item["refs"], item["prev"], item["target"], *sets.get(name, [])]
        todo.extend(link for link in links if link in held)
    return found


def _age(item):
    """D137: oldest, least reputation, largest, smallest id."""
    return item["received_at"], item["reputation"], -item["bytes"], item["id"]


def collect(objects, roots, quota, now):
    """D35, D217: what stays, by id, and what goes, in order, with the reasons."""
    held = {}
    for item in objects:
        held.setdefault(item["id"], item)
    fixed = {item["id"] for item in held.values() if item["retention"] == "pinned"}
    fixed |= {root for root in roots if root in held}
    leases = [
        item["id"] for item in held.values()
        if isinstance(item["retention"], int) and now < item["retention"]
    ]
    leased = _closure(held, leases)
    stays = _closure(held, fixed | leased)
    gone = [
        (item["id"], "unreachable")
        for item in sorted(held.values(), key=_age) if item["id"] not in stays
    ]
    total = sum(held[name]["bytes"] for name in stays)

    def free(item):
        return item["id"] in stays and item["id"] not in leased and item["id"] not in fixed

    for item in sorted(held.values(), key=_age):
        if total <= quota:
            break
        if not free(item) or item["target"] is not None:
            continue
        sets = [other for other in held.values() if other["target"] == item["id"] and free(other)]
        for goes, reason in [(item, "over_quota"), *((other, "with_target") for other in sets)]:
            stays.remove(goes["id"])
            gone.append((goes["id"], reason))
            total -= goes["bytes"]
    return sorted(stays), gone, max(total - quota, 0)


# --- 3.6: placement -------------------------------------------------------------


def _least_nodes(policy):
    return max(policy["min_nodes"], -(-10_000 // max(policy["max_node_fraction_bps"], 1)))


def _symbols(policy, k):
    total = -(-k * policy["target_coverage_bps"] // 10_000)
    if total > MAX_ESI:
        raise Reject("symbol.placement_coverage", f"{total} symbols")
    return total


def _evened(total, nodes, share):
    """D209: where one node's share would be too large, all get the same."""
    each = -(-total // nodes)
    return total if each * 10_000 <= total * share else each * nodes


def _seats(policy, nodes):
    """The nodes that may hold symbols: preferred ones first, then by id."""
    allowed = {node for node in nodes if node not in policy["excluded"]}
    return sorted(allowed, key=lambda node: (node not in policy["preferred"], node.encode()))


def spread(policy, nodes, k):
    """A run of symbols for each node."""
    seats, least = _seats(policy, nodes), _least_nodes(policy)
    if not seats or len(seats) < least:
        raise Reject("symbol.placement_nodes", f"{len(seats)} nodes instead of {least}")
    total = _evened(_symbols(policy, k), len(seats), policy["max_node_fraction_bps"])
    runs, first = [], 0
    for place, node in enumerate(seats):
        count = total // len(seats) + (place < total % len(seats))
        runs.append((node, first, count))
        first += count
    return runs


# --- 21.3: repair ---------------------------------------------------------------


def _lowest_absent(known, count):
    found, number = [], 0
    while len(found) < count:
        if number > MAX_ESI:
            raise Reject("symbol.placement_coverage", "no symbols are left")
        if number not in known:
            found.append(number)
        number += 1
    return found


def _cap(loads, wanted, share):
    """The most that one node may hold once what is above it is gone."""
    whole = max(sum(loads), wanted)
    while True:
        most = whole * share // 10_000
        left = max(sum(min(load, most) for load in loads), wanted)
        if left >= whole:
            return most
        whole = left


def rebalance(policy, nodes, k, held):
    """D220: what is added and given up, and whether there are nodes enough."""
    seats = _seats(policy, nodes)
    enough = len(seats) >= _least_nodes(policy)
    if not seats:
        return {}, {}, enough
    share = max(policy["max_node_fraction_bps"], -(-10_000 // len(seats)))
    least = min(policy["min_nodes"], len(seats))
    coverage = _symbols(policy, k)
    mine = {node: set(held.get(node, ())) for node in seats}
    excluded = {
        node: sorted(held[node]) for node in nodes
        if node in policy["excluded"] and held.get(node)
    }

    total = sum(map(len, mine.values()))
    distinct = len(set().union(*mine.values()))
    covered = (10_000 * distinct // k if k else 0) >= policy["target_coverage_bps"]
    largest = max(map(len, mine.values()))
    even = (10_000 * largest // total if total else 0) <= share
    if covered and even and sum(map(bool, mine.values())) >= least:
        return {}, excluded, enough

    wanted = _evened(coverage, len(seats), share)
    most = _cap([len(esis) for esis in mine.values()], wanted, share)
    drops = {}
    for node in seats:
        above = len(mine[node]) - most
        if above <= 0:
            continue
        others = set().union(*(mine[other] for other in seats if other != node))
        order = sorted(mine[node], key=lambda esi: (esi in others, esi), reverse=True)
        drops[node] = sorted(order[:above])
        mine[node] -= set(drops[node])

    kept = sum(map(len, mine.values()))
    lacking = max(wanted - len(set().union(*mine.values())), 0)
    if lacking:
        lacking = _evened(kept + lacking, len(seats), share) - kept
    given = dict.fromkeys(seats, 0)
    for _ in range(lacking):
        given[min(seats, key=lambda node: len(mine[node]) + given[node])] += 1
    empty = [node for node in seats if not mine[node] and not given[node]]
    holders = len(seats) - len(empty)
    for node in empty[:max(least - holders, 0)]:
        given[node] = max(wanted // len(seats), 1)
    if not any(given.values()):
        return {}, {**drops, **excluded}, enough
    fresh = _lowest_absent(set().union(*held.values()), sum(given.values()))
    adds = {}
    for node in seats:
        if given[node]:
            adds[node], fresh = fresh[:given[node]], fresh[given[node]:]
    return adds, {}, enough


def fetch(nodes, k, held, this):
    """What to fetch from whom so that this node has K symbols and two more, or nothing."""
    have = set(held.get(this, ()))
    lacking = max(k - len(have), 0)
    lacking += 2 if lacking else 0
    holders = [
        node for node in sorted(held, key=str.encode) if node != this and node in nodes and held[node]
    ]
    orders = {node: [] for node in holders}
    while lacking and holders:
        part, before = -(-lacking // len(holders)), lacking
        for node in holders:
            some = sorted(set(held[node]) - have)[:min(part, lacking)]
            lacking -= len(some)
            have |= set(some)
            orders[node] = sorted([*orders[node], *some])
        if lacking == before:
            break
    if len(have) < k:
        return None
    return {node: esis for node, esis in orders.items() if esis}
