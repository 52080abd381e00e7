"""What `python -m train.prepare` takes from its options, and what it says."""

import json
import shutil
import sys

import pytest
from preparing import same_files

from mixsched.toml import from_toml
from train.prepare.__main__ import main
from train.prepare.readers.own_output import RECORD_FILE
from train.prepare.recipe import parse_recipe
from train.prepare.settings import wanted_rows

SETTINGS = ("--vocab-size=300", "--context-tokens=32", "--workers=1")


@pytest.fixture
def command(monkeypatch, capsys):
    """Run the command line in this process; returns what it printed to stdout and stderr."""

    def run(*arguments: object) -> tuple[str, str]:
        monkeypatch.setattr(sys, "argv", ["train.prepare", *map(str, arguments)])
        main()
        return capsys.readouterr()

    return run


def project(folder):
    """Files of text, code and markup."""
    for number in range(30):
        for ending, content in {"txt": "Some words of line", "py": "x =", "md": "# Title"}.items():
            text = "".join(f"{content} {number * each}\n" for each in range(20))
            (folder / f"{number}.{ending}").write_text(text)
    return folder


def test_the_recipe_goes_to_stdout_and_what_is_told_of_it_to_stderr(command, tmp_path):
    out, err = command(f"--corpus={project(tmp_path)}", "--show-recipe", "--broken-share=0.5")
    recipe = parse_recipe(from_toml(out), where="stdout")
    assert recipe.broken_share == 0.5
    assert err.splitlines()[0] == "text: 30 files of text; too few to hold some out"


def test_it_says_what_it_takes_what_it_made_and_how_to_train_on_it(command, tmp_path):
    made = tmp_path / "a folder" / "out"
    out, _ = command(f"--corpus={project(tmp_path)}", f"--out={made}", *SETTINGS)
    assert "web_code: 30 files of code; too few to hold some out" in out
    assert "text (train): " in out
    assert f"python -m train --exp experiments/code25.py --shards '{made}' --model.vocab-size 300" in out
    assert not list(made.glob("*/heldout"))


def test_it_says_which_sources_a_mix_can_name(command, tmp_path):
    (tmp_path / "one.jsonl").write_text(json.dumps({"text": "Enough words for a tokenizer. " * 20}) + "\n")
    out, _ = command(
        f"--corpus={tmp_path / 'one.jsonl'}", f"--out={tmp_path / 'out'}", "--vocab-size=280", *SETTINGS[1:]
    )
    assert " of 1 document\n" in out
    assert "--exp YOURS.py" in out
    assert out.rstrip().endswith("whose mix names one")


def test_a_share_of_the_command_line_is_that_of_the_recipe(command, tmp_path):
    command(f"--corpus={project(tmp_path)}", f"--out={tmp_path / 'out'}", *SETTINGS, "--heldout-share=0.3")
    record = json.loads((tmp_path / "out" / RECORD_FILE).read_text())
    assert record["recipe"]["heldout_share"] == 0.3
    assert all((tmp_path / "out" / name / "heldout").is_dir() for name in ("text", "web_code", "markup"))


def test_a_folder_that_holds_its_own_result_is_read_the_same_after_an_interruption(command, tmp_path, monkeypatch):
    here, other = tmp_path / "project", tmp_path / "other"
    here.mkdir()
    shutil.copytree(project(here), other)
    monkeypatch.chdir(here)
    first, arguments = here / "shards" / "project-v300-c32", ("--corpus=.", "--heldout-share=0.3", *SETTINGS)

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("train.prepare.corpus.assemble", interrupt)
        with pytest.raises(KeyboardInterrupt):
            command(*arguments)
    assert list(first.parent.glob("*.unfinished/*"))
    # What a reader would take for documents if it looked there.
    (first.with_name(f"{first.name}.unfinished") / "note.txt").write_text("no document")
    out, err = command(*arguments)
    assert err.endswith("what was finished is kept: give the same command again to go on\n")
    assert "text: 30 files of text\n" in out
    # A third, in whose folder the result of the first lies.
    command(*arguments, f"--out={here / 'shards' / 'again'}")
    same_files(first, here / "shards" / "again")
    monkeypatch.chdir(other)
    command(*arguments, f"--out={tmp_path / 'uninterrupted'}")
    for source in ("text", "web_code", "markup"):
        same_files(first / source, tmp_path / "uninterrupted" / source)


def wanted(recipe, data, **given):
    options = {"scale": None, "vocab_size": None, "context_tokens": None, "tokenizer": None, **given}
    return wanted_rows(parse_recipe(recipe, where="this"), data, **options)


def test_the_vocabulary_is_that_of_the_tokenizer_that_is_there(shards, tmp_path, monkeypatch):
    recipe = {"sources": {"a": {"inputs": [{"reader": "jsonl", "files": ["a"]}]}}}
    own = {**recipe, "tokenizer": {"model": "b.model"}}
    shutil.copyfile(shards / "tokenizer.model", tmp_path / "b.model")
    assert wanted(recipe, tmp_path).vocab_size == 2_048
    assert wanted({**recipe, "tokenizer": {"vocab_size": 99}}, tmp_path).vocab_size == 99
    assert (wanted(own, tmp_path).vocab_size, wanted(own, tmp_path).tokenizer) == (640, None)
    monkeypatch.chdir(shards.parent)
    for given in (shards, shards / "tokenizer.model", shards.relative_to(shards.parent)):
        made = wanted(recipe, tmp_path, tokenizer=given)
        assert (made.vocab_size, made.tokenizer) == (640, shards / "tokenizer.model")
