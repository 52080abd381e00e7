"""Draws the memory and the open files of a watched command."""

from pathlib import Path

from tests.load.watching import Sample


def draw_samples(samples: list[Sample], path: Path, *, across: str = "at_s", label: str = "seconds") -> None:
    """Draw resident memory above, open files below, over one of the samples' fields."""
    import matplotlib.pyplot as plt

    figure, (above, below) = plt.subplots(2, 1, sharex=True, figsize=(7, 4.5), layout="constrained")
    places = [getattr(each, across) for each in samples]
    above.plot(places, [each.resident_mib for each in samples], linewidth=0.8, label="all processes")
    if max(each.processes for each in samples) > 1:
        above.plot(places, [each.largest_mib for each in samples], linewidth=0.8, label="the largest process")
        above.legend(frameon=False)
    above.set(ylabel="resident memory (MiB)", ylim=(0, None))
    below.plot(places, [each.handles for each in samples], linewidth=0.8, color="tab:green")
    below.set(ylabel="open files", xlabel=label, ylim=(0, None))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    plt.close(figure)
    print(f"drew '{path}'")
