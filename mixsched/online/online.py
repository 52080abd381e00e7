"""Ties a plan to a rule: feeds it the losses, amends the plan by its weights, and keeps a log that replays both."""

import dataclasses
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, Generic, SupportsFloat

from mixsched.amendment import Amendment
from mixsched.errors import UsageError
from mixsched.fields import check_fields, check_whole, is_whole
from mixsched.mixes import mix_to_json
from mixsched.online.division import division
from mixsched.online.floor import SHARE_UNIT
from mixsched.online.rule import Feedback, Rule, State, checked_losses, checked_weights
from mixsched.plan import Plan
from mixsched.weights import Number


@dataclasses.dataclass(frozen=True)
class _Now(Generic[State]):
    """Where it stands after `steps` steps: `units` are the shares of all sources over `SHARE_UNIT`."""

    steps: int
    state: State
    plan: Plan
    units: Mapping[str, int]


class Online(Generic[State]):
    """A plan whose weights a rule sets while training runs.

    `observe(step, losses)` after a step, or after the last step of a window, tells the rule. Whenever `every_steps`
    more steps are done, its weights become shares over 2**20 (largest remainders, ties by name, none below `floor`),
    and the plan is amended from the next step on that is not served; where the shares stay as they are, the plan does.
    Amendments last up to `until_step`, where the declared phases begin to hold again (a cooldown, say), or without it
    to the end of the run.

    `sources` are those whose weights the rule sets (all, unless given); the others keep the share that they have at
    `from_step`, and the rule divides the rest. Steps before `from_step` are served as declared.

    A reader that fetches ahead holds steps of the old plan. Either set `lead_steps` to the number of steps that it may
    be ahead of the step observed, so that new weights take hold after these; or leave it at 0, the very next step, and
    re-open the reader on `plan` at the amendment's `at_step`. A loop that reads its losses one step late needs at
    least 1.

    Every host must be fed the same numbers, i.e. all-reduced ones. Rounding to 2**-20 does not replace that: losses
    that differ in the last digit round apart now and then. On unlike processors even equal numbers may differ in the
    last digit of a logarithm: there let one host decide, and send its `plan.to_json()` to the others.

    `log` is a list of JSON objects, one an observation: append `log[-1]` to a file of JSON lines. The samples need the
    plan alone (`Plan.to_json`); `replay` rebuilds the decisions. See `mixsched.online` for an example.

    Raises UsageError for settings that cannot be.
    """

    def __init__(
        self,
        plan: Plan,
        rule: Rule[State],
        *,
        every_steps: int,
        from_step: int = 0,
        until_step: int | None = None,
        lead_steps: int = 0,
        floor: Number = 0,
        sources: Iterable[str] | None = None,
    ):
        check_whole("`every_steps`", every_steps, least=1)
        check_whole("`lead_steps`", lead_steps, least=0, most=plan.total_steps - 1)
        check_whole("`from_step`", from_step, least=0, most=plan.total_steps - 1)
        if plan.extended_at and from_step < plan.extended_at[-1]:
            raise UsageError(
                f"`from_step` must be at least {plan.extended_at[-1]:,}, the step at which the plan was extended, for "
                f"what is before it stays; got {from_step}"
            )
        if until_step is not None:
            check_whole("`until_step`", until_step, least=from_step + 1, most=plan.schedule.total_steps)
        self.rule = rule
        self.log: list[dict] = []
        self._every_steps, self._from_step, self._lead_steps = int(every_steps), int(from_step), int(lead_steps)
        self._until_step = until_step
        self._division = division(plan, step=self._from_step, sources=sources, floor=floor)
        self._now = _Now(0, rule.begin(self._division.prior), plan, self._division.declared)

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources whose weights the rule sets, sorted by name."""
        return self._division.sources

    @property
    def plan(self) -> Plan:
        """The plan with all amendments so far."""
        return self._now.plan

    @property
    def state(self) -> State:
        """The rule's state, e.g. for `DoReMi.average`."""
        return self._now.state

    @property
    def shares(self) -> dict[str, Fraction]:
        """The share of each source as last decided; before the first decision the declared one at `from_step`."""
        return {source: Fraction(units, SHARE_UNIT) for source, units in self._now.units.items()}

    def observe(self, step: int, losses: Mapping[str, SupportsFloat]) -> Amendment | None:
        """Tell the mean loss of each source, in nats a token, in the steps since the last observation, up to `step`.

        A source that gave nothing is left out. Returns the amendment if the plan was amended.

        Raises UsageError, with nothing changed, for a step that is not after the last one, an unknown source, a loss
        that is not finite, a rule whose weights cannot be used, or an amendment that a limit of the plan forbids.
        """
        now, entry = self._after(step, losses)
        # Both at the end: what is refused above has changed nothing.
        self._now = now
        self.log.append(entry)
        return now.plan.amendments[-1] if entry["decided"] else None

    @classmethod
    def replay(cls, plan: Plan, rule: Rule[State], log: Iterable[object], **settings: Any) -> "Online[State]":
        """The `Online` that wrote this log, or the part of one up to any entry, with the same state, plan and log.

        `plan` is the one that it was begun with, `settings` are the keywords. To resume at a step, leave out the
        entries of that step and later ones. Raises UsageError if the rule decides otherwise than the log says.
        """
        online = cls(plan, rule, **settings)
        for value in log:
            entry = check_fields("log entry", value, needed={"step", "losses", "decided"})
            online.observe(entry["step"], entry["losses"])
            made = online.log[-1]["decided"]
            if made != entry["decided"]:
                raise UsageError(
                    f"the log says {_said(entry['decided'])} after step {entry['step']:,}, but this rule decides "
                    f"{_said(made)}; replay it with the plan, rule, settings and version that wrote it"
                )
        return online

    def _after(self, step: int, losses: Mapping[str, SupportsFloat]) -> tuple[_Now[State], dict]:
        now = self._now
        if not is_whole(step) or not now.steps <= step < now.plan.total_steps:
            raise UsageError(
                f"`step` must be at least {now.steps:,}, for the steps before it are observed, and below the plan's "
                f"{now.plan.total_steps:,}, got {step!r}; observe each step, or the last one of each window, in order"
            )
        step = int(step)
        given = checked_losses(losses, now.plan.sources, step=step)
        state = self.rule.observe(now.state, self._feedback(step, given))
        # Looked at after every observation, so that one that spoils the state is refused, not kept.
        weights = checked_weights(self.rule, self.rule.weights(state), self.sources)
        plan, units, decided = now.plan, now.units, None
        if self._is_due(step):
            units = self._division.divide(weights)
        if units != now.units:
            plan = self._amended(step, units)
            amendment = plan.amendments[-1]
            decided = {"at_step": amendment.at_step, "weights": mix_to_json(amendment.weights)}
        return _Now(step + 1, state, plan, units), {"step": step, "losses": given, "decided": decided}

    def _feedback(self, step: int, losses: Mapping[str, float]) -> Feedback:
        plan = self._now.plan
        served = dict(zip(plan.sources, plan.served(step + 1).tolist(), strict=True))
        return Feedback(
            step,
            losses={source: losses[source] for source in self.sources if source in losses},
            served={source: served[source] for source in self.sources},
            samples=plan.samples(step + 1),
        )

    def _is_due(self, step: int) -> bool:
        """Whether a multiple of `every_steps` was passed, and what is decided can still take hold."""
        passed = (step + 1) // self._every_steps > self._now.steps // self._every_steps
        last = self._now.plan.total_steps if self._until_step is None else self._until_step
        return passed and self._from_step <= step + 1 + self._lead_steps < min(last, self._now.plan.total_steps)

    def _amended(self, step: int, units: Mapping[str, int]) -> Plan:
        unserved = step + 1 + self._lead_steps
        weights = {source: Fraction(each, SHARE_UNIT) for source, each in units.items()}
        reason = f"{type(self.rule).__name__} after step {step}"
        return self._now.plan.amend(
            unserved, weights, served_steps=unserved, until_step=self._until_step, reason=reason
        )


def _said(decided: Any) -> str:
    if not decided:
        return "nothing was changed"
    known = isinstance(decided, dict) and decided.keys() == {"at_step", "weights"}
    if not known or not isinstance(decided["weights"], dict):
        return repr(decided)
    return f"{', '.join(f'{s} {w}' for s, w in decided['weights'].items())} from step {decided['at_step']} on"
