"""A change of weights that was decided while training ran: what the log of a plan is made of."""

import dataclasses
import functools
from collections.abc import Mapping

from mixsched.errors import UsageError
from mixsched.lengths import Steps, is_whole
from mixsched.mixes import Mix, check_fields, mix_from_json, mix_to_json
from mixsched.schedule import Phase


@dataclasses.dataclass(frozen=True)
class Amendment:
    """From `at_step` on the mix is `weights`, to the end of the run or up to `until_step`; a ramp or table spans that.

    From `until_step` on, the phases of the schedule say again what is served. `rows` holds the rows of the sources
    that this brings in; `reason` is for people.
    """

    at_step: int
    weights: Mix
    rows: Mapping[str, int]
    reason: str = ""
    until_step: int | None = None

    def __post_init__(self):
        if not is_whole(self.at_step) or self.at_step < 0:
            raise UsageError(f"`at_step` of an amendment must be a whole number of at least 0, got {self.at_step!r}")
        if self.until_step is not None and not (is_whole(self.until_step) and self.until_step > self.at_step):
            raise UsageError(
                f"`until_step` of an amendment must be a whole number above its `at_step`, {self.at_step}, got "
                f"{self.until_step!r}"
            )
        self.phase()

    def phase(self) -> Phase:
        """Its weights as a phase, of which only the weights mean something."""
        return Phase(f"amendment at step {self.at_step}", Steps(1), self.weights)

    @functools.cached_property
    def sources(self) -> tuple[str, ...]:
        """Every source that its weights name, sorted."""
        return tuple(sorted({source for _, mix in self.phase().knots() for source in mix}))

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
