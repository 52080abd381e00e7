"""`--check` finds whatever is damaged and tells all of it, and `--peek` shows what a model sees."""

import hashlib
import io
import json
import shutil
import sys

import numpy as np
import pytest
from rich.console import Console

import train.prepare.__main__
from mixsched import Manifest, cli
from mixsched.errors import UsageError
from mixsched.shards import Shard, open_rows, read_manifest, write_shard
from train.prepare.peek import peek
from train.prepare.told import tell

SHARD = "00000-of-00001.array_record"


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


@pytest.fixture
def folder(shards, tmp_path):
    """A copy of the tiny corpus, to be damaged."""
    return shutil.copytree(shards, tmp_path / "damaged")


def test_whole_shards_are_told_in_a_table(look, shards):
    code, out, _ = look(f"--check={shards}")
    assert code == 0
    manifest = read_manifest(shards / "web_code")
    row = next(line.split() for line in out.splitlines() if line.startswith("web_code  train"))
    assert row[4] == f"{manifest.tokens:,}"
    assert row[5] == f"{manifest.text_bytes / manifest.tokens:.3f}"
    assert "BSD-3-Clause" in out
    assert "every shard in" in out
    assert max(map(len, out.splitlines()[:-1])) <= 100


def large_manifest(**changes) -> Manifest:
    """A source as large as the paper's, with the names that real data have."""
    whole = {
        "source": "web_code",
        "part": "heldout",
        "rows": 97_656_250,
        "context_tokens": 2_048,
        "dtype": "uint16",
        "tokens": 200_000_000_000,
        "text_bytes": 800_000_000_000,
        "documents": 123_456_789,
        "eos_id": 1,
        "tokenizer": "",
        "shards": (Shard("a", 1, 1, ""),) * 1_234,
        "dropped": {"near duplicate": 7_654_321, "as long a reason as data can give " * 3: 2},
        "licences": {f"A licence, Version {number}": 10**number for number in range(11)},
        "origins": {},
        "languages": {f"Language{number}": 10**number for number in range(11)},
        "dropped_examples": {"near duplicate": ["an/origin: \x1b[2J text " * 9, "a second"]},
    }
    return Manifest(**{**whole, **changes})


def told(*manifests: Manifest, width: int) -> list[str]:
    screen = Console(file=io.StringIO(), width=width)
    tell(screen, manifests)
    return screen.file.getvalue().splitlines()  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("width", [80, 100, 120])
def test_no_number_is_cut_and_no_line_is_too_wide(width):
    lines = told(large_manifest(), large_manifest(source="a_source_of_a_long_name", part="train"), width=width)
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    for number in ("123,456,789", "800,000", "200,000,000,000", "4.000", "97,656,250", "1,234", "7,654,321"):
        assert text.count(f"{number}\n") + text.count(f"{number} ") == 2, number
    # Wrapped between the names only, the largest first.
    for number in range(3, 11):
        assert text.count(f"A licence, Version {number} {10**number:,}") == 2
    assert text.count("3 more") == 4
    assert [line[:12] for line in lines].count("  an/origin:") == 2
    assert "\x1b" not in text
    assert "a second" not in text


def test_a_header_stands_over_something():
    assert told(width=80) == []
    plain = "\n".join(told(large_manifest(dropped={}, languages={}), width=80))
    assert "dropped" not in plain
    assert "languages" not in plain


def test_peek_prints_rows_with_the_ends_of_documents(look, shards):
    code, out, _ = look(f"--check={shards}", "--peek=text", "--rows=400")
    assert code == 0
    assert out.count("text, row ") == min(400, read_manifest(shards / "text").rows)
    assert "<end of document>" in out
    assert look(f"--check={shards}", "--peek=text") == look(f"--check={shards}", "--peek=text", "--seed=0")
    assert look(f"--check={shards}", "--peek=text") != look(f"--check={shards}", "--peek=text", "--seed=1")


def test_peek_shows_what_is_held_out(look, shards):
    code, out, _ = look(f"--check={shards}", "--peek=text/heldout", "--rows=1")
    assert code == 0
    assert f"of {read_manifest(shards / 'text' / 'heldout').rows:,}" in out


def test_peek_tells_which_sources_there_are(look, shards):
    code, _, errors = look(f"--check={shards}", "--peek=texd")
    assert code == 2
    assert "there is no source 'texd'" in errors
    assert "did you mean 'text'? Known: markup, markup/heldout, text, text/heldout, web_code" in errors


