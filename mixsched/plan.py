"""Which record of which source fills every slot of every step: a schedule, the rows of its sources and a seed."""

import dataclasses
import functools
from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from mixsched.amendment import Amendment
from mixsched.declaration import before_extension, declare, departures, fingerprint_of, read_declaration
from mixsched.differences import differences
from mixsched.errors import UsageError
from mixsched.extension import check_extensions, lengthened
from mixsched.fields import check_kind, is_whole, own_copies, whole
from mixsched.handover import Cap
from mixsched.hosts import host_slots
from mixsched.limits import Limit, check_limits
from mixsched.mixes import Mix
from mixsched.numbering import Numbering
from mixsched.phase import Phase
from mixsched.placement import Order, Placement, join
from mixsched.pools import added_rows, check_pools, check_rows
from mixsched.quota import Quota
from mixsched.schedule import Schedule
from mixsched.solve import amend, solve
from mixsched.stretches import blocks_of
from mixsched.toml import from_toml, to_toml

if TYPE_CHECKING:
    from pathlib import Path

# Samples that `batches` places at a time: their temporaries stay in a core's cache.
BULK_SAMPLES = 2**15


@dataclasses.dataclass(frozen=True, eq=False)
class Plan:
    """A schedule solved for sources of known sizes: random access to every sample of every step.

    `rows` maps each source to its number of rows; it may hold others, which change nothing. `limits` say
    what happens when a source runs out (see `Limit`; without one it is repeated), and `pools` how many of its rows a
    source may draw from at all (a choice by `seed`, the same in every epoch; see `simulated_epoching`). `amendments`
    are the log of `amend`, and `extended_at` that of `extend`: the steps at which phases were added. Two plans with one
    `fingerprint` serve the same samples in the same slots, on any machine and in any listing order.

    Raises UsageError if the schedule names a source without rows, if rows, pools or seed are no whole numbers, or if
    a limit cannot be kept.

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
    limits: Mapping[str, Limit] = dataclasses.field(default_factory=dict, kw_only=True)
    pools: Mapping[str, int] = dataclasses.field(default_factory=dict, kw_only=True)
    amendments: tuple[Amendment, ...] = dataclasses.field(default=(), kw_only=True)
    extended_at: tuple[int, ...] = dataclasses.field(default=(), kw_only=True)

    def __post_init__(self):
        own_copies(self, "rows", "limits", "pools")
        self._check()
        # Python's own numbers: NumPy's would wrap around in what is reckoned with them.
        object.__setattr__(self, "extended_at", tuple(int(step) for step in self.extended_at))
        # Solved as far as to know that it can be.
        _ = self.quota

    def _check(self) -> None:
        check_kind("`schedule` of a plan", self.schedule, Schedule, "give a Schedule")
        for name, kind in (("rows", Mapping), ("limits", Mapping), ("pools", Mapping)):
            check_kind(f"`{name}` of a plan", getattr(self, name), kind, "give a mapping by source")
        check_kind("`amendments` of a plan", self.amendments, tuple, "give a tuple of Amendment")
        check_kind("`extended_at` of a plan", self.extended_at, tuple, "give a tuple of steps, or use `extend`")
        check_extensions(self.schedule, self.extended_at)
        for amendment in self.amendments:
            check_kind("an amendment of a plan", amendment, Amendment, "give Amendment(...), or use `amend`")
            for source, rows in amendment.rows.items():
                if source in self._declared_at(amendment.at_step) or self.rows.get(source) != rows:
                    raise UsageError(
                        f"`rows` of the amendment at step {amendment.at_step} gives {source!r} {rows:,} rows, the plan "
                        f"has {self.rows.get(source)}; give rows of new sources alone, and the same to the plan"
                    )
        if not is_whole(self.seed):
            raise UsageError(f"`seed` must be a whole number, got {self.seed!r}")
        check_rows(self.rows, self.sources)
        check_pools(self.pools, {source: self.rows[source] for source in self.sources})
        check_limits(self.limits, self.pool_rows)

    def _declared_at(self, step: int) -> tuple[str, ...]:
        """The sources of the phases known at `step`; those added later may name what an amendment brought in."""
        end = next((extended for extended in self.extended_at if extended > step), self.schedule.total_steps)
        return self.schedule.up_to(end).sources

    @functools.cached_property
    def quota(self) -> Quota:
        """How many samples each source gives in each step; solved when it is asked for."""
        log = {"amendments": self.amendments, "extended_at": self.extended_at}
        return solve(self.schedule, **log, sources=self.sources, caps=self._caps)

    @property
    def _caps(self) -> dict[str, Cap]:
        return {source: Cap(limit.samples(self.pool_rows[source]), limit.then) for source, limit in self.limits.items()}

    @functools.cached_property
    def sources(self) -> tuple[str, ...]:
        """All sources of schedule and amendments, sorted by name: what every array over sources is aligned with."""
        added = (source for amendment in self.amendments for source in amendment.sources)
        return tuple(sorted({*self.schedule.sources, *added}))

    @functools.cached_property
    def pool_rows(self) -> Mapping[str, int]:
        """How many rows each source draws from: what an epoch of it is."""
        return {source: int(self.pools.get(source, self.rows[source])) for source in self.sources}

    @property
    def exact(self) -> bool:
        """Whether the declared weights are served to the last digit.

        They are wherever the least common denominator of all shares, times twice the steps of the longest linear ramp,
        is at most some 2**50: 15 decimals at constant weights. Beyond that, weights are rounded once, here.
        """
        return self.quota.exact

    @property
    def total_steps(self) -> int:
        """Steps of the whole run: the schedule's, or fewer where a limit stops it."""
        return self.quota.total_steps

    @functools.cached_property
    def _order(self) -> Order:
        return Order(
            self.sources,
            rows=[int(self.rows[source]) for source in self.sources],
            pools=list(self.pool_rows.values()),
            seed=int(self.seed),
        )

    def counts(self, step: int) -> np.ndarray:
        """Samples of each source in `step`: int64 [sources], adding up to the step's batch size."""
        return self.quota.counts(self._step(step))

    def served(self, step: int) -> np.ndarray:
        """Samples of each source in the steps before `step`, i.e. their cursors there: int64 [sources]."""
        return self.quota.served(self._steps_done(step))

    def expected(self, step: int) -> tuple[Fraction, ...]:
        """The exact number of samples that the weights ask of each source in the steps before `step`."""
        step = self._steps_done(step)
        shares = self.quota.shares_before(step)
        return tuple(Fraction(part, shares.unit) for part in shares.numerators(step))

    def batch_size(self, step: int) -> int:
        """Slots of `step`."""
        return self.quota.segment(self._step(step)).batch_size

    def tokens(self, step: int) -> int:
        """Tokens of all samples in the steps before `step`."""
        return self.samples(step) * int(self.schedule.context_tokens)

    def samples(self, step: int) -> int:
        """Samples in the steps before `step`, which is also the number of the first sample of `step`."""
        return self._numbering.before(self._steps_done(step))

    def step_of(self, sample: int) -> int:
        """The step that serves the sample of this number; its slot is `sample - samples(step)`."""
        return self._numbering.step_of(whole("`sample`", sample))

    @functools.cached_property
    def _numbering(self) -> Numbering:
        return Numbering(tuple(blocks_of(self.schedule)), self.total_steps)

    def learning_rate(self, step: int) -> float:
        """The learning rate of `step`; raises UsageError where its phase declares none."""
        return self.schedule.learning_rate(self._step(step))

    def batch(self, step: int) -> Placement:
        """The samples of all slots of `step`, in slot order."""
        return self._place(step, slice(None))

    def slots(self, step: int, *, host: int, hosts: int) -> Placement:
        """The samples of the slots that `host` of `hosts` feeds: its contiguous part of the batch.

        The parts of all hosts, one after another, are `batch(step)` for any number of hosts. Slots are shuffled
        by a key of (seed, step), so that every part is a fair draw of the mix.
        """
        host, hosts = whole("`host`", host), whole("`hosts`", hosts)
        if not 0 <= host < hosts:
            raise UsageError(f"`host` must lie in 0..{hosts - 1}, got {host}")
        return self._place(step, host_slots(self.batch_size(step), host=host, hosts=hosts))

    def _place(self, step: int, slot: slice) -> Placement:
        step = self._step(step)
        served = np.stack([self.quota.served(step), self.quota.served(step + 1)])
        return self._order.place(step, served, slot)

    def batches(self, first_step: int, stop_step: int) -> Placement:
        """`batch` of all the steps from `first_step` up to `stop_step`, one after another: in bulk, and much faster."""
        first_step, stop_step = self._steps_done(first_step), self._steps_done(stop_step)
        parts = []
        while first_step < stop_step:
            segment = self.quota.segment(first_step)
            steps = max(1, BULK_SAMPLES // segment.batch_size)
            stop = min(stop_step, segment.first_step + segment.steps, first_step + steps)
            parts.append(self._order.place(first_step, self.quota.served_through(first_step, stop), slice(None)))
            first_step = stop
        return join(parts)

    def amend(
        self,
        at_step: int,
        weights: Mix,
        *,
        sources: Mapping[str, int] | None = None,
        served_steps: int | None = None,
        until_step: int | None = None,
        reason: str = "",
    ) -> "Plan":
        """A plan that is this one before `at_step`, and from there serves `weights`, to the end or up to `until_step`.

        From `until_step` on, what held before holds again (a declared cooldown, say). Every cursor goes on where it
        was, so nothing is lost or served twice. `weights` are a mix, or a ramp or table over these steps; `sources`
        gives the rows of sources that the plan does not know yet, which begin at cursor 0. `served_steps` says how many
        steps were handed out already, those read ahead among them: earlier amendments to steps after `at_step` that
        are not served yet are withdrawn. The quota's guarantee is that of a change that nobody declared (see
        `mixsched.quota`).

        Raises UsageError for a step that is served or beyond the end, for one before an earlier amendment that may be
        served already, since nothing says otherwise, and for one before the last extension.

        >>> from mixsched import Phase, Plan, Schedule, Steps
        >>> schedule = Schedule((Phase("p", Steps(10), {"text": 1}),), batch_size=8, context_tokens=64)
        >>> plan = Plan(schedule, {"text": 50}, seed=0).amend(6, {"text": 0.5, "math": 0.5}, sources={"math": 30})
        >>> plan.sources, plan.served(6).tolist(), plan.served(10).tolist()
        (('math', 'text'), [0, 48], [16, 64])
        """
        at_step = whole("`at_step`", at_step)
        if self.extended_at and at_step < self.extended_at[-1]:
            raise UsageError(
                f"`at_step` {at_step:,} lies before step {self.extended_at[-1]:,}, at which the plan was extended, and "
                "what was before it stays; amend from that step on, or amend its `origin` and extend that"
            )
        if served_steps is not None:
            served_steps = whole("`served_steps`", served_steps)
            if at_step < served_steps:
                raise UsageError(
                    f"`at_step` {at_step:,} is served already, {served_steps:,} steps are; amend at step "
                    f"{served_steps:,} or later"
                )
            pending = [each for each in self.amendments if each.at_step > at_step]
            if pending:
                kept = self.amendments[: len(self.amendments) - len(pending)]
                return dataclasses.replace(self, amendments=kept).amend(
                    at_step, weights, sources=sources, served_steps=served_steps, until_step=until_step, reason=reason
                )
        known = {name: self.rows[name] for name in self.sources}
        added = added_rows(Amendment(at_step, weights, {}, reason, until_step).sources, known, sources)
        amendment = Amendment(at_step, weights, added, reason, until_step)
        return self._amended(amendment, rows={**known, **added})

    def _amended(self, amendment: Amendment, *, rows: Mapping[str, int]) -> "Plan":
        """This plan with one more amendment, which takes over all that is solved."""
        plan = object.__new__(Plan)
        vars(plan).update({field.name: getattr(self, field.name) for field in dataclasses.fields(self)})
        vars(plan).update(rows=rows, amendments=(*self.amendments, amendment))
        plan._check()
        if plan.sources == self.sources:
            vars(plan)["quota"] = amend(self.quota, self.schedule, amendment, caps=plan._caps)
        _ = plan.quota
        return plan

    def extend(self, *phases: Phase, sources: Mapping[str, int] | None = None) -> "Plan":
        """A plan that is this one to its end, to the sample, and goes on from there with `phases`.

        This is how training goes on from another run's last checkpoint: cursors and epochs, steps, tokens and the
        learning rate continue (a `LinearAnneal` starts from where it ended), and limits and pools hold over all of it.
        What is served before the end does not depend on what follows, unlike in a plan of the same phases that are
        declared together (`Schedule.then`). `sources` gives the rows of sources that the plan does not know yet, which
        begin at cursor 0. `origin` of the new plan is this one. The quota's guarantee is that of a change that nobody
        declared (see `mixsched.quota`).

        Raises UsageError for phases that would change the past: shares of the run, or a first one without `lr` behind
        phases that have one; and for a plan that a limit stops before its end, or would before the first new step.

        >>> from mixsched import Constant, LinearAnneal, Phase, Plan, Schedule, Steps
        >>> schedule = Schedule((Phase("p", Steps(10), {"text": 1}, Constant(0.5)),), batch_size=8, context_tokens=64)
        >>> before = Plan(schedule, {"text": 50}, seed=0)
        >>> mix = {"text": 0.75, "code": 0.25}
        >>> plan = before.extend(Phase("more", Steps(5), mix, LinearAnneal(0.0)), sources={"code": 9})
        >>> plan.total_steps, plan.extended_at, plan.origin == before, plan.sources
        (15, (10,), True, ('code', 'text'))
        >>> plan.served(10).tolist(), plan.served(15).tolist(), plan.learning_rate(10)
        ([0, 80], [10, 110], 0.4)
        """
        schedule = lengthened(self.schedule, phases)
        known = {name: self.rows[name] for name in self.sources}
        rows = known | added_rows(schedule.sources, known, sources)
        extended_at = (*self.extended_at, self.schedule.total_steps)
        return dataclasses.replace(self, schedule=schedule, rows=rows, extended_at=extended_at)

    @functools.cached_property
    def origin(self) -> "Plan | None":
        """The plan that was last extended to this one; None if none was."""
        if not self.extended_at:
            return None
        return Plan.from_json(before_extension(self.declaration, self.extended_at[-1]))

    @functools.cached_property
    def fingerprint(self) -> str:
        """A SHA-256 over all that is declared: format, schedule, rows, seed, limits, pools, amendments, extensions."""
        return fingerprint_of(self.declaration)

    @property
    def declaration(self) -> dict:
        """All that is declared, as a JSON object."""
        return declare(
            self.schedule,
            self.rows,
            seed=self.seed,
            limits=self.limits,
            pools=self.pools,
            amendments=self.amendments,
            extended_at=self.extended_at,
        )

    def to_json(self) -> dict:
        """A JSON object from which `from_json` makes the same plan: the declaration, with its fingerprint."""
        return {"fingerprint": self.fingerprint, **self.declaration}

    @staticmethod
    def from_json(value: object) -> "Plan":
        """The inverse of `to_json`; raises UsageError if the format is another or the fingerprint differs.

        `format` and `fingerprint` may be left out, as in a file that a person wrote.
        """
        arguments, fingerprint = read_declaration(value)
        plan = Plan(**arguments)
        if fingerprint is not None and fingerprint != plan.fingerprint:
            raise UsageError("the plan's fingerprint is not that of its content; it was edited or damaged")
        return plan

    def to_toml(self) -> str:
        """The same as `to_json` as a TOML document."""
        return to_toml(self.to_json())

    @staticmethod
    def from_toml(text: str) -> "Plan":
        """The inverse of `to_toml`; raises UsageError where the text is no TOML or no plan."""
        return Plan.from_json(from_toml(text))

    def save(self, path: "Path | str") -> None:
        """Write the plan with all its steps solved, so that `load` need not solve it again."""
        from pathlib import Path

        from mixsched.stored import write_solved

        write_solved(Path(path), self.to_json(), self.quota)

    @staticmethod
    def load(path: "Path | str") -> "Plan":
        """The plan of a file: one that `save` wrote, or a declaration in JSON or, ending in .toml, in TOML.

        Raises UsageError that names the file if it is none, damaged or of another format.
        """
        from pathlib import Path

        from mixsched.stored import fill, read_declared

        declared, eras, bits = read_declared(Path(path))
        plan = Plan.from_json(declared)
        if eras:
            fill(Path(path), plan.quota, eras, bits)
        return plan

    def differences(self, now: "Plan") -> tuple[str, ...]:
        """What differs in the plan `now`, a sentence for each declared value; empty if the fingerprints are equal."""
        return differences(self.declaration, now.declaration, name="plan")

    def departures(self, before: "Plan", *, served_steps: int) -> tuple[str, ...]:
        """What keeps this plan from going on where `before` stood after so many steps, a sentence each.

        Empty if it is that plan, perhaps with further amendments to later steps, or extended at a step that is not
        before them: restore a checkpoint only then.
        """
        served_steps = before._steps_done(served_steps)
        return departures(before.declaration, self.declaration, served_steps=served_steps)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plan) and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        return f"Plan({len(self.sources)} sources, {self.total_steps:,} steps, fingerprint={self.fingerprint[:12]})"

    def _steps_done(self, step: int) -> int:
        step = whole("`step`", step)
        if not 0 <= step <= self.total_steps:
            raise UsageError(f"`step` must lie in 0..{self.total_steps}, got {step}")
        return step

    def _step(self, step: int) -> int:
        step = whole("`step`", step)
        if not 0 <= step < self.total_steps:
            raise UsageError(f"`step` must lie in 0..{self.total_steps - 1}, got {step}")
        return step
