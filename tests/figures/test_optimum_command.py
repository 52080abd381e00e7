"""`python -m figures optimum`: from result rows to tables, CSV and picture, and what it refuses."""

import csv
import dataclasses
import math
from pathlib import Path

import pytest
from study_rows import kept, rows_of_run

from eval.results import Row
from figures.measures import measures_of
from figures.optimum.bootstrap import find_optimum
from figures.optimum.command import optimum
from figures.optimum.published import published_optima
from figures.optimum.targets import observe, targets
from figures.rows import gather, of_scale
from mixsched.errors import UsageError

TASKS = ("nano/reasoning", "nano/knowledge", "heldout/text", "heldout/web_code")
STUDY = {f"code{percent:02d}": percent / 100 for percent in (0, 25, 50, 75, 90, 100)}


def study(*experiments: str, seeds: int = 1, scale: str = "nano") -> list[Row]:
    """Rows of runs whose reasoning is best at 30% code, and whose losses rise with code on text and fall on code."""
    return [
        row
        for name in experiments or STUDY
        for seed in range(seeds)
        for row in rows_of_study(name, STUDY[name], seed=seed, scale=scale)
        if row.task in TASKS
    ]


def rows_of_study(name: str, share: float, *, seed: int, scale: str) -> list[Row]:
    chance = 0.001 * ((7 * seed + int(100 * share)) % 5 - 2)
    scores = {"reasoning": 0.5 + 0.12 * share - 0.2 * share**2 + chance, "knowledge": 0.25, "code": 0.0}
    made = rows_of_run(name, seed=seed, scale=scale, scores=scores, times=1 + 0.5 * math.exp(-4 * share) + chance)
    text = 2 + 0.2 * math.exp(3 * share) + chance
    return [dataclasses.replace(row, value=text) if row.task == "heldout/text" else row for row in made]


def lines_of(file: Path) -> dict[str, dict[str, str]]:
    with file.open(newline="") as stream:
        return {row["measure"]: row for row in csv.DictReader(stream)}


def test_best_shares_are_told_written_and_drawn(tmp_path, capsys):
    rows = kept(tmp_path / "rows", study(seeds=3))
    optimum((rows,), tmp_path / "out")
    told = capsys.readouterr().out
    found = lines_of(tmp_path / "out" / "optimum.csv")
    assert 20 < float(found["reasoning"]["best_percent"]) < 40
    assert float(found["reasoning"]["best_low_percent"]) <= float(found["reasoning"]["best_percent"])
    assert float(found["heldout_text"]["best_percent"]) == 0
    assert float(found["heldout_web_code"]["best_percent"]) == 100
    assert 10 < float(found["text_and_code"]["best_percent"]) < 90
    assert found["text_and_code"]["law"] == "mixing law"
    assert found["reasoning"]["noise"] == "runs resampled within shares"
    assert found["reasoning"]["runs"] == "18"
    assert "text + web code" in told
    assert "knowledge: 25 in every run, so that no share is best" in told
    assert "knowledge" not in found
    assert (tmp_path / "out" / "optimum.pdf").read_bytes().startswith(b"%PDF")
    assert (tmp_path / "out" / "optimum.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_rows_give_the_same_bytes_with_one_seed_too(tmp_path, capsys):
    rows = kept(tmp_path / "rows", study())
    for name in ("first", "again"):
        optimum((rows,), tmp_path / name)
    for file in ("optimum.csv", "optimum.pdf", "optimum.png"):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "again" / file).read_bytes(), file
    assert lines_of(tmp_path / "first" / "optimum.csv")["reasoning"]["noise"] == "residuals of the fit"
    assert lines_of(tmp_path / "first" / "optimum.csv")["reasoning"]["seed_error"] == ""
    assert "residuals of the fit" in capsys.readouterr().out


def test_more_weight_on_code_asks_for_more_code(tmp_path):
    measured = of_scale(gather([kept(tmp_path, study())]), None)
    best = {}
    for weight in (0.2, 0.5, 0.8):
        target = targets(measures_of("nano"), code_weight=weight)[-2]
        best[target.label] = find_optimum(target, observe(target, measured), seed=0, draws=100).share
    assert list(best) == ["80% text + 20% web code", "text + web code", "20% text + 80% web code"]
    assert list(best.values()) == sorted(set(best.values()))


def test_too_few_shares_are_refused_with_the_command_that_runs_the_others(tmp_path):
    rows = kept(tmp_path / "rows", study("code00", "code25", "code100"))
    with pytest.raises(UsageError, match=r"3 \(0%, 25%, 100%\).* experiments run code50 code75 code90 --scale nano"):
        optimum((rows,), tmp_path)


def test_a_measure_that_some_shares_lack_is_left_out_and_named(tmp_path, capsys):
    lacking = [row for row in study() if row.task != "heldout/web_code" or row.experiment in ("code00", "code25")]
    optimum((kept(tmp_path / "rows", lacking),), tmp_path / "out")
    assert "held-out web code: measured at 2 shares of code, and a fit needs 4" in capsys.readouterr().out
    assert "heldout_web_code" not in lines_of(tmp_path / "out" / "optimum.csv")


def test_a_share_that_the_study_does_not_have_counts(tmp_path, monkeypatch):
    monkeypatch.setitem(STUDY, "code10", 0.1)
    rows = [*study(), *rows_of_run("code00_math25")]
    measured = of_scale(gather([kept(tmp_path, rows)]), None)
    reasoning = targets(measures_of("nano"), code_weight=0.5)[0]
    assert observe(reasoning, measured).shares.tolist() == [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1]


def test_scales_are_not_mixed(tmp_path):
    rows = kept(tmp_path / "rows", study() + study(scale="micro"))
    with pytest.raises(UsageError, match="`--scale`"):
        optimum((rows,), tmp_path)


@pytest.mark.parametrize("weight", [0.0, 1.0, -1.0, float("nan")])
def test_a_weight_that_leaves_no_mean_is_refused(tmp_path, weight):
    with pytest.raises(UsageError, match="`code_weight`"):
        optimum((kept(tmp_path / "rows", study()),), tmp_path, code_weight=weight)


def test_the_papers_reasoning_is_best_where_three_numbers_put_it():
    """a r + b r^2 through +3.4% at 25% and -18.3% at 100%: b = -18.3 - a, a = 24.23."""
    reasoning, knowledge = published_optima()
    a = (3.4 + 18.3 / 16) / (1 / 4 - 1 / 16)
    assert reasoning.measure == "reasoning"
    assert reasoning.share == pytest.approx(a / (2 * (a + 18.3)), abs=0.0025)
    assert reasoning.predicted == pytest.approx(a**2 / (4 * (a + 18.3)), abs=0.01)
    assert reasoning.largest_miss == pytest.approx(0, abs=1e-9)
    assert knowledge.measure == "knowledge"
    assert knowledge.largest_miss > 1


def test_table_2_tells_how_wrong_the_papers_curve_is_at_half():
    reasoning = published_optima()[0]
    assert reasoning.held_out is not None
    predicted, in_table = reasoning.held_out
    assert in_table == pytest.approx(100 * (52.0 / (44.7 / (1 - 0.183)) - 1))
    assert predicted > 0 > in_table
