"""Which record of which source fills every slot of every step: a schedule, the rows of its sources and a seed."""

import dataclasses
import functools
from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from mixsched.differences import differences
from mixsched.errors import UsageError, did_you_mean
from mixsched.lengths import is_whole
from mixsched.permutation import derive_key, permute, subkey
from mixsched.quota import Quota
from mixsched.schedule import Schedule
from mixsched.shares import resolve

# Raise it whenever a plan would serve other samples for the same declaration.
PLAN_FORMAT = 1
MAX_ROWS = 2**62


@dataclasses.dataclass(frozen=True)
class Placement:
    """The samples of some slots of one step: four arrays of one length, int64.

    `source` indexes `Plan.sources`; `cursor` counts the samples that the source gave before this one; `epoch` and
    `record` say which pass over the source this is, and which of its rows.
    """

    source: np.ndarray
    cursor: np.ndarray
    epoch: np.ndarray
    record: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Plan:
    """A schedule solved for sources of known sizes: random access to every sample of every step.

    `rows` maps each source to its number of rows; sources that the schedule does not name are left out. Two plans
    with one `fingerprint` serve the same samples in the same slots, on any machine and in any listing order.

    Raises UsageError if the schedule names a source without rows, or if rows or seed are no whole numbers.

    >>> from mixsched import Phase, Plan, Schedule, Steps
    >>> mix = {"text": 0.75, "code": 0.25}
    >>> schedule = Schedule((Phase("p", Steps(10), mix),), batch_size=8, context_tokens=64)
    >>> plan = Plan(schedule, {"text": 50, "code": 9}, seed=0)
    >>> plan.sources, plan.counts(0).tolist(), plan.served(10).tolist()
    (('code', 'text'), [2, 6], [20, 60])
    >>> placement = plan.batch(9)
    >>> placement.source.shape, int(placement.epoch.max())
    ((8,), 2)
    """

    schedule: Schedule
    rows: Mapping[str, int]
    seed: int = dataclasses.field(kw_only=True)

    def __post_init__(self):
        for source in self.schedule.sources:
            if source not in self.rows:
                raise UsageError(
                    f"the weights name the source {source!r}, which is not among the data; "
                    f"{did_you_mean(source, self.rows)}"
                )
            if not is_whole(self.rows[source]) or not 1 <= int(self.rows[source]) <= MAX_ROWS:
                raise UsageError(
                    f"`rows` of source {source!r} must be a whole number from 1 to 2**62, got {self.rows[source]!r}"
                )
        if not is_whole(self.seed):
            raise UsageError(f"`seed` must be a whole number, got {self.seed!r}")

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources of the schedule, sorted by name: what every array over sources is aligned with."""
        return self.schedule.sources

    @property
    def total_steps(self) -> int:
        """Steps of the whole schedule."""
        return self.quota.total_steps

    @functools.cached_property
    def quota(self) -> Quota:
        """The solved counts (see `mixsched.quota` for the guarantee)."""
        return Quota(resolve(self.schedule))

    @functools.cached_property
    def _sizes(self) -> np.ndarray:
        return np.array([self.rows[source] for source in self.sources], np.int64)

    @functools.cached_property
    def _order_keys(self) -> np.ndarray:
        return np.array([derive_key(self.seed, "order", source) for source in self.sources], np.uint64)

    @functools.cached_property
    def _slot_key(self) -> np.uint64:
        return derive_key(self.seed, "slots")

    def counts(self, step: int) -> np.ndarray:
        """Samples of each source in `step`: int64 [sources], adding up to the step's batch size."""
        self._check_step(step)
        return self.quota.counts(step)

    def served(self, step: int) -> np.ndarray:
        """Samples of each source in the steps before `step`, i.e. their cursors there: int64 [sources]."""
        self._check_steps_done(step)
        return self.quota.served(step)

    def expected(self, step: int) -> tuple[Fraction, ...]:
        """The exact number of samples that the weights ask of each source in the steps before `step`."""
        self._check_steps_done(step)
        return tuple(Fraction(part, self.quota.shares.unit) for part in self.quota.shares.numerators(step))

    def batch_size(self, step: int) -> int:
        """Slots of `step`."""
        self._check_step(step)
        return self.quota.shares.segment_before(step + 1).batch_size

    def tokens(self, step: int) -> int:
        """Tokens of all samples in the steps before `step`."""
        return int(self.served(step).sum()) * int(self.schedule.context_tokens)

    def learning_rate(self, step: int) -> float:
        """The learning rate of `step`; raises UsageError where its phase declares none."""
        self._check_step(step)
        return self.schedule.learning_rate(step)

    def batch(self, step: int) -> Placement:
        """The samples of all slots of `step`, in slot order."""
        return self.slots(step, host=0, hosts=1)

    def slots(self, step: int, *, host: int, hosts: int) -> Placement:
        """The samples of the slots that `host` of `hosts` feeds: its contiguous part of the batch.

        The parts of all hosts, one after another, are `batch(step)` for any number of hosts. Slots are shuffled
        by a key of (seed, step), so that every part is a fair draw of the mix.
        """
        if not 0 <= host < hosts:
            raise UsageError(f"`host` must lie in 0..{hosts - 1}, got {host}")
        size = self.batch_size(step)
        slot = np.arange(host * size // hosts, (host + 1) * size // hosts)
        return self.place(step, slot)

    def place(self, step: int, slot: np.ndarray) -> Placement:
        """The samples of any slots of `step`."""
        before = self.served(step)
        ends = np.cumsum(self.quota.served(step + 1) - before)
        position = permute(slot, size=self.batch_size(step), key=subkey(self._slot_key, step))
        source = np.searchsorted(ends, position, side="right")
        starts = np.concatenate([np.zeros(1, np.int64), ends[:-1]])
        cursor = before[source] + position - starts[source]
        epoch, turn = np.divmod(cursor, self._sizes[source])
        key = subkey(self._order_keys[source], epoch)
        return Placement(source, cursor, epoch, permute(turn, size=self._sizes[source], key=key))

    @functools.cached_property
    def fingerprint(self) -> str:
        """A SHA-256 over all that is declared: plan format, schedule, rows of its sources, seed."""
        import hashlib
        import json

        canonical = json.dumps(self._declaration(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def to_json(self) -> dict:
        """A JSON object from which `from_json` makes the same plan."""
        return {"fingerprint": self.fingerprint, **self._declaration()}

    @staticmethod
    def from_json(value: dict) -> "Plan":
        """The inverse of `to_json`; raises UsageError if the format is another or the fingerprint differs."""
        needed = {"fingerprint", "format", "rows", "schedule", "seed"}
        if not isinstance(value, dict) or not needed <= value.keys() or not isinstance(value["rows"], dict):
            raise UsageError(f"a plan must be an object with the fields {', '.join(sorted(needed))}")
        if value["format"] != PLAN_FORMAT:
            raise UsageError(
                f"this plan has format {value['format']}, this version of mixsched reads {PLAN_FORMAT}; "
                "use the version of mixsched that wrote it"
            )
        plan = Plan(Schedule.from_json(value["schedule"]), value["rows"], seed=value["seed"])
        if plan.fingerprint != value["fingerprint"]:
            raise UsageError("the plan's fingerprint is not that of its content; it was edited or damaged")
        return plan

    def differences(self, now: "Plan") -> tuple[str, ...]:
        """What differs in the plan `now`, a sentence for each declared value; empty if the fingerprints are equal."""
        return differences(self._declaration(), now._declaration(), name="plan")

    def _declaration(self) -> dict:
        return {
            "format": PLAN_FORMAT,
            "rows": {source: int(self.rows[source]) for source in self.sources},
            "schedule": self.schedule.to_json(),
            "seed": int(self.seed),
        }

    def _check_steps_done(self, step: int) -> None:
        if not 0 <= step <= self.total_steps:
            raise UsageError(f"`step` must lie in 0..{self.total_steps}, got {step}")

    def _check_step(self, step: int) -> None:
        if not 0 <= step < self.total_steps:
            raise UsageError(f"`step` must lie in 0..{self.total_steps - 1}, got {step}")
