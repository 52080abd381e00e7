"""What a run that goes on from a checkpoint takes back of its folder, and what it can't read there."""

import json

import pytest

from eval.rundir import RunFolder, read_config
from mixsched.errors import UsageError
from train.rundir import rewind


def test_what_tells_of_later_steps_is_taken_back_with_a_torn_last_line(tmp_path):
    run = RunFolder(tmp_path)
    run.metrics.write_text('{"steps_done": 4}\n{"steps_done": 5}\n{"steps_do')
    run.results.write_text('{"step": 4}\n{"step": 8}\n')
    for folder in (run.evaluations, run.judgements):
        for step in (4, 8):
            (folder / str(step)).mkdir(parents=True)
    rewind(run, 4)
    assert run.metrics.read_text() == '{"steps_done": 4}\n'
    assert run.results.read_text() == '{"step": 4}\n'
    for folder in (run.evaluations, run.judgements):
        assert [kept.name for kept in folder.iterdir()] == ["4"]


@pytest.mark.parametrize("damaged", ["{", "null", "{}"])
def test_a_damaged_line_is_named_and_nothing_is_lost(tmp_path, damaged):
    run = RunFolder(tmp_path)
    run.metrics.write_text(text := f'{{"steps_done": 4}}\n{damaged}\n{{"steps_done": 5}}\n')
    with pytest.raises(UsageError, match=r"line 2 of '.*metrics.jsonl' tells of no step; remove that line"):
        rewind(run, 5)
    assert run.metrics.read_text() == text


def test_a_run_from_before_an_option_of_models_was_there_has_its_default(finished_run, tmp_path):
    run = RunFolder(tmp_path)
    told = json.loads(finished_run.config.read_text())
    for name in ("document_end", "remat_keeps"):
        del told["settings"]["model"][name]
    run.config.write_text(json.dumps(told))
    assert read_config(run) == read_config(finished_run)