def test_peek_refuses_what_is_no_count_and_no_seed(shards):
    with pytest.raises(UsageError, match="`--rows` must be at least 1, got 0"):
        peek(shards, "text", rows=0, seed=0)
    with pytest.raises(UsageError, match="`--seed` must be at least 0, got -1"):
        peek(shards, "text", rows=1, seed=-1)


def edit(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def record_anew(folder):
    """Let the record say what the manifests now are, as if they had been made so."""
    paths = folder.rglob("manifest.json")
    digests = {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    edit(folder / "corpus.json", manifests=digests)


def make_wrong(folder, **changes):
    """A manifest that says something wrong, and was made so."""
    edit(folder / "text" / "manifest.json", **changes)
    record_anew(folder)


def shard_of(folder) -> dict:
    return json.loads((folder / "text" / "manifest.json").read_text())["shards"][0]


def flip_a_byte(folder):
    path = folder / "text" / SHARD
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut_a_shard(folder):
    path = folder / "text" / SHARD
    path.write_bytes(path.read_bytes()[:-100])


def remove_a_shard(folder):
    (folder / "text" / "heldout" / SHARD).unlink()


def put_a_folder_for_a_shard(folder):
    remove_a_shard(folder)
    (folder / "text" / "heldout" / SHARD).mkdir()


def rewrite(folder, change):
    """Write other rows with checksums that fit them."""
    source = folder / "text"
    rows = open_rows(source).__getitems__(range(read_manifest(source).rows)).copy()
    shard = write_shard(source / SHARD, change(rows))
    make_wrong(folder, shards=[vars(shard)])


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


def write_rubbish_with_its_checksum(folder):
    rubbish = b"rubbish" * shard_of(folder)["bytes"]
    (folder / "text" / SHARD).write_bytes(rubbish)
    digest = hashlib.sha256(rubbish).hexdigest()
    make_wrong(folder, shards=[{**shard_of(folder), "bytes": len(rubbish), "sha256": digest}])


def flip_a_byte_with_its_checksum(folder):
    flip_a_byte(folder)
    digest = hashlib.sha256((folder / "text" / SHARD).read_bytes()).hexdigest()
    make_wrong(folder, shards=[{**shard_of(folder), "sha256": digest}])


def tell_a_row_too_many(folder):
    rows = shard_of(folder)["rows"] + 1
    make_wrong(folder, rows=rows, shards=[{**shard_of(folder), "rows": rows}])


def tell_rows_as_words(folder):
    make_wrong(folder, shards=[{**shard_of(folder), "rows": "12"}])


def take_another_tokenizer(folder):
    with (folder / "tokenizer.model").open("ab") as stream:
        stream.write(b"\x1a\x00")


def edit_a_manifest(folder):
    edit(folder / "text" / "manifest.json", licences={"MIT": 1})


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (flip_a_byte, "is damaged: its SHA-256 is"),
        (cut_a_shard, "bytes, its manifest says"),
        (remove_a_shard, f"text/heldout/{SHARD}' is missing"),
        (put_a_folder_for_a_shard, f"text/heldout/{SHARD}' is missing"),
        (use_a_token_that_is_no_word, "holds the token 640, the tokenizer has 640 words"),
        (swap_two_rows, "do not follow each other"),
        (end_a_document_more, "they are of another preparation"),
        (write_rubbish_with_its_checksum, "holds 0 rows that can be read"),
        (flip_a_byte_with_its_checksum, f"text/{SHARD}' cannot be read"),
        (tell_a_row_too_many, "rows that can be read, its manifest says"),
        (tell_rows_as_words, "text/manifest.json' is not a manifest (Expected `int`, got `str`"),
        (lambda folder: make_wrong(folder, tokens=0), "text/manifest.json' says `tokens` = 0, which cannot be"),
        (lambda folder: make_wrong(folder, tokens="12"), "text/manifest.json' is not a manifest (Expected `int`"),
        (lambda folder: make_wrong(folder, rows=1), "says 1 rows, its shards have"),
        (lambda folder: make_wrong(folder, dtype="int64"), "has dtype 'int64'"),
        (lambda folder: make_wrong(folder, dtype="uint32"), "another length than its manifest says"),
        (lambda folder: make_wrong(folder, context_tokens=31), "another length than its manifest says"),
        (lambda folder: make_wrong(folder, context_tokens=10**12), "which cannot be"),
        (lambda folder: make_wrong(folder, eos_id=10**9), "they are of another preparation"),
        (lambda folder: make_wrong(folder, tokenizer="0"), "were made with another tokenizer"),
        (take_another_tokenizer, "is not the one that the rows were made with"),
        (lambda folder: (folder / "tokenizer.model").write_bytes(b"none"), "is no SentencePiece model"),
        (lambda folder: (folder / "tokenizer.model").unlink(), "tokenizer.model' is missing"),
        (lambda folder: edit(folder / "corpus.json", vocab_size=641), "has 640 words, corpus.json says 641"),
        (edit_a_manifest, "text/manifest.json' is not the one that was made here: it was edited, or is of another"),
        (lambda folder: (folder / "text" / "manifest.json").unlink(), "text/manifest.json' is missing"),
    ],
)
def test_every_damage_is_found_and_named(look, folder, damage, words):
    damage(folder)
    code, out, errors = look(f"--check={folder}")
    assert code == 2
    faults = [line for line in out.splitlines() if line.startswith("FAULT: ")]
    assert len(faults) == 1
    assert words in faults[0]
    assert errors.startswith(f"error: 1 fault in '{folder}'")
    assert len(errors.splitlines()) == 1
    # The check went on with the other parts.
    assert "\nweb_code  train" in out


