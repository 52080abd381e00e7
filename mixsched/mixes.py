"""How the weights of a phase move: not at all, along a ramp, or through the points of a table."""

import dataclasses
import itertools
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Literal, get_args

from mixsched.errors import UsageError
from mixsched.fields import check_fields, check_whole, own_copies
from mixsched.weights import Number, Weights, exact, flatten, groups, spell, weights_from_json, weights_to_json

Shape = Literal["linear", "cosine"]


@dataclasses.dataclass(frozen=True)
class Ramp:
    """Weights that go from the mix `start` to the mix `end` over their phase.

    A step's weights are those of the ramp at the middle of that step, so that a linear ramp spends exactly the
    mean of both mixes. `shape` is "linear" or "cosine" (slow at both ends).
    """

    start: Weights
    end: Weights
    shape: Shape = "linear"

    def __post_init__(self):
        own_copies(self, "start", "end")
        if self.shape not in get_args(Shape):
            raise UsageError(f"`shape` of a ramp must be one of {get_args(Shape)}, got {self.shape!r}")


@dataclasses.dataclass(frozen=True)
class Table:
    """Weights that go through the mixes at given places of their phase (0 to 1), straight from one to the next.

    The places rise from 0 to 1; they fall on whole steps, the nearest ones.

    >>> table = Table((("0", {"text": 1}), ("0.5", {"text": 0.5, "code": 0.5}), ("1", {"text": 1})))
    >>> len(Table.sample(lambda done: {"text": 1 - done / 2, "code": done / 2}, points=5).points)
    5
    """

    points: tuple[tuple[Number, Weights], ...]

    def __post_init__(self):
        if not isinstance(self.points, tuple) or not all(isinstance(p, tuple) and len(p) == 2 for p in self.points):
            raise UsageError(f"`points` of a table must be a tuple of (place, weights), got {self.points!r}")
        copies = ((at, dict(mix) if isinstance(mix, Mapping) else mix) for at, mix in self.points)
        object.__setattr__(self, "points", tuple(copies))
        places = [exact(place, "place of a table's point") for place, _ in self.points]
        if len(places) < 2 or places[0] != 0 or places[-1] != 1:
            raise UsageError(f"`points` of a table must begin at 0 and end at 1, got {[str(p) for p in places]}")
        if any(later <= place for place, later in itertools.pairwise(places)):
            raise UsageError(f"`points` of a table must rise from 0 to 1, got {[str(p) for p in places]}")

    @staticmethod
    def sample(function: Callable[[float], Weights], *, points: int = 65) -> "Table":
        """The table of any function of the progress through the phase (a float from 0 to 1), at so many points."""
        check_whole("`points`", points, least=2)
        places = [Fraction(point, points - 1) for point in range(points)]
        return Table(tuple((place, dict(function(float(place)))) for place in places))


Mix = Weights | Ramp | Table
Knots = tuple[tuple[Fraction, dict[str, Fraction]], ...]


def knots(mix: Mix, *, where: str = "weights") -> Knots:
    """The places that a mix passes through and its exact shares there, from place 0 to place 1.

    Raises UsageError if the weights at one of them are none (see `flatten`).

    >>> [place for place, _ in knots({"text": 1})]
    [Fraction(0, 1), Fraction(1, 1)]
    """
    if callable(mix):
        raise UsageError(f"`{where}` must be a mix, a Ramp or a Table, got a function; write Table.sample(function)")
    if isinstance(mix, Ramp):
        start, end = flatten(mix.start, where=f"{where} (start)"), flatten(mix.end, where=f"{where} (end)")
        return (Fraction(0), start), (Fraction(1), end)
    if isinstance(mix, Table):
        return tuple(
            (exact(place, where), flatten(weights, where=f"{where} (at {place})")) for place, weights in mix.points
        )
    flat = flatten(mix, where=where)
    return (Fraction(0), flat), (Fraction(1), flat)


def sources_of(mix: Mix) -> tuple[str, ...]:
    """Every source that a mix names, sorted."""
    return tuple(sorted({source for _, shares in knots(mix) for source in shares}))


def mix_groups(mix: Mix) -> dict[str, tuple[str, ...]]:
    """The sources under each group name of a mix."""
    if isinstance(mix, Ramp):
        passed = [mix.start, mix.end]
    elif isinstance(mix, Table):
        passed = [weights for _, weights in mix.points]
    else:
        return groups(mix)
    together: dict[str, tuple[str, ...]] = {}
    for weights in passed:
        for name, leaves in groups(weights).items():
            # A group may have other members at other places.
            together[name] = tuple(dict.fromkeys((*together.get(name, ()), *leaves)))
    return together


def mix_to_json(mix: Mix) -> dict:
    """A JSON object from which `mix_from_json` makes the same mix, weights to the last digit."""
    if isinstance(mix, Ramp):
        start, end = weights_to_json(mix.start), weights_to_json(mix.end)
        return {"ramp": {"shape": mix.shape, "start": start, "end": end}}
    if isinstance(mix, Table):
        points = [{"at": spell(exact(at, "at")), "weights": weights_to_json(weights)} for at, weights in mix.points]
        return {"table": points}
    return weights_to_json(mix)


def mix_from_json(value: object) -> Mix:
    """The inverse of `mix_to_json`; raises UsageError on another form."""
    # A source or group may be called "ramp" or "table" too; its value is a number or holds `share` and `of`.
    if isinstance(value, Mapping) and len(value) == 1:
        ramp, table = value.get("ramp"), value.get("table")
        if isinstance(ramp, dict) and ramp.keys() != {"share", "of"}:
            fields = check_fields("ramp", ramp, needed={"start", "end"}, known={"shape"})
            start, end = (weights_from_json(fields[side], where=side) for side in ("start", "end"))
            return Ramp(start, end, fields.get("shape", "linear"))
        if isinstance(table, list):
            points = [check_fields("point of a table", point, needed={"at", "weights"}) for point in table]
            return Table(tuple((exact(p["at"], "at"), weights_from_json(p["weights"])) for p in points))
    return weights_from_json(value)
