"""What the README shows is true: its code runs, its table is what the command prints, its links lead somewhere."""

import json
import re
import textwrap
from pathlib import Path

import pytest

import mixsched
from experiments.study import FIGURES, JUDGED
from figures.measures import digits
from figures.points import change_panels, value_panels
from figures.rows import Measured, gather, of_scale
from figures.seeds import Spread
from figures.table2 import Line, table_lines
from figures.trends import AXES
from figures.winrates import judged
from train.amend import read_change
from train.corpora.document import Document
from train.lineage import load_lineage
from train.scales import SCALES
from train.told import tell

README = Path("README.md").read_text()
BLOCKS = [
    textwrap.dedent(block).strip("\n") for block in re.findall(r"(?:^    .*\n|^\n(?=    ))+", README, re.MULTILINE)
]


def block(words: str) -> str:
    found = [each for each in BLOCKS if words in each]
    assert len(found) == 1, f"{len(found)} blocks of the README hold {words!r}"
    return found[0]


def test_the_plan_table_is_what_the_command_prints():
    scale = SCALES["470m"]
    told = tell(load_lineage(Path("experiments/code25.py")), scale, "470m", shards=scale.shards)
    shown = block("4,736 TPU v5e chip-hours")
    assert shown.split("\n", 2)[0].endswith("--plan")
    assert shown.split("\n", 2)[2] == told


def test_the_scheduler_example_runs():
    names: dict = {}
    exec(block("plan.slots("), names)
    assert names["plan"].counts(40).sum() == 16
    assert isinstance(names["plan"], mixsched.Plan)


def test_the_change_of_weights_is_one(tmp_path):
    path = tmp_path / "change.toml"
    path.write_text(block("reason = ").split("python -m train")[0])
    assert read_change(path).sources == ("math", "text", "web_code")


def test_the_experiment_example_runs_at_every_scale(tmp_path):
    path = tmp_path / "my_experiment.py"
    path.write_text(block("from experiments.mixes import").split("python -m train")[0])
    lineage = load_lineage(path)
    for scale in SCALES.values():
        schedule = lineage.schedule(scale)
        assert schedule.learning_rate(schedule.total_steps - 1) == pytest.approx(1e-6)


def test_the_document_example_is_one():
    line = block('"licence"').splitlines()[0]
    assert Document(**json.loads(line)).source == "text"


def test_every_link_leads_somewhere():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    heads = {"#" + head.lower().replace(" ", "-") for head in re.findall(r"^##+ ([\w ]+)$", README, re.MULTILINE)}
    assert links
    assert [link for link in links if link not in heads and not Path(link).exists()] == []


def test_every_command_names_a_module_and_files_that_exist():
    for module in set(re.findall(r"python -m ([\w.]+)", README)):
        base = Path(*module.split("."))
        assert base.with_suffix(".py").exists() or (base / "__main__.py").exists(), module
    for target in set(re.findall(r"\bmake (\w+)", README)):
        assert re.search(rf"^{target}:", Path("Makefile").read_text(), re.MULTILINE), target


@pytest.fixture(scope="module")
def nano_grid() -> Measured:
    return of_scale(gather([Path("experiments/results")]), "nano")


FOUND = README.split("## What the nano grid says", 1)[1].split("\n## ", 1)[0]


def test_the_findings_are_what_the_kept_rows_say(nano_grid):
    told = {_told(ours, digits(unit)) for unit, ours in _drawn(nano_grid) if ours is not None and ours.half is not None}
    prose = "\n".join(line for line in FOUND.splitlines() if not line.startswith("|"))
    findings = re.findall(r"(?<![\d.])-?\d+\.\d+ ± \d+\.\d+", " ".join(prose.split()))
    assert len(findings) > 20
    assert [finding for finding in findings if finding not in told] == []


def test_the_table_of_variants_is_that_of_the_kept_rows(nano_grid):
    shown = [[cell.strip() for cell in line.strip("|").split("|")] for line in FOUND.splitlines() if line[:1] == "|"]
    names = [re.sub(r" \(.*", "", head) for head in shown[0][2:]]
    assert shown[2:] == [
        [line.row.variant, line.row.stage, *(_cells(line)[name] for name in names)]
        for line in table_lines(nano_grid, "nano")
    ]


def _told(ours: Spread, places: int) -> str:
    return f"{ours.mean:.{places}f} ± {ours.half:.{places}f}"


def _cells(line: Line) -> dict[str, str]:
    return {cell.measure.label: cell.text for cell in line.cells}


def _drawn(measured: Measured) -> list[tuple[str, Spread | None]]:
    """Every value that a figure or the table of the grid shows, with its unit."""
    panels = [
        panel
        for name in FIGURES
        if name not in (*JUDGED, "3")
        for panel in (value_panels if name in AXES else change_panels)(name, measured, "nano")
    ]
    rates = [rate for name in JUDGED for each in judged(name, measured) for rate in each.rates.values()]
    cells = [cell for line in table_lines(measured, "nano") for cell in line.cells]
    return [
        *((panel.unit, point.ours) for panel in panels for point in panel.points),
        *(("%", rate) for rate in rates),
        *((cell.measure.unit, cell.ours) for cell in cells),
    ]
