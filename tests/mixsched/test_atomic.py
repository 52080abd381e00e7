"""A file is whole or not there, and what a killed process left beside it goes with the next writing."""

import pathlib
import subprocess
import sys
from collections.abc import Iterator

import pytest

from mixsched.atomic import append_durably, write_atomically

# Writes half of it and says so, then waits.
WRITER = """
import pathlib, sys, time
from mixsched.atomic import write_atomically

def parts():
    yield b"half"
    print("half", flush=True)
    time.sleep(60)

write_atomically(pathlib.Path(sys.argv[1]), parts())
"""


def half_way(path: pathlib.Path) -> subprocess.Popen[bytes]:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    assert writer.stdout.readline() == b"half\n"
    return writer


def test_what_a_killed_process_left_is_removed_and_what_another_writes_is_not(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "plan.json"
    killed, other = half_way(path), half_way(path)
    killed.kill()
    killed.communicate()
    (tmp_path / ".config.json.1.tmp").write_text("of another file")
    assert len([*tmp_path.iterdir()]) == 3
    write_atomically(path, [b"whole"])
    assert path.read_bytes() == b"whole"
    being_written = f".plan.json.{other.pid}.tmp"
    assert {each.name for each in tmp_path.iterdir()} == {"plan.json", being_written, ".config.json.1.tmp"}
    other.kill()
    other.communicate()


def test_a_writing_that_fails_leaves_what_was_there(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "plan.json"
    write_atomically(path, [b"before"])

    def parts() -> Iterator[bytes]:
        yield b"half"
        raise OSError("no more")

    with pytest.raises(OSError, match=r"no more"):
        write_atomically(path, parts())
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("plan.json", b"before")]


@pytest.mark.parametrize("before", [b"", b"a\n", b"a\nb\n", b"a\ntorn", b"torn"])
def test_lines_are_appended_behind_whole_ones(before: bytes, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_bytes(before)
    append_durably(path, b"new\n")
    assert path.read_bytes() == before.removesuffix(b"torn") + b"new\n"
