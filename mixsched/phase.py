"""A phase of training: how long it is, which mix it has, and its learning-rate curve."""

import dataclasses
import functools
from typing import get_args

from mixsched.curves import Curve, curve_from_json, curve_to_json
from mixsched.errors import UsageError
from mixsched.fields import check_fields, check_kind, check_whole, own_copies
from mixsched.lengths import Length, check_length, length_from_json, length_to_json
from mixsched.mixes import Knots, Mix, knots, mix_from_json, mix_groups, mix_to_json


@dataclasses.dataclass(frozen=True, eq=False)
class Phase:
    """A stretch of training: how long, which mix, and optionally its own learning rate and batch size.

    `length` is in `Tokens`, `Samples` or `Steps`, or a `Share` of the run, and is rounded up to whole steps. Without
    `lr`, the curve of the phase before goes on over this one too. `batch_size`, in samples, is the schedule's where
    it is None. Phases are equal if they declare the same: 0.75 is "3/4".
    """

    name: str
    length: Length
    weights: Mix
    lr: Curve | None = None
    batch_size: int | None = None

    def __post_init__(self):
        own_copies(self, "weights")
        if not isinstance(self.name, str) or not self.name:
            raise UsageError(f"`name` of a phase must be a string that is not empty, got {self.name!r}")
        check_length(f"`length` of phase {self.name!r}", self.length)
        if self.length == type(self.length)(0):
            raise UsageError(f"`length` of phase {self.name!r} must be more than nothing, got {self.length}")
        if self.batch_size is not None:
            check_whole(f"`batch_size` of phase {self.name!r}", self.batch_size, least=1)
        if self.lr is not None:
            check_kind(f"`lr` of phase {self.name!r}", self.lr, get_args(Curve), "give a curve such as Constant(3e-4)")
        _ = self.knots
        self.groups()

    @functools.cached_property
    def knots(self) -> Knots:
        """The places of the phase (0 to 1) that its weights pass through, with the exact shares there."""
        return knots(self.weights, where=f"weights of phase {self.name!r}")

    def groups(self) -> dict[str, tuple[str, ...]]:
        """The sources under each group name of the phase's weights."""
        return mix_groups(self.weights)

    def to_json(self) -> dict:
        """A JSON object from which `from_json` makes an equal phase."""
        value: dict = {
            "name": self.name,
            "length": length_to_json(self.length),
            "weights": mix_to_json(self.weights),
        }
        if self.lr is not None:
            value["lr"] = curve_to_json(self.lr)
        if self.batch_size is not None:
            value["batch_size"] = int(self.batch_size)
        return value

    @staticmethod
    def from_json(value: object) -> "Phase":
        """The inverse of `to_json`; raises UsageError where a field is missing, unknown or wrong."""
        fields = check_fields("phase", value, needed={"name", "length", "weights"}, known={"lr", "batch_size"})
        return Phase(
            name=fields["name"],
            length=length_from_json(fields["length"]),
            weights=mix_from_json(fields["weights"]),
            lr=curve_from_json(fields["lr"]) if "lr" in fields else None,
            batch_size=fields.get("batch_size"),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Phase) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(self.name)