def swap_two_sources(folder):
    (folder / "text").rename(folder / "aside")
    (folder / "markup").rename(folder / "text")
    (folder / "aside").rename(folder / "markup")


def hold_out_what_is_trained_on(folder):
    shutil.rmtree(folder / "text" / "heldout")
    shutil.copytree(folder / "text", folder / "aside")
    (folder / "aside").rename(folder / "text" / "heldout")


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (swap_two_sources, {"markup": "text", "markup/heldout": "text/heldout", "text": "markup"}),
        (hold_out_what_is_trained_on, {"text/heldout": "text"}),
        (lambda folder: shutil.copytree(folder / "text" / "heldout", folder / "more"), {"more": "text/heldout"}),
    ],
)
def test_a_folder_in_anothers_place_is_told_with_its_own(look, folder, damage, expected):
    damage(folder)
    code, out, _ = look(f"--check={folder}")
    assert code == 2
    faults = [line for line in out.splitlines() if line.startswith("FAULT: ")]
    for place, made_as in expected.items():
        mine = [each for each in faults if f"'{folder}/{place}/manifest.json'" in each]
        assert len(mine) == 1
        assert f"it is the one that was made as '{made_as}/manifest.json'" in mine[0]


def test_all_faults_are_told(look, folder):
    (folder / "tokenizer.model").write_bytes(b"none")
    edit_a_manifest(folder)
    flip_a_byte(folder)
    remove_a_shard(folder)
    (folder / "markup" / "manifest.json").write_bytes(b"\xff\xfe")
    code, out, errors = look(f"--check={folder}")
    assert code == 2
    # The manifest of `markup` differs, and is none.
    assert out.count("FAULT: ") == 6
    assert "6 faults" in errors
    assert "\nweb_code  train" in out


def test_peek_of_what_is_damaged_is_a_sentence(look, folder):
    use_a_token_that_is_no_word(folder)
    code, _, errors = look(f"--check={folder}", "--peek=text", "--rows=100_000")
    assert code == 2
    assert "row 3 in" in errors
    assert "--check" in errors
    write_rubbish_with_its_checksum(folder)
    assert "cannot be read" in look(f"--check={folder}", "--peek=text")[2]
    make_wrong(folder, rows="12")
    assert "is not a manifest" in look(f"--check={folder}", "--peek=text")[2]


def test_a_folder_without_a_record_is_refused(look, folder, tmp_path):
    assert "holds no corpus.json" in look(f"--check={tmp_path / 'nothing'}")[2]
    edit(folder / "corpus.json", manifests={})
    assert "lists no manifests" in look(f"--check={folder}")[2]
    record = json.loads((folder / "corpus.json").read_text())
    del record["manifests"]
    for content in (json.dumps(record), "", "[" * 100_000, "[]", "{"):
        (folder / "corpus.json").write_text(content)
        code, _, errors = look(f"--check={folder}")
        assert code == 2
        assert "corpus.json' is damaged, or of an earlier version" in errors
    assert "holds no tokenizer.model" in look(f"--check={tmp_path}", "--peek=text")[2]
    assert "`--peek` needs `--check`" in look("--peek=text")[2]
