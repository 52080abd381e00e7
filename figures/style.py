"""One look for all figures: colours that colour-blind readers tell apart, sizes that survive print."""

import io
import textwrap
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image

from mixsched.atomic import write_atomically

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
    engine = figure.get_layout_engine()
    assert engine is not None
    engine.execute(figure)
    # None, and not "none", whose placeholder would have every file drawn twice.
    figure.set_layout_engine(None)
    for axes in figure.axes:
        left, bottom, width, height = (round(side, 6) for side in axes.get_position().bounds)
        axes.set_position((left, bottom, width, height))


# Widths of a page's text and of one of its two columns, in inches: 178 and 86 mm.
TWO_COLUMNS, ONE_COLUMN = 7.0, 3.4
OURS = "#0072B2"
SEEDS = "#56B4E9"
PAPER = "#000000"
GAP = "#8A3A00"
QUIET = "#666666"
# Words in a panel hide the lines behind them.
ON_WHITE = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
# Of wins, ties and losses.
OUTCOMES = ("#0072B2", "#D9D9D9", "#E69F00")
_LINE_INCHES = 0.105
_SMALL_PRINT_POINTS = 5.6
_LETTERS_AN_INCH = 24
_PALETTE = 256


def use_print_style() -> None:
    """Set what the figures of the study share: small letters, embedded fonts, the dots per inch of print."""
    use_style()
    plt.rcParams.update(
        {
            "font.size": 7,
            "axes.titlesize": 7.5,
            "axes.labelsize": 6.5,
            "xtick.labelsize": 6.5,
            "ytick.labelsize": 7,
            "legend.fontsize": 6.5,
            "axes.linewidth": 0.6,
            "xtick.major.width": 0.6,
            "ytick.major.width": 0.6,
            "xtick.major.size": 2.5,
            "ytick.major.size": 2.5,
            "lines.linewidth": 1.0,
            "savefig.dpi": 300,
            # TrueType: text in the PDF can be searched, and printers that refuse Type 3 take it.
            "pdf.fonttype": 42,
        }
    )


def sheet(
    rows: int, columns: int, *, height_inches: float, title: str, foot: str, gaps: Sequence[str] = ()
) -> tuple[Figure, np.ndarray]:
    """A figure two columns wide: its title on top, panels, gaps and the small print at the foot.

    Returns the figure and its axes [rows, columns]. `height_inches` is that of the panels.
    """
    letters = int(TWO_COLUMNS * _LETTERS_AN_INCH)
    small = [(line, QUIET) for line in textwrap.wrap(foot, letters)]
    marked = [(line, GAP) for gap in gaps for line in textwrap.wrap(gap, letters)]
    head, base = 0.28, _LINE_INCHES * (len(small) + len(marked)) + 0.08
    height = height_inches + head + base
    layout = ConstrainedLayoutEngine(rect=(0, base / height, 1, height_inches / height), w_pad=0.03, h_pad=0.03)
    figure, axes = plt.subplots(rows, columns, figsize=(TWO_COLUMNS, height), layout=layout, squeeze=False)
    figure.text(0.008, 1 - 0.07 / height, title, fontsize=9, fontweight="bold", ha="left", va="top")
    for place, (line, shade) in enumerate(reversed(marked + small)):
        y = (0.04 + _LINE_INCHES * place) / height
        figure.text(0.008, y, line, fontsize=_SMALL_PRINT_POINTS, color=shade, ha="left", va="bottom")
    return figure, axes


def legend_on_top(figure: Figure, handles: Sequence[Artist]) -> None:
    """What the marks are, on the line of the title."""
    height = figure.get_size_inches()[1]
    figure.legend(
        handles=handles,
        loc="upper right",
        bbox_to_anchor=(0.995, 1 - 0.03 / height),
        ncols=len(handles),
        handletextpad=0.3,
        columnspacing=1.2,
        borderaxespad=0,
    )


def save(figure: Figure, out: Path, name: str) -> list[Path]:
    """Write the figure as PDF and PNG, the same bytes every time, and close it; returns the files."""
    settle(figure)
    out.mkdir(parents=True, exist_ok=True)
    printed, shown = out / f"{name}.pdf", out / f"{name}.png"
    pages, pixels, small = io.BytesIO(), io.BytesIO(), io.BytesIO()
    figure.savefig(pages, format="pdf", metadata={"CreationDate": None, "Producer": None, "Creator": None})
    figure.savefig(pixels, format="png", pil_kwargs={"compress_level": 1})
    plt.close(figure)
    with Image.open(pixels) as picture:
        # A figure has few colours and their shades at edges: a palette looks the same at less than half the bytes.
        few = picture.convert("RGB").quantize(_PALETTE, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        few.save(small, format="png", dpi=picture.info["dpi"])
    write_atomically(printed, [pages.getvalue()])
    write_atomically(shown, [small.getvalue()])
    return [printed, shown]
