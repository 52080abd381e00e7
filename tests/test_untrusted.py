"""What strangers wrote is read and never run: no door that executes code, no path out of a folder, no key told."""

import ast
import bz2
import gzip
import json
import lzma
import os
import pickle
import shutil
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from backports import zstd
from evil import Evil
from judge_server import Failure, JudgeServer

from eval.judge.endpoint import Endpoint, Manner, Patience
from eval.judge.kept import write_judgements
from eval.judge.llm import judge_by_llm
from eval.judge.pairs import Comparison, Pair
from eval.results import read_rows
from eval.rundir import RunFolder, read_config, read_plan
from eval.tokenizer import run_tokenizer
from figures.read import read_run
from mixsched import Plan
from mixsched.errors import UsageError
from mixsched.shards import open_rows, rows_in, tokenizer_fingerprint
from train.amend import read_change
from train.load_experiment import experiment_files
from train.prepare.readers.jsonl import JsonLines
from train.prepare.recipe import read_recipe
from train.prepare.record import read_record

ROOT = Path(__file__).parents[1]
PACKAGES = ("mixsched", "model", "train", "eval", "experiments", "figures")
# What turns bytes into code, or gives words to a shell.
MODULES = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "yaml", "code", "codeop", "runpy"}
CALLS = {"eval", "exec", "compile", "__import__"}
METHODS = {"exec_module", "system", "popen", "import_module", "allow_pickle"}
ALLOWED = {
    # Bytes that a process of the grid has for its own parent or child, over pipes that nobody else holds.
    ("experiments/grid/pool.py", "pickle"),
    ("experiments/grid/worker.py", "pickle"),
    # An experiment is Python, and the README says that it is run.
    ("train/load_experiment.py", "exec_module"),
    # Within the sandbox.
    ("eval/sandbox/runner.py", "compile"),
    ("eval/sandbox/runner.py", "exec"),
    # Of a library's name that stands in the code.
    ("mixsched/bench/hf.py", "import_module"),
}


