"""The figure of a run, drawn from a real run's files."""

import shutil

import pytest

from figures.curves import draw_curves
from figures.read import find_runs, read_run
from mixsched.errors import UsageError


def test_curves_name_every_source_and_unit(finished_run, tmp_path):
    png, svg = draw_curves(read_run(finished_run.path), tmp_path)
    assert png.read_bytes().startswith(b"\x89PNG")
    text = svg.read_text()
    for words in (
        "text",
        "web_code",
        "markup",
        "loss (nats per token)",
        "bits per byte",
        "share of samples (%)",
        "training tokens (thousands)",
        "learning rate",
        "code25-nano-seed0: scale nano, seed 0",
    ):
        assert words in text, words


def test_the_same_run_gives_the_same_bytes(finished_run, tmp_path):
    first = draw_curves(read_run(finished_run.path), tmp_path / "first")
    again = draw_curves(read_run(finished_run.path), tmp_path / "again")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]


def test_served_and_asked_for_stay_within_a_sample(finished_run, tmp_path):
    _, svg = draw_curves(read_run(finished_run.path), tmp_path)
    said = next(line for line in svg.read_text().splitlines() if "samples apart" in line)
    assert 0 <= float(said.split(" samples apart")[0].split(">")[-1]) < 1


def test_a_run_that_is_still_writing_can_be_drawn(finished_run, tmp_path):
    run = shutil.copytree(finished_run.path, tmp_path / "run")
    lines = (run / "metrics.jsonl").read_text().splitlines(keepends=True)
    (run / "metrics.jsonl").write_text("".join(lines[:3]) + lines[3][:40])
    (run / "results.jsonl").unlink()
    record = read_run(run)
    assert len(record.metrics) == 3
    assert "no evaluation yet" in draw_curves(record, tmp_path / "out")[1].read_text()


def test_a_run_without_a_line_is_refused(finished_run, tmp_path):
    run = shutil.copytree(finished_run.path, tmp_path / "run")
    (run / "metrics.jsonl").unlink()
    with pytest.raises(UsageError, match="holds no line yet"):
        read_run(run)


def test_a_folder_of_runs_stands_for_the_runs_in_it(finished_run):
    assert find_runs([finished_run.path.parent]) == [finished_run.path]
    assert find_runs([finished_run.path]) == [finished_run.path]
