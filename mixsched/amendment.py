"""A change of weights that was decided while training ran: what the log of a plan is made of."""

import dataclasses
import functools
from collections.abc import Mapping

from mixsched.errors import UsageError
from mixsched.fields import check_fields, check_kind, check_whole, is_whole, own_copies
from mixsched.mixes import Knots, Mix, knots, mix_from_json, mix_to_json


@dataclasses.dataclass(frozen=True)
class Amendment:
    """From `at_step` on the mix is `weights`, to the end of the run or up to `until_step`; a ramp or table spans that.

    From `until_step` on, what held before it holds again. `rows` holds the rows of the sources
    that this brings in; `reason` is for people.
    """

    at_step: int
    weights: Mix
    rows: Mapping[str, int]
    reason: str = ""
    until_step: int | None = None

    def __post_init__(self):
        own_copies(self, "weights", "rows")
        check_whole("`at_step` of an amendment", self.at_step, least=0)
        if self.until_step is not None and not (is_whole(self.until_step) and self.until_step > self.at_step):
            raise UsageError(
                f"`until_step` of an amendment must be a whole number above its `at_step`, {self.at_step}, got "
                f"{self.until_step!r}"
            )
        check_kind("`reason` of an amendment", self.reason, str, "give a text")
        check_kind("`rows` of an amendment", self.rows, Mapping, "give the rows of each new source, by name")
        for source, rows in self.rows.items():
            check_whole(f"`rows` of source {source!r}", rows, least=1)
        # Python's own numbers: NumPy's would wrap around in what is reckoned with them.
        for name in ("at_step", "until_step"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else int(value))
        object.__setattr__(self, "rows", {source: int(rows) for source, rows in self.rows.items()})
        _ = self.knots

    @functools.cached_property
    def knots(self) -> Knots:
        """The places of its stretch (0 to 1) that its weights pass through, with the exact shares there."""
        return knots(self.weights, where=f"weights of the amendment at step {self.at_step}")

    @property
    def sources(self) -> tuple[str, ...]:
        """Every source that its weights name, sorted."""
        return tuple(sorted({source for _, shares in self.knots for source in shares}))

    def to_json(self) -> dict:
        """A JSON object from which `from_json` makes the same amendment."""
        until = {} if self.until_step is None else {"until_step": int(self.until_step)}
        return until | {
            "at_step": int(self.at_step),
            "reason": self.reason,
            "rows": {source: int(rows) for source, rows in sorted(self.rows.items())},
            "weights": mix_to_json(self.weights),
        }

    @staticmethod
    def from_json(value: object) -> "Amendment":
        """The inverse of `to_json`; raises UsageError on another form."""
        fields = check_fields("amendment", value, needed={"at_step", "weights"}, known={"rows", "reason", "until_step"})
        return Amendment(
            at_step=fields["at_step"],
            weights=mix_from_json(fields["weights"]),
            rows=fields.get("rows", {}),
            reason=fields.get("reason", ""),
            until_step=fields.get("until_step"),
        )
