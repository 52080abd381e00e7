"""The work folder of a preparation that is finished, whose removal was broken off at any of its files, goes later."""

import shutil

import pytest

from train.prepare.stages import finishing
from train.prepare.stages.finishing import ASSEMBLED_FILE, remove_leftover


class KilledError(Exception):
    """As far as a removal comes when its process is killed."""


@pytest.mark.parametrize("removed", range(6))
def test_a_removal_that_was_broken_off_is_finished(tmp_path, monkeypatch, removed):
    work = tmp_path / "out.unfinished"
    for task in ("clean", "decide", "pack"):
        (work / task).mkdir(parents=True)
        (work / task / "done.json").write_text("{}")
    for name in (ASSEMBLED_FILE, ".lock", "work.json"):
        (work / name).touch()
    left = removed

    def slowly(path, remove):
        nonlocal left
        if not left:
            raise KilledError
        left -= 1
        remove(path)

    with monkeypatch.context() as patch:
        real, unlink = shutil.rmtree, type(work).unlink
        patch.setattr(finishing.shutil, "rmtree", lambda path: slowly(path, real))
        patch.setattr(type(work), "unlink", lambda path: slowly(path, unlink))
        with pytest.raises(KilledError):
            finishing._remove(work)
    assert work.exists()
    remove_leftover(work)
    assert not work.exists()


def test_a_folder_emptied_to_its_last_file_goes_and_one_that_is_no_leftover_stays(tmp_path):
    work = tmp_path / "out.unfinished"
    work.mkdir()
    remove_leftover(work)
    assert not work.exists()
    work.mkdir()
    (work / "work.json").touch()
    remove_leftover(work)
    assert (work / "work.json").exists()
