"""The learning rate at every step of a schedule: the declared curves, one after another."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from mixsched.curves import Laid, LinearAnneal, lay_curve
from mixsched.errors import UsageError
from mixsched.phase import Phase


@dataclasses.dataclass(frozen=True)
class Rates:
    """The first step of each declared curve and the curve, laid over its steps; the run has `total_steps`."""

    curves: tuple[tuple[int, Laid], ...]
    first_phase: str
    total_steps: int

    def __call__(self, step: Any, xp: Any) -> Any:
        """The learning rate at `step`, a number or an array of any shape, in the arithmetic of `xp` (NumPy, or JAX's).

        A step before the first or beyond the last is taken as that one. Raises UsageError if the first phase declares
        no learning rate.
        """
        if not self.curves or self.curves[0][0]:
            raise UsageError(
                f"`lr` of phase {self.first_phase!r} is not declared; give the phase a learning-rate curve"
            )
        step = xp.clip(step, 0, self.total_steps - 1)
        value = self.curves[0][1].rates(step, xp)
        for first, laid in self.curves[1:]:
            value = xp.where(step >= first, laid.rates(step - first, xp), value)
        return value


def lay_rates(
    phases: Sequence[Phase], steps: Sequence[int], batch_sizes: Sequence[int], *, context_tokens: int
) -> Rates:
    """The curves of the phases, each laid up to the next one that is declared.

    Raises UsageError for an anneal from nowhere, and for a curve that does not fit its steps.
    """
    declared = [place for place, phase in enumerate(phases) if phase.lr is not None]
    found: list[tuple[int, Laid]] = []
    for place, following in zip(declared, [*declared[1:], len(phases)], strict=False):
        phase = phases[place]
        assert phase.lr is not None
        if isinstance(phase.lr, LinearAnneal) and phase.lr.start is None and not found:
            raise UsageError(
                f"`start` of the LinearAnneal in phase {phase.name!r} must be given: no learning rate precedes it"
            )
        laid = lay_curve(
            phase.lr,
            list(zip(steps[place:following], batch_sizes[place:following], strict=True)),
            context_tokens=context_tokens,
            before=float(found[-1][1].rates(np.float64(found[-1][1].steps - 1), np)) if found else None,
        )
        found.append((sum(steps[:place]), laid))
    return Rates(tuple(found), phases[0].name, sum(steps))
