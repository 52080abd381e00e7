"""Files of a pattern: which, in which order; and damaged ones told in a sentence."""

import bz2
import gzip
import lzma
import os

import pytest
from backports import zstd

from mixsched.errors import UsageError
from train.prepare.readers.files import find_files, grouped, opened, version_of


def compress_zst(content):
    """With a check sum, as the command `zstd` does."""
    return zstd.compress(content, options={zstd.CompressionParameter.checksum_flag: 1})


COMPRESS = {".gz": gzip.compress, ".xz": lzma.compress, ".bz2": bz2.compress, ".zst": compress_zst}


def names(data, *patterns):
    return [file.name for file in find_files(data, patterns)]


@pytest.fixture
def data(tmp_path):
    for name in ("b.jsonl", "a.jsonl", "deep/er/c.jsonl", "deep/d.txt", ".hidden/e.jsonl", "deep/.f.jsonl"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def test_patterns_give_each_file_once_in_order(data):
    assert names(data, "*.jsonl") == ["a.jsonl", "b.jsonl"]
    assert names(data, "b.jsonl", "*.jsonl", "./a.jsonl") == ["a.jsonl", "b.jsonl"]
    assert names(data, "**/*.jsonl") == ["a.jsonl", "b.jsonl", "deep/er/c.jsonl"]
    assert names(data, "deep/**") == ["deep/d.txt", "deep/er/c.jsonl"]
    assert names(data, "**/er/**/c.*") == ["deep/er/c.jsonl"]
    assert names(data, ".hidden/*") == [".hidden/e.jsonl"]
    assert names(data, "[ab].jsonl", "?.jsonl") == ["a.jsonl", "b.jsonl"]


def test_what_this_tool_makes_is_left_out(data):
    for folder, signs in {"made": ("corpus.json", "tokenizer.model"), "made.unfinished": ("work.json",)}.items():
        for name in (*signs, "clean/text.jsonl"):
            (data / "deep" / folder / name).parent.mkdir(parents=True, exist_ok=True)
            (data / "deep" / folder / name).write_text(name)
    assert names(data, "**/*.jsonl", "deep/**") == ["a.jsonl", "b.jsonl", "deep/d.txt", "deep/er/c.jsonl"]
    for pattern in ("deep/*/clean/*.jsonl", "deep/made.unfinished/*/text.jsonl"):
        with pytest.raises(UsageError, match="matches no file in"):
            find_files(data, (pattern,))
    (data / "deep" / "made" / "tokenizer.model").unlink()
    assert names(data, "deep/*/clean/*.jsonl") == ["deep/made/clean/text.jsonl"]


def test_an_absolute_pattern_gives_absolute_names(data, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    assert names(elsewhere, f"{data}/*.jsonl") == [f"{data}/a.jsonl", f"{data}/b.jsonl"]


def test_links_are_followed_but_not_in_a_circle(data):
    (data / "deep" / "up").symlink_to(data)
    (data / "link").symlink_to(data / "deep" / "er")
    (data / "nowhere.jsonl").symlink_to(data / "missing")
    (data / "itself").symlink_to(data / "itself")
    assert names(data, "**/c.jsonl") == ["deep/er/c.jsonl", "link/c.jsonl"]
    assert "nowhere.jsonl" not in names(data, "**")


@pytest.mark.parametrize("pattern", ["*.parquet", "", "missing/*.jsonl", "a.jsonl/*"])
def test_a_pattern_that_matches_nothing_is_named_with_the_folder(data, pattern):
    with pytest.raises(UsageError, match="matches no file in") as caught:
        find_files(data, ("a.jsonl", pattern))
    assert repr(pattern) in str(caught.value)
    assert str(data) in str(caught.value)


def test_a_pattern_that_is_a_folder_says_how_to_write_its_files(data):
    with pytest.raises(UsageError, match=r"write 'deep/\*\*'"):
        find_files(data, ("deep/",))


def test_a_name_that_is_not_utf8_is_told(data):
    (data / os.fsdecode(b"\xff.jsonl")).write_text("x")
    with pytest.raises(UsageError, match="not in UTF-8; rename it"):
        find_files(data, ("*.jsonl",))


def test_a_version_changes_with_name_size_and_time(data):
    before = {version_of(find_files(data, (name,))) for name in ("a.jsonl", "b.jsonl")}
    (data / "a.jsonl").write_text("longer than before")
    before.add(version_of(find_files(data, ("a.jsonl",))))
    os.utime(data / "a.jsonl", ns=(0, 1))
    before.add(version_of(find_files(data, ("a.jsonl",))))
    assert len(before) == 4
    assert version_of(find_files(data, ("*.jsonl",))) == version_of(find_files(data, ("b*", "a*")))


def test_groups_hold_neighbours_up_to_a_limit():
    assert list(grouped([3, 3, 4, 9, 1, 20, 1], lambda size: size, limit=10)) == [[3, 3, 4], [9, 1], [20], [1]]


@pytest.mark.parametrize("ending", COMPRESS)
def test_compressed_files_of_several_members_are_read_to_their_end(tmp_path, ending):
    path = tmp_path / f"file{ending}"
    path.write_bytes(COMPRESS[ending](b"one\n") + COMPRESS[ending](b"two\n"))
    with opened(path) as stream:
        assert list(stream) == [b"one\n", b"two\n"]


@pytest.mark.parametrize("ending", COMPRESS)
@pytest.mark.parametrize("damage", ["truncated", "flipped", "another format", "no bytes"])
def test_a_damaged_file_is_named(tmp_path, ending, damage):
    path = tmp_path / f"file{ending}"
    whole = bytearray(COMPRESS[ending](os.urandom(5_000)))
    if damage == "flipped":
        # Within the check sum of .gz; the others notice it anywhere.
        whole[-6 if ending == ".gz" else len(whole) // 2] ^= 255
    contents = {"truncated": whole[:-20], "flipped": whole, "another format": b'{"text": "plain"}\n', "no bytes": b""}
    path.write_bytes(contents[damage])
    with pytest.raises(UsageError, match="get the file again") as caught, opened(path) as stream:
        stream.read()
    assert str(path) in str(caught.value)


def test_a_zstandard_frame_with_the_window_of_the_large_archives_is_read(tmp_path):
    options = {zstd.CompressionParameter.window_log: 31, zstd.CompressionParameter.enable_long_distance_matching: 1}
    packer = zstd.ZstdCompressor(options=options)
    (tmp_path / "file.zst").write_bytes(packer.compress(b"text\n") + packer.flush())
    with opened(tmp_path / "file.zst") as stream:
        assert stream.read() == b"text\n"


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    for path in (tmp_path / "missing.jsonl", tmp_path):
        with pytest.raises(UsageError, match="cannot be read"), opened(path):
            pass
