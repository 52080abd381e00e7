"""The figure: how far each mixer is from its weights as the run goes on, and what a host's slice of it is."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mixsched.bench.case import Case
from mixsched.bench.results import Measurement

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito (2008), without yellow; the line style tells them apart too.
LOOKS = (
    ("#0072B2", "-"),
    ("#D55E00", "-"),
    ("#009E73", "--"),
    ("#CC79A7", "--"),
    ("#56B4E9", "-."),
    ("#E69F00", ":"),
    ("#666666", ":"),
)
POINTS = 300


def draw(
    measurements: Sequence[Measurement], until: Mapping[str, np.ndarray], eight: Case, halves: Case, folder: Path
) -> list[Path]:
    """Write `mixers.png` and `mixers.svg`; `until` is `Deviation.until` of each mixer."""
    # Matplotlib takes a second to load, and a display that may not be there.
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    with plt.rc_context():
        use_style()
        figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), width_ratios=(1.25, 1), layout="constrained")
        draw_deviation(left, until, eight)
        draw_hosts(right, measurements, list(until), halves)
        files = [folder / "mixers.png", folder / "mixers.svg"]
        figure.savefig(files[0], dpi=160)
        figure.savefig(files[1], metadata={"Date": None})
        plt.close(figure)
    return files


def use_style() -> None:
    """What both panels share."""
    import matplotlib.pyplot as plt

    plt.rcParams.update(
        {
            "font.size": 9,
            "axes.titlesize": 10,
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": "#E6E6E6",
            "grid.linewidth": 0.6,
            # Text stays text in SVG, so that it can be searched and edited.
            "svg.fonttype": "none",
            # The same figure gives the same bytes.
            "svg.hashsalt": "mixsched",
        }
    )


def draw_deviation(axes: "Axes", until: Mapping[str, np.ndarray], case: Case) -> None:
    """The largest deviation so far over the samples served, both on log axes; equal curves are one."""
    labels: dict[bytes, list[str]] = {}
    for name, largest in until.items():
        labels.setdefault(largest.tobytes(), []).append(name)
    for (largest, names), (colour, style) in zip(labels.items(), LOOKS, strict=False):
        line = np.frombuffer(largest)
        step = np.unique(np.geomspace(1, len(line), POINTS).astype(int)) - 1
        axes.plot((step + 1) * case.batch_size, line[step], style, color=colour, label=", ".join(names), linewidth=1.7)
    axes.axhline(1, color="#AAAAAA", linewidth=0.8, zorder=1)
    axes.annotate("one\nsample", (1.01, 1), xycoords=("axes fraction", "data"), va="center", fontsize=7.5)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("samples served")
    axes.set_ylabel("samples")
    axes.margins(x=0.02)
    axes.set_title("Largest |served - expected| at a step's end so far")
    axes.legend(frameon=False, fontsize=8, ncols=2, loc="upper left")
    low, high = axes.get_ylim()
    # Room for the legend above the lines.
    axes.set_ylim(low, high * 30)


def draw_hosts(axes: "Axes", measurements: Sequence[Measurement], mixers: Sequence[str], case: Case) -> None:
    """How far the unluckiest host's mix is from 50/50, for both ways to cut a batch."""
    values = {(each.subject, each.metric): each.value for each in measurements if each.table == "hosts"}
    place = np.arange(len(mixers))
    for cut, marker, colour in (("contiguous", "o", "#0072B2"), ("strided", "D", "#D55E00")):
        points = np.array([values[name, f"{case.name} {cut}"] for name in mixers], float)
        axes.plot(points, place, marker, color=colour, label=cut, markersize=6, alpha=0.9)
    fair = 100 * (0.25 / (case.samples / case.hosts)) ** 0.5
    axes.axvline(fair, color="#000000", linewidth=0.8, linestyle=":", label="what a fair draw strays by")
    axes.axvline(50, color="#000000", linewidth=0.8, label="one source alone")
    axes.set_yticks(place, list(mixers))
    axes.invert_yaxis()
    axes.set_xscale("symlog", linthresh=0.01)
    axes.set_xlim(-0.002, 100)
    axes.set_xlabel("percentage points")
    axes.set_title("A 50/50 mix on 2 hosts: the worst host's error")
    axes.legend(
        frameon=False,
        fontsize=8,
        loc="upper center",
        bbox_to_anchor=(0.45, -0.16),
        ncols=4,
        columnspacing=1,
        handletextpad=0.4,
    )
