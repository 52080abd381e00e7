"""A plan as a picture: the learning rate, the shares served over the run, and how often each source is passed over."""

from typing import TYPE_CHECKING, Any

import numpy as np

from mixsched.plan import Plan

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# A stretch of a run is drawn as one bin, so that shares are read and not the rounding of a step.
BINS = 240
# Okabe and Ito (2008), without yellow, which fades on white; sources beyond these take them again, hatched.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#666666")
HATCHES = ("", "///", "...", "xxx")
LINES = ("-", "--", "-.", (0, (6, 1, 1, 1, 1, 1)), ":")
# An algorithm makes hundreds; then the lines alone are drawn.
AMENDMENTS_NAMED = 8
# Sources named in the legend; the smallest others share a colour.
NAMED = 16


def draw(plan: Plan) -> "Figure":
    """The figure of a plan: three panels over training tokens, the uppermost only where learning rates are declared.

    For a notebook, or `draw(plan).savefig("mix.png")`; needs matplotlib.
    """
    from matplotlib.figure import Figure

    rated = plan.schedule.phases[0].lr is not None
    heights = [1.1, 2.6, 1.7] if rated else [2.6, 1.7]
    figure = Figure(figsize=(9, 2 + sum(heights)), layout="constrained")
    panels = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0]
    # Edges where the mix jumps too, so that no bin lies in two mixes.
    jumps = [*plan.schedule.first_steps, *_amended_steps(plan)]
    steps = np.linspace(0, plan.total_steps, BINS + 1).round().astype(int)
    steps = np.unique(np.minimum([*steps, *jumps], plan.total_steps))
    unit, name = _unit(plan.tokens(plan.total_steps))
    tokens = np.array([plan.tokens(int(step)) for step in steps]) / unit
    if rated:
        _learning_rate(panels[0], plan, unit)
    _shares(panels[-2], plan, steps, tokens)
    _epochs(panels[-1], plan, steps, tokens)
    # Beside all panels, so that many sources do not push these apart.
    figure.legend(*panels[-2].get_legend_handles_labels(), loc="outside right center", frameon=False, reverse=True)
    panels[-1].set_xlabel(f"training tokens{name}")
    for panel in panels:
        panel.spines[["top", "right"]].set_visible(False)
        _marks(panel, plan, unit)
    _phase_names(panels[0], plan, unit)
    return figure


def _unit(largest: int) -> tuple[float, str]:
    for unit, name in ((1e12, " (trillions)"), (1e9, " (billions)"), (1e6, " (millions)"), (1e3, " (thousands)")):
        if largest >= unit:
            return unit, name
    return 1.0, ""


def _order(plan: Plan) -> list[int]:
    """Sources by how much they give, the largest first; this is the order of colours and of the legend."""
    served = plan.served(plan.total_steps)
    return sorted(range(len(plan.sources)), key=lambda place: (-served[place], place))


def _style(rank: int) -> tuple[str, str, Any]:
    """Colour, hatch and line of the source at this rank."""
    if rank >= NAMED:
        return "#BBBBBB", "", "-"
    turn = rank // len(COLOURS) % len(HATCHES)
    # Lines change with every source, so that one below another is seen.
    return COLOURS[rank % len(COLOURS)], HATCHES[turn], LINES[rank % len(LINES)]


def _learning_rate(panel: "Axes", plan: Plan, unit: float) -> None:
    steps = np.unique(np.linspace(0, plan.total_steps - 1, 8 * BINS).round().astype(int))
    panel.plot(
        [plan.tokens(int(step)) / unit for step in steps], plan.schedule.learning_rates(steps), color="black", lw=1.3
    )
    panel.set_ylabel("learning rate")
    panel.set_ylim(bottom=0)
    panel.yaxis.set_major_formatter(lambda rate, _: f"{rate:g}")


def _shares(panel: "Axes", plan: Plan, steps: np.ndarray, tokens: np.ndarray) -> None:
    served = np.stack([plan.served(int(step)) for step in steps]).astype(float)
    given = np.diff(served, axis=0)
    shares = 100 * given / given.sum(axis=1, keepdims=True)
    order = _order(plan)
    below = np.zeros(len(shares))
    for rank, place in enumerate(order):
        colour, hatch, _ = _style(rank)
        label = plan.sources[place] if rank < NAMED else f"{len(order) - NAMED} others" if rank == NAMED else None
        panel.stairs(
            below + shares[:, place],
            tokens,
            baseline=below,
            fill=True,
            color=colour,
            hatch=hatch,
            ec="white",
            lw=0,
            label=label,
        )
        below = below + shares[:, place]
    panel.set(ylabel="share of samples (%)", ylim=(0, 100), xlim=(0, tokens[-1]))


def _epochs(panel: "Axes", plan: Plan, steps: np.ndarray, tokens: np.ndarray) -> None:
    rows = np.array(list(plan.pool_rows.values()), float)
    epochs = np.stack([plan.served(int(step)) for step in steps]) / rows
    for rank, place in reversed(list(enumerate(_order(plan)))):
        colour, _, line = _style(rank)
        panel.plot(tokens, epochs[:, place], color=colour, linestyle=line, lw=1.4)
    panel.axhline(1, color="#999999", lw=0.8, zorder=0)
    panel.set(ylabel="epochs", ylim=(0, max(1.1, 1.05 * float(epochs.max()))))


def _amended_steps(plan: Plan) -> list[int]:
    """Where amendments begin and end."""
    ends = [each.until_step for each in plan.amendments if each.until_step is not None]
    return [*(each.at_step for each in plan.amendments), *ends]


def _marks(panel: "Axes", plan: Plan, unit: float) -> None:
    """Where phases begin (dotted), and where amendments begin and end (dashed)."""
    for first in plan.schedule.first_steps[1:]:
        if first < plan.total_steps:
            panel.axvline(plan.tokens(first) / unit, color="black", linestyle=":", lw=1)
    for step in _amended_steps(plan):
        if step < plan.total_steps:
            panel.axvline(plan.tokens(step) / unit, color="black", linestyle="--", lw=0.8)


def _phase_names(panel: "Axes", plan: Plan, unit: float) -> None:
    for phase, first, steps in zip(plan.schedule.phases, plan.schedule.first_steps, plan.schedule.steps, strict=True):
        # A name has no room over a phase that is very short.
        if first < plan.total_steps and steps > 0.04 * plan.total_steps:
            where = (plan.tokens(first) / unit, 1.0)
            panel.annotate(
                phase.name,
                where,
                xycoords=("data", "axes fraction"),
                xytext=(3, 3),
                textcoords="offset points",
                fontsize=9,
            )
    said = {plan.tokens(step) / unit: "extended" for step in plan.extended_at}
    said |= {plan.tokens(each.at_step) / unit: "amended" for each in plan.amendments[:AMENDMENTS_NAMED]}
    if plan.total_steps < plan.schedule.total_steps:
        said[plan.tokens(plan.total_steps) / unit] = f"stopped: {plan.quota.stopped_by} at its limit"
    for place, words in said.items():
        panel.annotate(
            words,
            (place, 0.04),
            xycoords=("data", "axes fraction"),
            xytext=(-2, 0),
            textcoords="offset points",
            fontsize=7,
            rotation=90,
            ha="right",
        )
