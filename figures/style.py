"""One look for all figures: colours that colour-blind readers tell apart, sizes that survive print."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito (2008), without yellow, which fades on white. A source keeps its colour in every figure.
COLOURS = {
    "text": "#0072B2",
    "web_code": "#D55E00",
    "markup": "#E69F00",
    "adjacent": "#CC79A7",
    "synthetic": "#009E73",
    "math": "#56B4E9",
    "instruct": "#666666",
}
SPARE = ("#000000", "#8C6BB1", "#7F3B08", "#35978F", "#B2182B")
LINE_STYLES = ("-", "--", "-.", ":")


def colour(source: str, sources: list[str]) -> str:
    """The colour of a source: its own, or one of the spare ones by its place among those without."""
    if source in COLOURS:
        return COLOURS[source]
    others = [name for name in sources if name not in COLOURS]
    return SPARE[others.index(source) % len(SPARE)]


def use_style() -> None:
    """Set what every figure shares."""
    plt.rcParams.update(
        {
            "font.family": "DejaVu Sans",
            "font.size": 9,
            "axes.titlesize": 10,
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "axes.labelsize": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.color": "#E6E6E6",
            "grid.linewidth": 0.6,
            "axes.axisbelow": True,
            "legend.frameon": False,
            "legend.fontsize": 8,
            "lines.linewidth": 1.6,
            "savefig.dpi": 160,
            # Text stays text in SVG, so that it can be searched and edited.
            "svg.fonttype": "none",
            # The same figure gives the same bytes.
            "svg.hashsalt": "mixsched",
        }
    )


def tokens_axis(axes: Axes, largest: int) -> float:
    """Label an x axis of training tokens with a unit that keeps numbers short; returns tokens per unit."""
    for unit, name in ((1e9, "billions"), (1e6, "millions"), (1e3, "thousands")):
        if largest >= unit:
            axes.set_xlabel(f"training tokens ({name})")
            return unit
    axes.set_xlabel("training tokens")
    return 1.0


def small_print(figure: Figure, text: str) -> None:
    """What the numbers are of, at the foot of the figure."""
    figure.text(0.01, 0.005, text, fontsize=7, color="#555555", ha="left", va="bottom")


def settle(figure: Figure) -> None:
    """Lay the figure out for good: the solver's last bits differ from time to time, and would stand in the SVG."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        left, bottom, width, height = (round(side, 6) for side in axes.get_position().bounds)
        axes.set_position((left, bottom, width, height))
