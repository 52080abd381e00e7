"""Vocabulary, context, data and name of what is made: from the command line, the recipe or the scale, in this order."""

import json
import random
import shutil
import sys
from pathlib import Path

import pytest
from preparing import WORDS, same_files

from mixsched.shards import read_manifest
from train.prepare.__main__ import main
from train.prepare.recipe import parse_recipe
from train.prepare.settings import wanted_rows
from train.prepare.tokenizer import train_tokenizer

SMALL = ("--context-tokens=16", "--workers=1")


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Run the command line in this process, in `tmp_path`; returns what it printed."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", ["train.prepare", *map(str, arguments)])
        main()
        return capsys.readouterr().out

    return run


def write_texts(folder: Path, *, seed: int) -> None:
    rng = random.Random(seed)
    folder.mkdir(exist_ok=True)
    records = ({"text": " ".join(rng.choices(WORDS, k=40))} for _ in range(200))
    (folder / "a.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))


@pytest.fixture
def model(tmp_path) -> Path:
    """A tokenizer of 273 words."""
    path = tmp_path / "own.model"
    path.write_bytes(train_tokenizer([" ".join(WORDS[:1_000]), "abcde"], vocab_size=273))
    return path


@pytest.fixture
def mine(tmp_path):
    """Writes a recipe beside its data, `here/a.jsonl`."""

    def write(tokenizer: str = "") -> Path:
        write_texts(tmp_path / "here", seed=0)
        source = '[sources.words]\n[[sources.words.inputs]]\nreader = "jsonl"\nfiles = ["a.jsonl"]\n'
        (tmp_path / "mine.toml").write_text(f'data = "here"\n[tokenizer]\n{tokenizer}\n{source}')
        return tmp_path / "mine.toml"

    return write


@pytest.mark.parametrize(
    ("given", "recipe_vocab", "expected"),
    [
        ({}, None, (2_048, 256)),
        ({}, 300, (300, 256)),
        ({"scale": "micro"}, None, (8_192, 512)),
        # A scale that is asked for is meant; the recipe knows none.
        ({"scale": "micro"}, 300, (8_192, 512)),
        ({"scale": "nano"}, 300, (2_048, 256)),
        ({"scale": "470m", "vocab_size": 500}, 300, (500, 8_192)),
        ({"vocab_size": 500}, 300, (500, 256)),
        ({"scale": "micro", "context_tokens": 77}, None, (8_192, 77)),
    ],
)
def test_vocabulary_and_context_are_the_commands_or_the_scales_or_the_recipes(tmp_path, given, recipe_vocab, expected):
    tokenizer = {} if recipe_vocab is None else {"vocab_size": recipe_vocab}
    sources = {"a": {"inputs": [{"reader": "jsonl", "files": ["a"]}]}}
    recipe = parse_recipe({"sources": sources, "tokenizer": tokenizer}, where="the recipe")
    options = {"scale": None, "vocab_size": None, "context_tokens": None, "tokenizer": None, **given}
    wanted = wanted_rows(recipe, tmp_path, **options)
    assert (wanted.vocab_size, wanted.context_tokens, wanted.tokenizer) == (*expected, None)


def test_what_is_made_is_named_by_corpus_vocabulary_and_context(command, mine, tmp_path):
    recipe = mine("vocab_size = 271")
    said = command(f"--corpus={recipe}", *SMALL)
    assert "prepared 'shards/mine-v271-c16'" in said
    manifest = read_manifest(tmp_path / "shards" / "mine-v271-c16" / "words")
    assert (manifest.context_tokens, manifest.dtype) == (16, "uint16")
    command(f"--corpus={recipe}", "--vocab-size=270", "--context-tokens=8", "--workers=1")
    assert read_manifest(tmp_path / "shards" / "mine-v270-c8" / "words").context_tokens == 8
    record = json.loads((tmp_path / "shards" / "mine-v270-c8" / "corpus.json").read_text())
    assert (record["vocab_size"], record["context_tokens"]) == (270, 8)


def test_a_tokenizer_that_is_there_gives_the_vocabulary_and_the_name(command, mine, model, tmp_path):
    recipe = mine("vocab_size = 271")
    command(f"--corpus={recipe}", f"--tokenizer={model}", *SMALL)
    given = tmp_path / "shards" / "mine-v273-c16"
    assert (given / "tokenizer.model").read_bytes() == model.read_bytes()
    # Named by the recipe, from the folder of its data on.
    given.rename(tmp_path / "given")
    recipe = mine('model = "../own.model"')
    command(f"--corpus={recipe}", *SMALL)
    same_files(tmp_path / "given" / "words", given / "words")
    assert (given / "tokenizer.model").read_bytes() == model.read_bytes()


def test_data_of_another_folder_are_read_instead_of_the_recipes(command, mine, tmp_path):
    recipe = mine("vocab_size = 271")
    write_texts(tmp_path / "there", seed=1)
    command(f"--corpus={recipe}", "--data=there", "--out=by-option", *SMALL)
    command(f"--corpus={recipe}", "--out=by-recipe", *SMALL)
    shards = [read_manifest(tmp_path / out / "words").shards for out in ("by-option", "by-recipe")]
    assert shards[0] != shards[1]
    shutil.rmtree(tmp_path / "here")
    (tmp_path / "there").rename(tmp_path / "here")
    command(f"--corpus={recipe}", "--out=moved", *SMALL)
    same_files(tmp_path / "by-option" / "words", tmp_path / "moved" / "words")


def test_a_recipe_that_was_shown_makes_the_same_shards(command, tmp_path):
    project = tmp_path / "project"
    write_texts(project, seed=2)
    for number in range(160):
        (project / f"{number}.py").write_text(f"def f{number}(x):\n    return {number} * x\n")
        (project / f"{number}.md").write_text(f"# Title {number}\n\nThe number is {number}.\n")
    options = ("--vocab-size=310", *SMALL)
    command("--corpus=project", "--out=derived", *options)
    (tmp_path / "elsewhere").mkdir()
    shown = command("--corpus=project", "--show-recipe")
    (tmp_path / "elsewhere" / "shown.toml").write_text(shown)
    command("--corpus=elsewhere/shown.toml", "--out=by-recipe", *options)
    sources = sorted(path.name for path in (tmp_path / "derived").iterdir() if path.is_dir())
    assert sources == ["markup", "project", "web_code"]
    for each in sources:
        same_files(tmp_path / "derived" / each, tmp_path / "by-recipe" / each)
    assert (tmp_path / "derived" / "tokenizer.model").read_bytes() == (
        tmp_path / "by-recipe" / "tokenizer.model"
    ).read_bytes()
    # Shown again, it is the same recipe.
    assert command("--corpus=elsewhere/shown.toml", "--show-recipe") == shown
