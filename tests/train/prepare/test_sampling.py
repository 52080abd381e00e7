"""What the tokenizer is trained on: sources by their weights, nothing held out or dropped, no more than asked."""

import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from preparing import prepared_recipe

from mixsched.shards import TOKENIZER_FILE, read_manifest
from train.prepare.recipe import parse_recipe
from train.prepare.split import PARTS
from train.prepare.stages import sampling
from train.prepare.stages.cleaning import Cleaned, clean_tasks
from train.prepare.stages.deciding import Decided, decide_task
from train.prepare.stages.running import Stages
from train.prepare.stages.sampling import sample, tokenizer_task
from train.prepare.stages.verdicts import Read
from train.prepare.tokenizer import read_tokenizer, train_tokenizer
from train.prepare.workers.local import LocalWorkers

DOCUMENT_BYTES = 100


def text(source: str, number: int) -> str:
    """A document of DOCUMENT_BYTES that tells its source and number."""
    return f"{source} {number:06} ".ljust(DOCUMENT_BYTES, "x")


def write_texts(path: Path, texts: Sequence[str]) -> None:
    path.write_text("".join(json.dumps({"text": each, "group": each[:10]}) + "\n" for each in texts))


def of_files(*files: str, **settings) -> dict:
    return {"inputs": [{"reader": "jsonl", "files": [file], "group": "group"} for file in files], **settings}


@pytest.fixture
def spec_of(tmp_path):
    """Cleans and decides, and returns what is asked of the stage of the tokenizer, and what was decided."""

    def make(sources: dict, work: str = "work", **settings) -> tuple:
        recipe = parse_recipe({"sources": sources, "tokenizer": settings}, where="the recipe")
        parts = {name: [each.parts(tmp_path) for each in source.inputs] for name, source in recipe.sources.items()}
        (tmp_path / work).mkdir()
        stages = Stages(tmp_path / work, LocalWorkers(1), lambda _: None)
        tasks = clean_tasks(recipe, tmp_path, parts)
        cleaned = zip(tasks, stages.run("clean", tasks, Cleaned), strict=True)
        reads = tuple(Read(made, task.spec.source, found) for task, (made, found) in cleaned)
        [(verdicts, decided)] = stages.run("decide", [decide_task(recipe, reads)], Decided)
        return tokenizer_task(recipe, reads, verdicts, vocab_size=300, model=None).spec, decided

    return make


def of_source(texts: Sequence[str], source: str) -> list[int]:
    """The numbers of the documents of a source."""
    return [int(each.split()[1]) for each in texts if each.startswith(f"{source} ")]


def test_sources_come_in_proportion_to_their_weights(spec_of, tmp_path):
    for source in "abc":
        write_texts(tmp_path / source, [text(source, number) for number in range(400)])
    sources = {source: of_files(source) for source in "abc"}
    texts = list(sample(spec_of(sources, sample_bytes=10_000, weights={"a": 3, "c": 0})[0]))
    assert len(of_source(texts, "a")) == 75
    assert len(of_source(texts, "b")) == 25
    assert len(texts) == 100


def test_a_sample_ends_with_the_document_that_fills_it(spec_of, tmp_path):
    write_texts(tmp_path / "a", [text("a", number) for number in range(400)])
    assert len(list(sample(spec_of({"a": of_files("a")}, sample_bytes=2_000)[0]))) == 20
    assert len(list(sample(spec_of({"a": of_files("a")}, "one more", sample_bytes=2_001)[0]))) == 21


def test_a_small_corpus_is_all_sampled_but_for_what_is_held_out_or_dropped(spec_of, tmp_path):
    every = [text("a", number) for number in range(400)]
    write_texts(tmp_path / "a", every)
    write_texts(tmp_path / "again", every[:50])
    spec, decided = spec_of(
        {"a": of_files("a", "again", heldout_share=0.3, filters={"min_bytes": 10})}, sample_bytes=10**9
    )
    numbers = of_source(list(sample(spec)), "a")
    training, heldout = decided.kept["a"]
    assert heldout.documents > 80
    assert len(numbers) == len(set(numbers)) == training.documents == 400 - heldout.documents
    assert numbers != sorted(numbers)
    # A smaller sample is the beginning of a larger one: a hash of the text alone decides.
    smaller = spec_of({"a": of_files("a", heldout_share=0.3)}, "smaller", sample_bytes=5_000)[0]
    assert of_source(list(sample(smaller)), "a") == numbers[:50]


def test_the_sample_does_not_show_how_inputs_were_cut(spec_of, tmp_path, monkeypatch):
    every = [text("a", number) for number in range(400)]
    write_texts(tmp_path / "one", every)
    whole = list(sample(spec_of({"a": of_files("one")}, sample_bytes=15_000)[0]))
    monkeypatch.setattr("train.prepare.readers.jsonl.PART_BYTES", 3_000)
    monkeypatch.setattr("train.prepare.stages.cleaning.GROUP_BYTES", 700)
    random.Random(0).shuffle(every)
    write_texts(tmp_path / "first", every[:150])
    write_texts(tmp_path / "second", every[150:])
    spec, _ = spec_of({"a": of_files("first", "second")}, "cut", sample_bytes=15_000)
    assert len(spec.reads) > 10
    assert list(sample(spec)) == whole


def test_of_many_reads_some_are_enough_and_give_the_whole_sample(spec_of, tmp_path, monkeypatch):
    for file in range(40):
        write_texts(tmp_path / f"{file:02}", [text("a", 100 * file + number) for number in range(10)])
    # A read for each file.
    monkeypatch.setattr("train.prepare.readers.jsonl.PART_BYTES", (tmp_path / "00").stat().st_size)
    monkeypatch.setattr(sampling, "_POOL", 3)
    sources = {"a": of_files("[0-9][0-9]", heldout_share=0.0)}
    spec, _ = spec_of(sources, sample_bytes=2_000)
    assert len(spec.reads) == 40
    numbers = of_source(list(sample(spec)), "a")
    assert len(numbers) == len(set(numbers)) == 20
    # Seven reads of 1,000 bytes are more than three times the sample; more than one gives some of it, and which
    # they are follows no order of names.
    files = {number // 100 for number in numbers}
    assert 3 <= len(files) <= 7
    assert max(files) - min(files) > 7


def test_a_model_file_that_changed_is_used_as_it_is_now(tmp_path, monkeypatch):
    """Of the same name and size, after an interruption."""
    write_texts(tmp_path / "a", [text("a", number) for number in range(200)])
    tables = {"sources": {"a": of_files("a")}, "tokenizer": {"model": "own.model"}}
    own = tmp_path / "own.model"
    own.write_bytes(train_tokenizer([text("a", number) for number in range(50)], vocab_size=275))
    with monkeypatch.context() as patch:
        patch.setattr("train.prepare.corpus.assemble", lambda *_, **__: None)
        prepared_recipe(tables, tmp_path, tmp_path / "out")
    other = train_tokenizer([text("b", number) for number in range(50)], vocab_size=275)
    assert other != own.read_bytes()
    own.write_bytes(other)
    out = prepared_recipe(tables, tmp_path, tmp_path / "out")
    assert (out / TOKENIZER_FILE).read_bytes() == other
    for folder in (out / "a", out / "a" / PARTS[1]):
        assert read_manifest(folder).tokenizer == read_tokenizer(own).sha256
