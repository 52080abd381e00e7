"""ADO: more weight to the sources that, by a power law fitted to their losses, still learn fastest."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Literal, get_args

from mixsched.errors import UsageError
from mixsched.fields import check_whole, is_number
from mixsched.online.floor import SHARE_UNIT, floor_units, whole_shares
from mixsched.online.rule import Feedback
from mixsched.online.scaling_law import Curve, PowerLaw, fit

Counted = Literal["all", "own"]


@dataclasses.dataclass(frozen=True)
class ADOState:
    """One value a source, in the order of `sources`, after `steps` steps.

    `credit` is the recent share of what was served (the paper's h), `mean` the mean preference over time (pi-bar) and
    `policy` the weights (pi).
    """

    sources: tuple[str, ...]
    prior: tuple[float, ...]
    curves: tuple[Curve, ...]
    laws: tuple[PowerLaw | None, ...]
    credit: tuple[float, ...]
    mean: tuple[float, ...]
    policy: tuple[float, ...]
    served: tuple[int, ...]
    steps: int


@dataclasses.dataclass(frozen=True)
class ADO:
    """Adaptive data optimization (Jiang et al. 2024, arXiv 2410.11820): weights by learning speed, without a proxy.

    Every `refit_steps` steps a power law L(n) = epsilon + beta * n**-alpha is fitted to the losses of each source, the
    first `skip_steps` steps left out. After each feedback the preference of a source is its prior (the declared share)
    times its recent share to the power `credit_power` times the learning speed -dL/dn, made to add up to 1, at least
    `min_share`. The weights are `policy_rate` of it and the rest of the mean preference so far.

    The paper's: all of that. The defaults are the authors' code's, but for `skip_steps` (1,000 there). As in that code:
    n counts the samples of all sources, since sources learn from each other (`counted="own"`: those of the source
    alone); the recent share is a running mean, at `credit_rate` a step, of what was really served; exponents lie in
    0.05..0.8; the minimum share is put under the preference, not under the weights (as `floor` of `Online` is).
    Choices: the fit (see `scaling_law.fit`), with a history of at most 256 means in place of a Savitzky-Golay filter
    and no bounds on epsilon and beta but 0; the credit is h**s (the authors' code has (h * (1 - h))**s); a feedback on
    several steps counts as so many in both means; a source with fewer than 8 points keeps its prior, and all of them
    do before the first fit.

    Raises UsageError for settings out of range, e.g. a `min_share` that so many sources cannot have.

    >>> rule = ADO(skip_steps=0, refit_steps=100)
    >>> state = rule.begin({"code": 0.5, "text": 0.5})
    >>> for step in range(200):
    ...     served = {"code": 4 * step + 4, "text": 4 * step + 4}
    ...     losses = {"code": 1 + 9 * served["code"] ** -0.5, "text": 2.0}
    ...     state = rule.observe(state, Feedback(step, losses, served, 8 * step + 8))
    >>> {source: round(weight, 2) for source, weight in rule.weights(state).items()}
    {'code': 0.77, 'text': 0.23}
    """

    skip_steps: int = 500
    refit_steps: int = 1000
    credit_power: float = 0.5
    credit_rate: float = 0.1
    policy_rate: float = 0.1
    min_share: float = 0.01
    counted: Counted = "all"

    def __post_init__(self):
        for name, count, least in (("skip_steps", self.skip_steps, 0), ("refit_steps", self.refit_steps, 1)):
            check_whole(f"`{name}`", count, least=least)
        rates = {"credit_power": self.credit_power, "credit_rate": self.credit_rate, "policy_rate": self.policy_rate}
        for name, value in rates.items():
            if not is_number(value) or not 0 <= value <= 1:
                raise UsageError(f"`{name}` must lie in 0..1, got {value!r}")
        if self.counted not in get_args(Counted):
            raise UsageError(f"`counted` must be one of {', '.join(get_args(Counted))}, got {self.counted!r}")

    def begin(self, prior: Mapping[str, float], /) -> ADOState:
        """The prior, until enough losses are known."""
        sources = tuple(sorted(prior))
        self._least(len(sources))
        shares = tuple(prior[source] for source in sources)
        curves, laws, served = (Curve(),) * len(sources), (None,) * len(sources), (0,) * len(sources)
        return ADOState(sources, shares, curves, laws, shares, shares, shares, served, 0)

    def observe(self, state: ADOState, feedback: Feedback, /) -> ADOState:
        """Adds the losses to the histories, fits them if it is time, and moves the weights."""
        steps = feedback.step + 1
        served = tuple(feedback.served[source] for source in state.sources)
        counts = served if self.counted == "own" else (feedback.samples,) * len(served)
        curves = state.curves if steps <= self.skip_steps else _extended(state, feedback, counts)
        refit = steps // self.refit_steps > state.steps // self.refit_steps
        laws = tuple(map(fit, curves)) if refit else state.laws
        credit = self._credit(state, served, steps)
        moved = dataclasses.replace(state, curves=curves, laws=laws, credit=credit, served=served, steps=steps)
        if not any(laws):
            return moved
        preference = self._preference(moved, counts)
        policy = _mix(state.mean, preference, self.policy_rate)
        # After the policy: the mean that it leans on is the one before this step.
        mean = _mix(state.mean, preference, (steps - state.steps) / steps)
        return dataclasses.replace(moved, policy=policy, mean=mean)

    def weights(self, state: ADOState, /) -> dict[str, float]:
        """The weights after the last feedback."""
        return dict(zip(state.sources, state.policy, strict=True))

    def _credit(self, state: ADOState, served: Sequence[int], steps: int) -> tuple[float, ...]:
        given = [now - before for now, before in zip(served, state.served, strict=True)]
        if not sum(given):
            return state.credit
        # As if each of the steps had served the mean of all of them.
        rate = 1 - (1 - self.credit_rate) ** (steps - state.steps)
        return _mix(state.credit, [samples / sum(given) for samples in given], rate)

    def _preference(self, state: ADOState, counts: Sequence[int]) -> list[float]:
        """Prior times credit times speed among the sources that have a law; the others keep their prior."""
        together = zip(state.prior, state.credit, state.laws, counts, strict=True)
        pulls = [
            None if law is None else share * credit**self.credit_power * law.speed(samples)
            for share, credit, law, samples in together
        ]
        total = math.fsum(pull for pull in pulls if pull is not None)
        if not total:
            return list(state.prior)
        known = math.fsum(share for share, pull in zip(state.prior, pulls, strict=True) if pull is not None)
        shares = [
            share if pull is None else known * pull / total for share, pull in zip(state.prior, pulls, strict=True)
        ]
        lifted = whole_shares(shares, SHARE_UNIT, least=self._least(len(shares)))
        return [units / SHARE_UNIT for units in lifted]

    def _least(self, sources: int) -> int:
        return floor_units(self.min_share, sources, units=SHARE_UNIT, where="min_share")


def _extended(state: ADOState, feedback: Feedback, counts: Sequence[int]) -> tuple[Curve, ...]:
    return tuple(
        curve.add(samples, feedback.losses[source]) if source in feedback.losses and samples else curve
        for source, curve, samples in zip(state.sources, state.curves, counts, strict=True)
    )


def _mix(before: Sequence[float], after: Sequence[float], rate: float) -> tuple[float, ...]:
    return tuple((1 - rate) * old + rate * new for old, new in zip(before, after, strict=True))
