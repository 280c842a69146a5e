"""Which paths a zone's data takes (§5.2, App. G, D92)."""

FLAGS = ("allow_derp", "allow_funnel", "allow_lan_broadcast")
# App. G, best first.
CLASSES = ("lan", "direct", "derp", "funnel")


def effective(explicit, levels):
    """D92: an explicit policy wins; funnel needs both levels at 40 or below."""
    integrity, confidentiality = levels
    policy = explicit or {
        "allow_derp": confidentiality < 100, "allow_funnel": False, "allow_lan_broadcast": True,
    }
    low = integrity <= 40 and confidentiality <= 40
    return {**policy, "allow_funnel": policy["allow_funnel"] and low}


def select(explicit, levels, paths):
    """The ids of the permitted (id, class) pairs, best class first, otherwise as given."""
    policy = effective(explicit, levels)
    permitted = {
        "lan": True, "direct": True, "derp": policy["allow_derp"], "funnel": policy["allow_funnel"],
    }
    chosen = [(CLASSES.index(cls), name) for name, cls in paths if permitted[cls]]
    return [name for _, name in sorted(chosen, key=lambda pair: pair[0])]
