"""Weights as they are declared: exact rational shares, nested in groups or not, that add up to 1."""

import dataclasses
import math
import numbers
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from mixsched.errors import UsageError
from mixsched.fields import own_copies

Number = int | float | str | Fraction
# Sums of binary floats such as 0.1 + 0.2 + 0.7 miss 1 by some 1e-16; people's mistakes miss it by more.
FLOAT_NOISE = Fraction(1, 10**9)
# More is a slip of the hand, and a number that takes minutes to write out.
MAX_EXPONENT_DIGITS = 4


@dataclasses.dataclass(frozen=True)
class Group:
    """Several sources that share one weight: `Group(0.25, {"web_code": 0.8, "markup": 0.2})`.

    `share` is the weight of the group in its mix; the weights in `of` divide it and add up to 1 themselves.
    """

    share: Number
    of: "Mapping[str, Number | Group]"

    def __post_init__(self):
        own_copies(self, "of")


Weights = Mapping[str, Number | Group]


def flatten(weights: Weights, *, where: str = "weights") -> dict[str, Fraction]:
    """The share of each source as an exact fraction, sorted by name; the shares add up to exactly 1.

    A float stands for the decimal that it prints as (0.1 is one tenth); "1/3" and Fraction(1, 3) are taken as
    they are. What differs from 1 by float noise (1e-9) is divided by its sum.

    Raises UsageError if a weight is negative or not finite, if a mix or a group does not add up to 1, or if a
    source stands in it twice.

    >>> flatten({"text": 0.75, "code": Group(0.25, {"web_code": 0.8, "markup": 0.2})})
    {'markup': Fraction(1, 20), 'text': Fraction(3, 4), 'web_code': Fraction(1, 5)}
    """
    return dict(sorted(_flatten(weights, where).items()))


def groups(weights: Weights) -> dict[str, tuple[str, ...]]:
    """The sources under each group name, in the order declared, outer groups first.

    Raises UsageError if a name stands for two groups, or for a group and a source.

    >>> groups({"text": 0.75, "code": Group(0.25, {"web_code": 0.8, "markup": 0.2})})
    {'code': ('web_code', 'markup')}
    """
    found: dict[str, tuple[str, ...]] = {}
    for name, value in weights.items():
        if isinstance(value, Group):
            inner = {name: _leaves(value.of)}
            for group, leaves in (inner | groups(value.of)).items():
                if group in found or group in _leaves(weights):
                    raise UsageError(f"the name {group!r} stands for a group and for something else; rename one")
                found[group] = leaves
    return found


def _leaves(weights: Weights) -> tuple[str, ...]:
    return tuple(
        leaf for name, value in weights.items() for leaf in (_leaves(value.of) if isinstance(value, Group) else (name,))
    )


def _flatten(weights: Weights, where: str) -> dict[str, Fraction]:
    if not isinstance(weights, Mapping) or not weights:
        raise UsageError(f"`{where}` must map at least one source to its weight, got {weights!r}")
    for name in weights:
        if not isinstance(name, str) or not name:
            raise UsageError(f"`{where}` must name its sources by strings that are not empty, got {name!r}")
        if not name.isascii() and any("\ud800" <= each <= "\udfff" for each in name):
            raise UsageError(f"`{where}` names {name!r}, which cannot be written as UTF-8; choose another name")
    level = {name: _share(value, f"{where}[{name!r}]") for name, value in weights.items()}
    total = sum(level.values(), Fraction(0))
    if abs(total - 1) > FLOAT_NOISE:
        listed = ", ".join(f"{name} {_shown(share)}" for name, share in level.items())
        remedy = f"; divide each by {_shown(total)}" if total else ""
        raise UsageError(f"`{where}` must add up to 1, they add up to {_shown(total)} ({listed}){remedy}")
    flat: dict[str, Fraction] = {}
    for name, value in weights.items():
        share = level[name] / total
        inner = (
            {leaf: part * share for leaf, part in _flatten(value.of, f"{where}[{name!r}]").items()}
            if isinstance(value, Group)
            else {name: share}
        )
        twice = sorted(flat.keys() & inner.keys())
        if twice:
            raise UsageError(f"`{where}` names {twice[0]!r} twice; give each source one weight")
        flat.update(inner)
    return flat


def _share(value: object, where: str) -> Fraction:
    share = exact(value.share if isinstance(value, Group) else value, where)
    if share < 0:
        raise UsageError(f"`{where}` must not be negative, got {_shown(share)}; use 0 to leave the source out")
    return share


def _shown(share: Fraction) -> str:
    """Up to 12 digits for a message; a float would overflow on what a typo can make of an exponent."""
    shown = f"{(Decimal(share.numerator) / Decimal(share.denominator)).normalize():.12g}"
    return str(share) if share.denominator == 1 and share < 10**12 else shown


def exact(value: object, where: str) -> Fraction:
    """The fraction that a person means by `value`: 0.1 is one tenth, "1/3" a third."""
    if isinstance(value, float | numbers.Real) and not isinstance(value, numbers.Rational):
        if not math.isfinite(value):
            raise UsageError(f"`{where}` must be a finite number, got {value!r}")
        return Fraction(repr(float(value)))
    if isinstance(value, numbers.Rational) and not isinstance(value, bool):
        # Python's own numbers: NumPy's would wrap around in what is reckoned with them.
        return Fraction(int(value.numerator), int(value.denominator))
    if isinstance(value, str | Decimal) and len(str(value).lower().partition("e")[2]) <= MAX_EXPONENT_DIGITS:
        try:
            return Fraction(value)
        except (ValueError, ZeroDivisionError, OverflowError):
            pass
    raise UsageError(f"`{where}` must be a number such as 0.25 or '1/3', got {value!r}")


def weights_to_json(weights: Weights) -> dict:
    """A JSON object of exact strings: `{"text": "0.75", "code": {"share": "0.25", "of": {...}}}`."""
    return {
        name: {"share": spell(exact(value.share, name)), "of": weights_to_json(value.of)}
        if isinstance(value, Group)
        else spell(exact(value, name))
        for name, value in weights.items()
    }


def weights_from_json(value: object, *, where: str = "weights") -> dict[str, Number | Group]:
    """The inverse of `weights_to_json`; numbers are taken too. Raises UsageError on another form."""
    if not isinstance(value, dict):
        raise UsageError(f"`{where}` must be an object of source: weight, got {value!r}")
    return {name: _weight_from_json(part, f"{where}[{name!r}]") for name, part in value.items()}


def _weight_from_json(value: object, where: str) -> Number | Group:
    if isinstance(value, dict):
        if value.keys() != {"share", "of"}:
            raise UsageError(
                f"`{where}` must hold 'share' and 'of', got {sorted(value)}; write "
                "{share = 0.25, of = {web_code = 0.8, markup = 0.2}}"
            )
        return Group(exact(value["share"], where), weights_from_json(value["of"], where=where))
    return exact(value, where)


def spell(share: Fraction) -> str:
    """A fraction as a decimal where that is exact, else as a ratio: "0.25", "1/3"."""
    rest = share.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest != 1:
        return str(share)
    digits = 0
    while (share * 10**digits).denominator != 1:
        digits += 1
    whole, part = divmod(int(share * 10**digits), 10**digits)
    return f"{whole}.{part:0{digits}d}" if digits else str(whole)
