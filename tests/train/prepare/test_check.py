"""`--check` finds whatever is damaged, and `--peek` shows what a model sees."""

import json
import shutil
import sys

import numpy as np
import pytest

import train.prepare.__main__
from mixsched import cli
from mixsched.shards import open_rows, read_manifest, write_shard


@pytest.fixture
def look(monkeypatch, capsys):
    """Run the command; returns its exit code, its output and its errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["train.prepare", *arguments])
        with pytest.raises(SystemExit) as stop:
            cli.run(train.prepare.__main__.main)
        said = capsys.readouterr()
        return int(stop.value.code or 0), said.out, said.err

    return run


def test_whole_shards_are_told_in_a_table(look, shards):
    code, out, _ = look(f"--check={shards}")
    assert code == 0
    manifest = read_manifest(shards / "web_code")
    assert f"{manifest.tokens:,}" in out
    assert f"{manifest.text_bytes / manifest.tokens:.3f}" in out
    assert "BSD-3-Clause" in out
    assert "every shard in" in out


def test_peek_prints_rows_with_the_ends_of_documents(look, shards):
    code, out, _ = look(f"--check={shards}", "--peek=text", "--rows=400")
    assert code == 0
    assert out.count("text, row ") == min(400, read_manifest(shards / "text").rows)
    assert "<end of document>" in out
    assert look(f"--check={shards}", "--peek=text") == look(f"--check={shards}", "--peek=text", "--seed=0")
    assert look(f"--check={shards}", "--peek=text") != look(f"--check={shards}", "--peek=text", "--seed=1")
    assert "did you mean 'text'?" in look(f"--check={shards}", "--peek=texd")[2]


def flip_a_byte(folder):
    path = folder / "text" / "00000-of-00001.array_record"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut_a_shard(folder):
    path = folder / "text" / "00000-of-00001.array_record"
    path.write_bytes(path.read_bytes()[:-100])


def remove_a_shard(folder):
    (folder / "text" / "heldout" / "00000-of-00001.array_record").unlink()


def rewrite(folder, change):
    """Write other rows with checksums that fit them."""
    source = folder / "text"
    rows = open_rows(source).__getitems__(range(read_manifest(source).rows)).copy()
    path = source / "00000-of-00001.array_record"
    shard = write_shard(path, change(rows))
    manifest = json.loads((source / "manifest.json").read_text())
    manifest["shards"] = [vars(shard)]
    (source / "manifest.json").write_text(json.dumps(manifest))


def use_a_token_that_is_no_word(folder):
    def change(rows):
        rows[3, 5] = 640
        return rows

    rewrite(folder, change)


def swap_two_rows(folder):
    rewrite(folder, lambda rows: rows[np.array([1, 0, *range(2, len(rows))])])


def end_a_document_more(folder):
    def change(rows):
        rows[3, 5] = 1
        return rows

    rewrite(folder, change)


def take_another_tokenizer(folder):
    with (folder / "tokenizer.model").open("ab") as stream:
        stream.write(b"\x1a\x00")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (flip_a_byte, "is damaged: its SHA-256 is"),
        (cut_a_shard, "its manifest says"),
        (remove_a_shard, "is missing"),
        (use_a_token_that_is_no_word, "holds the token 640, the tokenizer has 640 words"),
        (swap_two_rows, "do not follow each other"),
        (end_a_document_more, "they are of another preparation"),
        (take_another_tokenizer, "were made with another tokenizer"),
    ],
)
def test_every_damage_is_found_and_named(look, shards, tmp_path, damage, words):
    folder = shutil.copytree(shards, tmp_path / "damaged")
    damage(folder)
    code, out, errors = look(f"--check={folder}")
    assert code == 2
    assert words in " ".join(out.split())
    assert "fault" in errors
    assert len(errors.splitlines()) == 1


def test_a_folder_that_was_never_prepared_is_refused(look, tmp_path):
    assert "holds no tokenizer.model" in look(f"--check={tmp_path}")[2]
    assert "`--peek` needs `--check`" in look("--peek=text")[2]
