"""The folders that this tool makes are known by what the stages write into them."""

from train.prepare.readers.own_output import (
    RECORD_FILE,
    UNFINISHED,
    WORK_FILE,
    is_own_output,
    is_prepared,
    is_unfinished,
)
from train.prepare.stages import finishing
from train.prepare.stages.work import work_folder


def test_a_prepared_folder_is_one(shards, tmp_path):
    assert is_prepared(shards)
    assert is_own_output(shards)
    assert not is_own_output(shards / "text")
    assert not is_own_output(tmp_path)
    assert finishing.RECORD_FILE == RECORD_FILE


def test_unfinished_work_is_one(tmp_path):
    work = tmp_path / f"out{UNFINISHED}"
    with work_folder(work, {}):
        assert is_unfinished(work)
    assert (work / WORK_FILE).is_file()
    assert is_own_output(work)
    assert not is_own_output(work.rename(tmp_path / "other"))
