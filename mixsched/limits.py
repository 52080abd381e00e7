"""What happens when a source runs out: by default it is passed over again; a limit says how often, and what then."""

import dataclasses
import decimal
import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Literal, get_args

from mixsched.errors import UsageError, did_you_mean
from mixsched.weights import Number, exact, spell

Then = Literal["hand_over", "stop", "error"]


@dataclasses.dataclass(frozen=True)
class Limit:
    """At most so many `epochs` of a source, and then: its share is handed over, the run stops, or it is refused.

    "hand_over" gives the share to the other sources of the mix, in proportion to their weights, from the very sample
    on at which the limit is reached; "stop" ends the plan before the step that would go beyond it; "error" refuses
    such a plan when it is declared. `epochs` may be a part of one ("0.5"). A source without a limit is repeated, in a
    new order in every epoch.

    >>> Limit(4)
    Limit(epochs=4, then='hand_over')
    """

    epochs: Number
    then: Then = "hand_over"

    def __post_init__(self):
        if self.exact_epochs <= 0:
            raise UsageError(f"`epochs` of a limit must be above 0, got {self.epochs!r}; leave out its weight instead")
        if self.then not in get_args(Then):
            raise UsageError(f"`then` of a limit must be one of {', '.join(get_args(Then))}, got {self.then!r}")

    @property
    def exact_epochs(self) -> Fraction:
        """The epochs as they are meant."""
        return exact(self.epochs, "epochs")

    def samples(self, rows: int) -> int:
        """How many samples a source of so many rows may give."""
        return math.floor(self.exact_epochs * rows)


def would_lift(*, samples: int, asked: int) -> str:
    """What would let a source give all that its weights ask of it, where it may give so many samples.

    >>> would_lift(samples=1_000, asked=1_882)
    '1.89 times its rows or epochs, a weight of 0.531 of what it is, or a shorter run'
    """
    # Rounded so that what is told is enough.
    up, down = (decimal.Context(prec=3, rounding=way) for way in (decimal.ROUND_CEILING, decimal.ROUND_FLOOR))
    more, less = up.divide(asked, samples), down.divide(samples, asked)
    return f"{float(more):g} times its rows or epochs, a weight of {float(less):g} of what it is, or a shorter run"


def check_limits(limits: Mapping[str, Limit], rows: Mapping[str, int]) -> None:
    """Raise UsageError for a limit on an unknown source, or one that lets a source give nothing at all."""
    for source, limit in limits.items():
        if source not in rows:
            raise UsageError(f"`limits` names {source!r}, which is no source of the plan; {did_you_mean(source, rows)}")
        if not isinstance(limit, Limit):
            raise UsageError(f"`limits` of source {source!r} must be a Limit(epochs, then), got {limit!r}")
        if not limit.samples(rows[source]):
            raise UsageError(
                f"`limits` of source {source!r} let it give nothing: {limit.epochs} epochs of {rows[source]:,} rows; "
                "leave out its weight instead"
            )


def limits_to_json(limits: Mapping[str, Limit]) -> dict:
    """`{"markup": {"epochs": "4", "then": "hand_over"}}`."""
    return {source: {"epochs": spell(limit.exact_epochs), "then": limit.then} for source, limit in limits.items()}


def limits_from_json(value: object) -> dict[str, Limit]:
    """The inverse of `limits_to_json`; a bare number stands for its epochs. Raises UsageError on another form."""
    if not isinstance(value, dict):
        raise UsageError(f"`limits` must map sources to limits, got {value!r}")
    return {source: _limit_from_json(source, limit) for source, limit in value.items()}


def _limit_from_json(source: str, value: object) -> Limit:
    if not isinstance(value, dict):
        return Limit(exact(value, f"limits[{source!r}]"))
    if "epochs" not in value or not value.keys() <= {"epochs", "then"}:
        raise UsageError(f"`limits` of source {source!r} must hold 'epochs' and may hold 'then', got {sorted(value)}")
    return Limit(exact(value["epochs"], f"limits[{source!r}]"), value.get("then", "hand_over"))
