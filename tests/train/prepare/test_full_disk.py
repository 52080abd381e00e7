"""A preparation whose disk is full in the middle: one sentence, and with more space the same command ends it."""

import shlex
import sys

import pytest
from launch import on_small_disk
from preparing import same_files

WORDS = "error: no space left on the device"


@pytest.mark.parametrize(
    ("size", "workers", "reached"),
    [
        # While documents are encoded, and while shards are written, by processes of their own.
        ("600k", 1, "encode"),
        ("1300k", 2, "pack"),
    ],
)
def test_stopped_by_a_full_disk_it_goes_on_where_it_was(corpus, shards, tmp_path, size, workers, reached):
    disk, copy = tmp_path / "disk", tmp_path / "copy"
    prepare = shlex.join(
        [
            *(sys.executable, "-m", "train.prepare", f"--corpus={corpus}", f"--out={disk / 'out'}"),
            *("--vocab-size=640", "--context-tokens=32", f"--workers={workers}"),
        ]
    )
    # What is on the disk is seen in this namespace of mounts alone.
    script = f"{{ {prepare}; echo code $?; mount -o remount,size=50m {disk} && {prepare} && cp -r {disk} {copy}; }}"
    done = on_small_disk(disk, size, script)
    assert done.stderr.startswith(WORDS)
    assert len(done.stderr.splitlines()) == 1
    assert done.returncode == 0
    first, then = done.stdout.split("code 2\n")
    before = {"encode": "tokenizer", "pack": "index"}[reached]
    assert f"\n{before}" in first
    assert f"\n{reached}" not in first
    assert "1 task done, 1 kept from before" in then
    assert [path.name for path in copy.iterdir()] == ["out"]
    same_files(shards, copy / "out")
