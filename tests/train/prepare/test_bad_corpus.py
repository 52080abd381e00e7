"""Every mistake in a corpus: one clear sentence, exit code 2, no traceback, and what was finished stays finished."""

import gzip
import json
import lzma
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from backports import zstd
from preparing import same_files

SETTINGS = ("--vocab-size=640", "--context-tokens=32", "--workers=1")


@pytest.fixture
def refuse(refused, tmp_path):
    """Run the command on a corpus; returns its sentence, and checks that no prepared folder appears."""

    def run(corpus: Path | str, *arguments: str) -> str:
        said = refused(
            "train.prepare", f"--corpus={corpus}", f"--out={tmp_path / 'made' / 'out'}", *SETTINGS, *arguments
        )
        assert not (tmp_path / "made" / "out").exists()
        return said

    return run


def recipe(folder: Path, source: dict, **tables) -> Path:
    """A recipe's file with one source; JSON is TOML enough for its inline values."""
    text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in tables.items() if not isinstance(value, dict))
    text += "".join(f"[{key}]\n" + toml(value) for key, value in tables.items() if isinstance(value, dict))
    inputs = source.pop("inputs")
    text += "[sources.only]\n" + toml(source)
    text += "".join("[[sources.only.inputs]]\n" + toml(each) for each in inputs)
    path = folder / "mine.toml"
    path.write_text(text)
    return path


def toml(table: dict) -> str:
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())


def lines(path: Path, count: int = 200) -> Path:
    path.write_text("".join(json.dumps({"text": f"document {each} of {count}"}) + "\n" for each in range(count)))
    return path


def test_a_folder_that_is_there_is_not_overwritten(refused, corpus, shards):
    before = {path: path.read_bytes() for path in shards.rglob("*") if path.is_file()}
    said = refused("train.prepare", f"--corpus={corpus}", f"--out={shards}")
    assert "exists already; remove it to prepare it again" in said
    assert before == {path: path.read_bytes() for path in shards.rglob("*") if path.is_file()}


def test_no_such_corpus(refuse, tmp_path):
    assert "there is no recipe, folder or file 'bundld'; did you mean 'bundled'?" in refuse("bundld")
    assert "there is no recipe" in refuse(tmp_path / "mine.toml")
    assert "holds neither text, code" in refuse(Path(shutil.copytree(tmp_path, tmp_path / "empty")))


def test_a_source_that_would_leave_its_folder(refuse, tmp_path):
    document = {"text": "t", "source": "../up", "origin": "o", "licence": "CC0-1.0", "group": "g"}
    (tmp_path / "a.jsonl").write_text(json.dumps(document) + "\n")
    assert "the source '../up' must be named by letters" in refuse(tmp_path / "a.jsonl")
    assert not (tmp_path / "made").exists()


def test_a_broken_record_is_named_and_the_rest_is_kept_for_the_next_time(refuse, tmp_path, corpus, shards, monkeypatch):
    broken = Path(shutil.copytree(corpus, tmp_path / "corpus"))
    whole = (broken / "text.jsonl").read_bytes()
    (broken / "text.jsonl").write_bytes(whole + b'{"text": "half a document\n')
    said = refuse(broken, "--broken-share=0.01")
    assert "1 of 61 records of source 'text' are broken, more than the share of 0.01" in said
    assert f"not a line of JSON in UTF-8, such as text.jsonl@{len(whole)})" in said
    assert len(list((tmp_path / "made" / "out.unfinished").glob("clean-*"))) == 3
    (broken / "text.jsonl").write_bytes(whole)
    out = tmp_path / "made" / "out"
    monkeypatch.setattr("sys.argv", ["train.prepare", f"--corpus={broken}", f"--out={out}", *SETTINGS])
    from train.prepare.__main__ import main

    main()
    for source in ("text", "web_code", "markup"):
        same_files(shards / source, out / source)


def test_more_words_than_the_corpus_has(refuse, corpus):
    assert "got `--vocab-size` 250000" in refuse(corpus, "--vocab-size=250000")


@pytest.mark.parametrize("ending", ["gz", "xz", "zst"])
def test_a_truncated_file_is_named(refuse, tmp_path, ending):
    content = lines(tmp_path / "a").read_bytes()
    packed = {"gz": gzip.compress, "xz": lzma.compress, "zst": zstd.compress}[ending](content)
    path = tmp_path / f"a.jsonl.{ending}"
    path.write_bytes(packed[:-20])
    assert f"'{path}'" in (said := refuse(path))
    assert "get the file again" in said