def doors(tree: ast.AST) -> Iterator[str]:
    """The names in a file by which what is read could be run."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names if alias.name.partition(".")[0] in MODULES)
            case ast.ImportFrom(module=str(module)) if module.partition(".")[0] in MODULES:
                yield module
            case ast.Call(func=ast.Name(id=name)) if name in CALLS:
                yield name
            case ast.Call(func=ast.Attribute(attr=name, value=ast.Name(id=owner))) if name in METHODS and owner != "re":
                yield name
            case ast.Call(func=ast.Attribute(attr=name)) if name in METHODS:
                yield name
            case ast.Call(keywords=[*keywords]):
                yield from (f"{each.arg}=" for each in keywords if _opens(each))


def _opens(keyword: ast.keyword) -> bool:
    dangerous = keyword.arg in ("shell", "allow_pickle", "trust_remote_code")
    return dangerous and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False)


def test_nothing_that_is_read_can_be_run_but_where_it_is_said() -> None:
    found = set()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            found |= {(str(path.relative_to(ROOT)), door) for door in doors(ast.parse(path.read_bytes()))}
    assert found == ALLOWED


@pytest.mark.parametrize(
    "line",
    [
        "import yaml",
        "from pickle import loads",
        "eval(x)",
        "os.system(x)",
        "np.load(x, allow_pickle=True)",
        "run(x, shell=1)",
    ],
)
def test_the_test_above_sees_a_door(line: str) -> None:
    assert list(doors(ast.parse(line)))


READERS: dict[str, Callable[[Path], object]] = {
    "run/config.json": lambda folder: read_config(RunFolder(folder / "run")),
    "run/results.jsonl": lambda folder: read_rows(folder / "run" / "results.jsonl"),
    "run/plan.json": lambda folder: read_plan(RunFolder(folder / "run")),
    "run/metrics.jsonl": lambda folder: read_run(folder / "run"),
    "saved.plan": lambda folder: Plan.load(folder / "saved.plan"),
    "tiny/corpus.json": lambda folder: read_record(folder / "tiny"),
    "tiny/text/manifest.json": lambda folder: open_rows(folder / "tiny" / "text"),
    "tiny/text/00000-of-00001.array_record": lambda folder: open_rows(folder / "tiny" / "text")[0],
    "tiny/tokenizer.model": lambda folder: run_tokenizer(folder / "tiny", tokenizer_fingerprint(folder / "tiny")),
    "recipe.toml": lambda folder: read_recipe(folder / "recipe.toml"),
    "change.toml": lambda folder: read_change(folder / "change.toml"),
}


@pytest.mark.parametrize("name", READERS)
def test_a_pickle_in_place_of_a_file_is_refused_and_not_run(
    name: str, finished_run: RunFolder, shards: Path, tmp_path: Path
) -> None:
    shutil.copytree(finished_run.path, tmp_path / "run", ignore=shutil.ignore_patterns("checkpoints"))
    shutil.copytree(shards, tmp_path / "tiny")
    mark, file = tmp_path / "was run", tmp_path / name
    # Of the length that a manifest may tell of it.
    length = file.stat().st_size if file.exists() else 0
    file.write_bytes(pickle.dumps(Evil(mark)).ljust(length, b"\n"))
    with pytest.raises(UsageError):
        READERS[name](tmp_path)
    assert not mark.exists()
    pickle.loads(pickle.dumps(Evil(mark)))
    assert mark.exists()


def test_a_pickle_in_place_of_any_file_of_a_checkpoint_is_not_run(finished_run: RunFolder, tmp_path: Path) -> None:
    run = Path(shutil.copytree(finished_run.path, tmp_path / "run"))
    words = [sys.executable, ROOT / "tests" / "pickled_checkpoint.py", run, tmp_path / "was run"]
    told = json.loads(subprocess.check_output(words, env={**os.environ, "PYTHONPATH": str(ROOT)}))
    outcomes = told["outcomes"]
    assert outcomes["none"] == {"evaluated": "opened", "resumed": "opened"}
    files = {
        str(path.relative_to(run / "checkpoints" / "32")) for path in run.glob("checkpoints/32/**/*") if path.is_file()
    }
    assert outcomes.keys() - {"none"} == files
    refused = {use: {name for name in files if "is damaged" in outcomes[name][use]} for use in ("evaluated", "resumed")}
    # What says where the arrays are, and those themselves; an evaluation needs the model alone.
    assert {"model/_METADATA", "model/manifest.ocdbt", "sums/metadata"} <= refused["evaluated"]
    assert {"optimizer/_METADATA", "optimizer/manifest.ocdbt", "plan/metadata"} <= refused["resumed"]
    assert refused["evaluated"] <= refused["resumed"]
    for use, those in refused.items():
        assert {outcomes[name][use] for name in files - those} == {"opened"}
    assert told["seen"] == []
    assert not (tmp_path / "was run").exists()


def test_looking_for_experiments_runs_none(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        "import pathlib; pathlib.Path(__file__).with_suffix('.ran').touch()\nexperiment = 1\n"
    )
    assert experiment_files(tmp_path) == [tmp_path / "a.py"]
    assert not (tmp_path / "a.ran").exists()


@pytest.mark.parametrize(
    "file", ["../secret", "/etc/passwd", "..", ".", "", "a/b", "a\\b", "C:a", "a\0b", "\ud800", "a" * 201]
)
def test_a_manifest_names_no_file_of_another_folder(file: str, shards: Path, tmp_path: Path) -> None:
    source = Path(shutil.copytree(shards / "text", tmp_path / "text"))
    shutil.move(source / "00000-of-00001.array_record", tmp_path / "secret")
    told = json.loads((source / "manifest.json").read_text())
    told["shards"][0]["file"] = file
    (source / "manifest.json").write_text(json.dumps(told))
    with pytest.raises(UsageError, match="is no name of a file beside it"):
        open_rows(source)


@pytest.mark.parametrize("name", ["../tiny/text", "/etc", "text/heldout", "."])
def test_a_plan_names_no_source_of_another_folder(name: str, shards: Path) -> None:
    with pytest.raises(UsageError, match="is not in"):
        rows_in(shards, [name])


@pytest.mark.parametrize("changed", [{"rows": 10**12}, {"rows": -1}, {"bytes": 10}])
def test_a_manifest_cannot_ask_for_memory_that_its_shards_do_not_fill(
    changed: dict, shards: Path, tmp_path: Path
) -> None:
    source = Path(shutil.copytree(shards / "text", tmp_path / "text"))
    told = json.loads((source / "manifest.json").read_text())
    told["shards"][0] |= changed
    told["rows"] = told["shards"][0]["rows"]
    (source / "manifest.json").write_text(json.dumps(told))
    with pytest.raises(UsageError, match="which cannot be"):
        open_rows(source)


PACKED = {".gz": gzip.compress, ".xz": lzma.compress, ".bz2": bz2.compress, ".zst": zstd.compress}


@pytest.mark.parametrize("ending", PACKED)
def test_a_line_that_unpacks_to_far_more_than_a_document_is_never_held(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.prepare.readers.jsonl.MAX_DOCUMENT_BYTES", 100_000)
    bomb = PACKED[ending](b'{"text": "' + bytes(40_000_000) + b'"}\n{"text": "the one after"}\n')
    (tmp_path / f"bomb.jsonl{ending}").write_bytes(bomb)
    reader = JsonLines(files=(f"bomb.jsonl{ending}",))
    [part] = reader.parts(tmp_path)
    tracemalloc.start()
    read = list(reader.read(tmp_path, part, source="text"))
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [getattr(each, "text", None) for each in read] == [None, "the one after"]
    # Of .xz a window of 8 MB among it.
    assert peak_bytes < 20_000_000


KEY = "sk-0123456789abcdef"
SECONDS = Patience(first_wait_s=0.001, longest_wait_s=0.002, give_up_after_s=0.01)


@pytest.fixture
def server() -> Iterator[JudgeServer]:
    server = JudgeServer()
    try:
        yield server
    finally:
        server.close()


def told_by(server: JudgeServer, folder: Path) -> str:
    """All that a judge leaves on the disk and says, asked at a server with KEY."""
    endpoint = Endpoint(server.url, KEY)
    said = repr(endpoint)
    try:
        judgements, spent = judge_by_llm(
            [Pair("1", "Why?", "So.", "Thus.", "1")],
            endpoint,
            folder / "cache.jsonl",
            Manner(patience=SECONDS),
            judge="openai:rule",
            model="rule",
            watch=lambda *_: None,
        )
    except UsageError as error:
        said += str(error)
    else:
        write_judgements(folder / "judged.jsonl", Comparison("dolly", "a", 1, "b", 1), judgements)
        said += repr(judgements) + repr(spent)
    return said + "".join(path.read_text() for path in folder.iterdir())


@pytest.mark.parametrize("status", [200, 400, 401, 404, 405, 429, 500])
@pytest.mark.parametrize("body", ['{"error": {"message": "KEY is no key"}}', "KEY", '["KEY"]'])
def test_a_key_that_an_endpoint_repeats_is_not_told(
    status: int, body: str, server: JudgeServer, tmp_path: Path
) -> None:
    server.failure_of = lambda *_: Failure(status, body.replace("KEY", KEY))
    told = told_by(server, tmp_path)
    assert set(server.keys) == {f"Bearer {KEY}"}
    assert "[key]" in told
    assert KEY not in told


def test_a_key_in_a_reply_is_not_kept(server: JudgeServer, tmp_path: Path) -> None:
    server.rule = lambda *_: f"Your key is {KEY}. [[A]]"
    told = told_by(server, tmp_path)
    assert "Your key is [key]. [[A]]" in told
    assert KEY not in told
