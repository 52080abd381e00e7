"""Which part of every batch a rule divides, among which sources, and the least that each of them gets."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from mixsched.errors import UsageError, did_you_mean
from mixsched.online.floor import SHARE_UNIT, floor_units, whole_shares
from mixsched.plan import Plan
from mixsched.weights import Number


@dataclasses.dataclass(frozen=True)
class Division:
    """What a rule divides: `units` of the `SHARE_UNIT` of a batch, among `sources` (sorted by name), `least` for each.

    `prior` are their declared shares of that; `declared` are the units of every source of the plan, as declared.
    """

    sources: tuple[str, ...]
    prior: Mapping[str, float]
    declared: Mapping[str, int]
    units: int
    least: int

    def divide(self, weights: Sequence[float]) -> dict[str, int]:
        """The units of every source of the plan, by weights in the order of `sources`."""
        parts = whole_shares(weights, self.units, least=self.least)
        return {**self.declared, **dict(zip(self.sources, parts, strict=True))}


def division(plan: Plan, *, step: int, sources: Iterable[str] | None, floor: Number) -> Division:
    """The division of what the plan gives `sources` (None: all) at `step`.

    Raises UsageError for an unknown source, sources without any weight, or a floor that is too high for them.
    """
    shares = _shares(plan, step)
    chosen = plan.sources if sources is None else _chosen(sources, plan.sources)
    total = sum(shares[source] for source in chosen)
    if not total:
        raise UsageError(f"the `sources` {', '.join(chosen)} have no weight at step {step:,}, so no rule can divide it")
    prior = {source: shares[source] / total for source in chosen}
    declared = dict(zip(plan.sources, whole_shares(list(shares.values()), SHARE_UNIT), strict=True))
    units = sum(declared[source] for source in chosen)
    # Rounded as decisions are, so that a rule that keeps to its prior changes nothing.
    declared |= dict(zip(chosen, whole_shares(list(prior.values()), units), strict=True))
    least = floor_units(floor, len(chosen), units=units, where="floor")
    return Division(chosen, prior, declared, units, least)


def _shares(plan: Plan, step: int) -> dict[str, float]:
    """The share of each source in `step`."""
    together = zip(plan.sources, plan.expected(step), plan.expected(step + 1), strict=True)
    return {source: float((after - before) / plan.batch_size(step)) for source, before, after in together}


def _chosen(sources: Iterable[str], known: tuple[str, ...]) -> tuple[str, ...]:
    chosen = tuple(sorted(set(sources)))
    for source in chosen:
        if source not in known:
            raise UsageError(
                f"`sources` names {source!r}, which is no source of the plan; {did_you_mean(source, known)}"
            )
    if not chosen:
        raise UsageError("`sources` must name at least one source of the plan")
    return chosen