def test_a_parquet_file_that_is_none(refuse, tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and no more")
    assert "is no whole Parquet file" in refuse(tmp_path / "a.parquet")


def test_a_column_that_is_missing_is_told_with_those_that_exist(refuse, tmp_path):
    pq.write_table(pa.table({"content": ["a"], "lang": ["b"]}), tmp_path / "a.parquet")
    reader = {"reader": "parquet", "files": ["a.parquet"], "text": "contents"}
    said = refuse(recipe(tmp_path, {"inputs": [reader]}))
    assert "'contents'" in said
    assert "did you mean 'content'? Known: content, lang" in said


def test_files_that_are_missing(refuse, tmp_path):
    reader = {"reader": "jsonl", "files": ["b/*.jsonl"]}
    assert "'b/*.jsonl' matches no file in" in refuse(recipe(tmp_path, {"inputs": [reader]}))
    assert "there is no folder" in refuse(recipe(tmp_path, {"inputs": [reader]}), f"--data={tmp_path / 'nowhere'}")
    assert f"there is no folder '{tmp_path / 'nowhere'}', where the recipe" in refuse(
        recipe(tmp_path, {"inputs": [reader]}, data="folder/../nowhere")
    )
    assert not (tmp_path / "made").exists()


def test_an_empty_source(refuse, tmp_path):
    (tmp_path / "a.jsonl").write_text("")
    reader = {"reader": "jsonl", "files": ["a.jsonl"]}
    assert "source 'only' has no documents left (its inputs are empty)" in refuse(
        recipe(tmp_path, {"inputs": [reader]})
    )


def test_too_few_documents_to_hold_out(refuse, tmp_path):
    lines(tmp_path / "a.jsonl", 3)
    reader = {"reader": "jsonl", "files": ["a.jsonl"]}
    said = refuse(recipe(tmp_path, {"inputs": [reader]}, heldout_share=1e-6))
    assert "has 3 documents, too few: at a held-out share of 1e-06 there are none to hold out" in said


def test_two_recipes_into_one_folder(refuse, tmp_path, corpus):
    assert "got `--vocab-size` 250000" in refuse(corpus, "--vocab-size=250000")
    lines(tmp_path / "a.jsonl")
    assert "the unfinished work of another recipe" in refuse(tmp_path / "a.jsonl")


def test_a_tokenizer_that_does_not_match(refuse, tmp_path, corpus, shards):
    model = shards / "tokenizer.model"
    assert "has 640 words, not 641" in refuse(corpus, f"--tokenizer={model}", "--vocab-size=641")
    (tmp_path / "a.model").write_bytes(b"no model")
    assert "is no SentencePiece model" in refuse(corpus, f"--tokenizer={tmp_path / 'a.model'}")
    assert f"there is no file '{tmp_path / 'b.model'}'" in refuse(corpus, f"--tokenizer={tmp_path / 'b.model'}")
    assert f"there is no file '{tmp_path / 'tokenizer.model'}'" in refuse(corpus, f"--tokenizer={tmp_path}")


def test_a_tokenizer_of_a_recipe_that_is_missing_or_does_not_match(refuse, tmp_path, shards):
    lines(tmp_path / "a.jsonl")
    reader = {"reader": "jsonl", "files": ["a.jsonl"]}
    mine = recipe(tmp_path, {"inputs": [reader]}, tokenizer={"model": "b.model"})
    assert f"`model` under [tokenizer]: there is no file '{tmp_path / 'b.model'}'" in refuse(mine)
    shutil.copyfile(shards / "tokenizer.model", tmp_path / "b.model")
    assert "b.model' has 640 words, not 641; leave out `--vocab-size`" in refuse(mine, "--vocab-size=641")


def test_a_tokenizer_that_normalises_gives_nothing_back(refuse, tmp_path):
    import io

    import sentencepiece

    texts = [f"document {each} of the corpus" for each in range(200)]
    model = io.BytesIO()
    options = {"vocab_size": 60, "model_writer": model, "minloglevel": 2, "hard_vocab_limit": False}
    options["normalization_rule_name"] = "nmt_nfkc_cf"
    sentencepiece.SentencePieceTrainer.Train(sentence_iterator=iter(texts), **options)
    (tmp_path / "other.model").write_bytes(model.getvalue())
    records = ({"text": f"Two  spaces {each}"} for each in range(99))
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    words = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue()).vocab_size()
    given = [f"--tokenizer={tmp_path / 'other.model'}", f"--vocab-size={words}"]
    assert "gives back none of the train documents" in refuse(tmp_path / "a.jsonl", *given)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("--vocab-size=0", "must be at least 1"),
        ("--context-tokens=0", "must be at least 1"),
        ("--context-tokens=1048577", "`--context-tokens` must be at most 1,048,576, got 1,048,577"),
        ("--workers=0", "must be at least 1"),
        ("--heldout-share=1", "`--heldout-share` must lie in 0..1, 1 excluded, got 1.0"),
        ("--broken-share=-0.1", "`--broken-share` must lie in 0..1, 1 excluded, got -0.1"),
    ],
)
def test_settings_out_of_their_range(refuse, corpus, setting, words):
    assert words in refuse(corpus, setting)


@pytest.mark.parametrize(("setting", "least"), [("--rows=0", 1), ("--rows=-1", 1), ("--seed=-1", 0)])
def test_rows_to_look_at_out_of_their_range(refused, shards, setting, least):
    said = refused("train.prepare", f"--check={shards}", "--peek=text", setting)
    assert f"`{setting.partition('=')[0]}` must be at least {least}" in said


def test_a_cluster_without_its_package_or_its_flag(refuse, corpus):
    assert "`--ray-address` needs `--on ray`" in refuse(corpus, "--ray-address=auto")
