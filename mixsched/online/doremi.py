"""DoReMi: more weight to the sources on which the model is furthest behind a reference model."""

import dataclasses
import math
from collections.abc import Mapping

from mixsched.errors import UsageError, did_you_mean
from mixsched.fields import check_kind, is_number
from mixsched.online.rule import Feedback


@dataclasses.dataclass(frozen=True)
class DoReMiState:
    """One number a source, in the order of `sources`; `summed` adds up the weights after each of `updates`."""

    sources: tuple[str, ...]
    log_weights: tuple[float, ...]
    excess: tuple[float, ...]
    summed: tuple[float, ...]
    updates: int


@dataclasses.dataclass(frozen=True)
class DoReMi:
    """Domain reweighting by exponentiated gradient (Xie et al. 2023, arXiv 2305.10429, Algorithm 1).

    After each feedback the weights are multiplied by exp(`step_size` * excess loss), made to add up to 1, and mixed
    with the uniform ones: (1 - `smoothing`) * weights + `smoothing` / sources. `reference_losses` are the mean losses
    of a reference model in nats a token. The result of the method is `average(state)`, the mean of the weights over
    all updates, with which the model that counts is trained; `weights` are the current ones.

    The paper's: the update, step size 1, smoothing 1e-3, weights that begin uniform, the average. Choices: sources are
    sampled by the weights (the paper samples them uniformly and weighs their losses, which has the same mean
    gradient); one update a feedback, be it of one step or of a window; a source that is absent keeps its last excess,
    as in the authors' code; the excess is clipped at 0 source by source (the paper clips token by token: who has
    token losses gives the mean of max(loss - reference, 0) as the loss, and a reference of 0).

    Raises UsageError if `smoothing` is outside 0..1, `step_size` is not above 0, or the reference of a source is
    missing or not finite.

    >>> rule = DoReMi({"code": 1.0, "text": 2.0}, step_size=math.log(3), smoothing=0.0)
    >>> state = rule.observe(rule.begin({"code": 0.9, "text": 0.1}), Feedback(0, {"code": 2.0, "text": 1.5}, {}, 0))
    >>> {source: round(weight, 9) for source, weight in rule.weights(state).items()}
    {'code': 0.75, 'text': 0.25}
    """

    reference_losses: Mapping[str, float]
    step_size: float = 1.0
    smoothing: float = 1e-3

    def __post_init__(self):
        if not is_number(self.step_size) or not self.step_size > 0:
            raise UsageError(f"`step_size` must be a finite number above 0, got {self.step_size!r}")
        if not is_number(self.smoothing) or not 0 <= self.smoothing <= 1:
            raise UsageError(f"`smoothing` must lie in 0..1, got {self.smoothing!r}")
        check_kind("`reference_losses`", self.reference_losses, Mapping, "give the loss of each source, by name")
        for source, loss in self.reference_losses.items():
            if not is_number(loss):
                raise UsageError(f"`reference_losses` of source {source!r} must be finite, got {loss!r}")

    def begin(self, prior: Mapping[str, float], /) -> DoReMiState:
        """Uniform weights, whatever was declared."""
        sources = tuple(sorted(prior))
        for source in sources:
            if source not in self.reference_losses:
                raise UsageError(
                    f"`reference_losses` lacks the source {source!r}; {did_you_mean(source, self.reference_losses)}"
                )
        nothing = (0.0,) * len(sources)
        return DoReMiState(sources, (-math.log(len(sources)),) * len(sources), nothing, nothing, 0)

    def observe(self, state: DoReMiState, feedback: Feedback, /) -> DoReMiState:
        """One update of the weights."""
        excess = tuple(
            max(feedback.losses[source] - self.reference_losses[source], 0.0) if source in feedback.losses else last
            for source, last in zip(state.sources, state.excess, strict=True)
        )
        raised = [log + self.step_size * each for log, each in zip(state.log_weights, excess, strict=True)]
        log_weights = self._smooth(_normalize(raised))
        summed = tuple(total + math.exp(log) for total, log in zip(state.summed, log_weights, strict=True))
        return DoReMiState(state.sources, log_weights, excess, summed, state.updates + 1)

    def weights(self, state: DoReMiState, /) -> dict[str, float]:
        """The weights after the last update."""
        return {source: math.exp(log) for source, log in zip(state.sources, state.log_weights, strict=True)}

    def average(self, state: DoReMiState) -> dict[str, float]:
        """The mean of the weights over all updates: what the method returns. Before the first, the uniform weights."""
        if not state.updates:
            return self.weights(state)
        return {source: total / state.updates for source, total in zip(state.sources, state.summed, strict=True)}

    def _smooth(self, log_weights: list[float]) -> tuple[float, ...]:
        # Without smoothing a weight may be too small for a float, but its logarithm never is.
        if not self.smoothing:
            return tuple(log_weights)
        uniform = self.smoothing / len(log_weights)
        return tuple(math.log((1 - self.smoothing) * math.exp(log) + uniform) for log in log_weights)


def _normalize(logs: list[float]) -> list[float]:
    """Logarithms of weights that add up to 1; nothing overflows, however large they are."""
    top = max(logs)
    total = top + math.log(math.fsum(math.exp(log - top) for log in logs))
    return [log - total for log in logs]
