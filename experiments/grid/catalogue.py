"""Every experiment there is: its file, what it starts from, and the figures that show it."""

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path

from experiments.study import FIGURES, JUDGE, JUDGED, TABLE_2, TABLE_2_WITHOUT_CODE
from mixsched.errors import UsageError, did_you_mean
from train.command_line import shortest
from train.lineage import Lineage, load_lineage
from train.load_experiment import experiment_files

OURS = Path(__file__).parents[1]
TABLE = "table2"


@dataclasses.dataclass(frozen=True)
class Entry:
    """An experiment of the catalogue."""

    file: Path
    lineage: Lineage
    figures: tuple[str, ...]

    @property
    def name(self) -> str:
        """That of its file."""
        return self.lineage.name

    @property
    def parent(self) -> str | None:
        """The experiment that it starts from."""
        return self.lineage.parent


Catalogue = Mapping[str, Entry]


@dataclasses.dataclass(frozen=True)
class Picked:
    """Experiments, each after what it starts from; `notes` says what was added, and what there is not."""

    names: tuple[str, ...]
    notes: tuple[str, ...]


def read_catalogue(more: Path | None = None) -> Catalogue:
    """All experiments, those of the folder `more` too, by name.

    Raises UsageError for a file that does not load, a parent that there is not, a circle of parents, or two files of
    one name.
    """
    entries: dict[str, Entry] = {}
    for folder in (shortest(OURS), *([] if more is None or more.resolve() == OURS.resolve() else [more])):
        if not folder.is_dir():
            raise UsageError(f"`--experiments` must be a folder of experiment files, '{folder}' is none")
        for file in experiment_files(folder):
            if file.stem in entries:
                raise UsageError(
                    f"'{file}' and '{entries[file.stem].file}' are experiments of one name, and so would be their "
                    "runs; rename one"
                )
            entries[file.stem] = Entry(file, load_lineage(file), figures_of(file.stem))
    return entries


def experiments_of_figure(figure: str) -> tuple[str, ...]:
    """The experiments that a figure or Table 2 needs; raises UsageError for one that there is not."""
    if figure == TABLE:
        return tuple(dict.fromkeys(row.experiment for row in (*TABLE_2, *TABLE_2_WITHOUT_CODE)))
    # "5" stands for 5a and 5b.
    parts = [name for name in FIGURES if figure in (name, name.rstrip("ab") if name[0].isdigit() else name)]
    if not parts:
        raise UsageError(f"`--figure` {figure!r} is none of the study's; {did_you_mean(figure, (*FIGURES, TABLE))}")
    return tuple(dict.fromkeys(name for part in parts for name in FIGURES[part].experiments))


def figures_of(experiment: str) -> tuple[str, ...]:
    """The figures that show an experiment, in their order."""
    return tuple(figure for figure in (*FIGURES, TABLE) if experiment in experiments_of_figure(figure))


def pick(
    catalogue: Catalogue, names: Iterable[str], figures: Iterable[str], *, everything: bool, a_run_judges: bool
) -> Picked:
    """The experiments of a command line with all that they start from, and the judge's if a run judges.

    Raises UsageError for an unknown name or figure, with the nearest one, and where nothing was asked for.
    """
    names, figures, notes = tuple(names), tuple(figures), []
    for name in names:
        if name not in catalogue:
            raise UsageError(f"there is no experiment {name!r}; {did_you_mean(name, catalogue)}")
    asked = dict.fromkeys(names)
    for figure in figures:
        for name in experiments_of_figure(figure):
            if name in catalogue:
                asked[name] = None
            else:
                notes.append(f"figure {figure} shows {name} too, of which there is no experiment file; left out")
    if everything:
        asked |= dict.fromkeys(catalogue)
    if not asked:
        raise UsageError("say which experiments: their names, `--figure`, or `--all`")
    why = {
        parent: f"{name} starts from it" for name in asked for parent in catalogue[name].lineage.names if parent != name
    }
    if a_run_judges and JUDGE in catalogue and set(figures) & set(JUDGED):
        why.setdefault(JUDGE, "it judges the answers of the others")
    ordered = dict.fromkeys(each for name in (*asked, *why) for each in catalogue[name].lineage.names)
    notes += [f"{name} is added: {reason}" for name, reason in why.items() if name not in asked]
    return Picked(tuple(ordered), tuple(notes))
