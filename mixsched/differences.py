"""Says what differs between two declarations, a sentence for each value, under dotted names."""


def differences(before: object, now: object, *, name: str) -> tuple[str, ...]:
    """Every value of two JSON trees that is not the same in both.

    >>> differences({"a": 1, "b": [2, 3]}, {"a": 1, "b": [2, 4]}, name="plan")
    ('plan.b.1 was 3, now 4',)
    """
    old, new = _leaves(before, name), _leaves(now, name)
    return tuple(
        f"{leaf} was {old.get(leaf, 'absent')}, now {new.get(leaf, 'absent')}"
        for leaf in sorted(old.keys() | new.keys())
        if old.get(leaf) != new.get(leaf)
    )


def _leaves(value: object, name: str) -> dict[str, object]:
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    else:
        return {name: value}
    return {leaf: end for key, part in parts for leaf, end in _leaves(part, f"{name}.{key}").items()}
