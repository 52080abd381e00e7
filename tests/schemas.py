"""Writes miniature data sets in their published schemas, laid out as the recipe `paper` expects them.

Where each schema was seen: SlimPajama, The Stack and CommitPackFT in their dataset cards; the issues in programs that
read them (their card is behind terms of use); OpenWebMath and the Tülu 3 mixture in their cards' `dataset_info`.
The texts are pieces of the bundled corpus, so that no two are alike.
"""

import gzip
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from backports import zstd

from train.corpora.document import read_documents
from train.prepare.recipe import RECIPES

_BUNDLED = RECIPES.parent / "corpora/bundled"
# The folders of The Stack, and the language that Linguist has for each where it isn't its name in capitals.
CODE = {
    "java": "Java", "javascript": "JavaScript", "php": "PHP", "python": "Python", "c-sharp": "C#",
    "typescript": "TypeScript", "c": "C", "c++": "C++", "go": "Go", "ruby": "Ruby", "rust": "Rust", "kotlin": "Kotlin",
    "swift": "Swift", "scala": "Scala", "shell": "Shell", "sql": "SQL", "dart": "Dart", "lua": "Lua", "perl": "Perl",
    "r": "R", "haskell": "Haskell", "julia": "Julia", "objective-c": "Objective-C", "powershell": "PowerShell",
    "vue": "Vue",
}  # fmt: skip
MARKUP = {
    "markdown": "Markdown", "yaml": "YAML", "json": "JSON", "html": "HTML", "css": "CSS", "scss": "SCSS",
    "restructuredtext": "reStructuredText", "toml": "TOML", "tex": "TeX",
}  # fmt: skip
# Each stands in a record that the recipe must drop.
DROPPED = "dropped by the recipe"
_TIME = "2020-01-01T00:00:00.000Z"


def write_paper_data(folder: Path, *, each: int = 12) -> None:
    """All inputs of the recipe `paper`: `each` documents a kind that it keeps, and some that it must drop."""
    text, code, markup = pieces("text"), pieces("web_code"), pieces("markup")
    write_slim_pajama(folder / "SlimPajama-627B/train", text, pieces("adjacent"), each=each)
    for name, language in CODE.items():
        write_the_stack(folder / f"the-stack-dedup/data/{name}", name, language, code, each=each)
    for name, language in MARKUP.items():
        write_the_stack(folder / f"the-stack-dedup/data/{name}", name, language, _as_markup(name, markup), each=each)
    notebooks = (notebook(next(text), next(code)) for _ in range(10 * each))
    write_the_stack(
        folder / "the-stack-dedup/data/jupyter-notebook", "jupyter-notebook", "Jupyter Notebook", notebooks, each=each
    )
    write_commits(folder / "commitpackft/data/python/data.jsonl", code, each=each)
    write_issues(folder / "the-stack-github-issues/data/train-00000-of-00001.parquet", text, each=each)
    write_open_web_math(folder / "open-web-math/data/train-00000-of-00001.parquet", pieces("math"), each=each)
    write_tulu(folder / "tulu-3-sft-mixture/data/train-00000-of-00001.parquet", pieces("instruct"), each=each)
    write_human_eval(folder / "humaneval/HumanEval.jsonl.gz")


def pieces(source: str, *, size_bytes: int = 1_500) -> Iterator[str]:
    """Pieces of the bundled documents of a source, cut at line ends, each of at least so many bytes if it can be."""
    for document in read_documents(_BUNDLED / f"{source}.jsonl.xz"):
        piece = ""
        for line in document.text.splitlines(keepends=True):
            piece += line
            if len(piece.encode()) >= size_bytes:
                yield piece
                piece = ""
        if source in ("math", "instruct") and piece:
            yield piece


def write_slim_pajama(folder: Path, text: Iterator[str], answers: Iterator[str], *, each: int) -> None:
    """Two chunks of .jsonl.zst: `text` in sets that are kept, `answers` as StackExchange, and code as GitHub."""
    for chunk in ("chunk1", "chunk2"):
        rows = [_slim_pajama(name, next(text)) for name in ("CommonCrawl", "C4", "Wikipedia") for _ in range(each)]
        rows += [_slim_pajama("StackExchange", next(answers)) for _ in range(each)]
        rows += [_slim_pajama("Github", f"{DROPPED} {chunk} {number}\n{next(text)}") for number in range(each)]
        path = folder / chunk / "example_train_0.jsonl.zst"
        path.parent.mkdir(parents=True)
        path.write_bytes(zstd.compress(_lines(rows)))


def _slim_pajama(name: str, text: str) -> dict[str, Any]:
    return {"text": text, "meta": {"redpajama_set_name": f"RedPajama{name}"}}


def write_the_stack(folder: Path, name: str, language: str, texts: Iterator[str], *, each: int) -> None:
    """One language of The Stack: kept files, one of a GPL repository, one with a line that is too long, one of XML."""
    rows = [_stack_row(name, language, number, next(texts)) for number in range(each)]
    rows.append(_stack_row(name, language, each, _marked(name, next(texts)), licences=["GPL-3.0-only"]))
    if name in CODE:
        rows.append(_stack_row(name, language, each + 1, f"{DROPPED} for a line: {'long ' * 400}\n{next(texts)}"))
        rows.append(_stack_row(name, language, each + 2, f'<?xml version="1.0"?>\n<!-- {DROPPED} -->\n{next(texts)}'))
    _write_parquet(folder / "data-00000-of-00001.parquet", rows, _STACK)


def _marked(name: str, text: str) -> str:
    return notebook(DROPPED, text) if name == "jupyter-notebook" else f"{DROPPED}\n{text}"


def _stack_row(
    name: str, language: str, number: int, text: str, *, licences: Iterable[str] = ("MIT",)
) -> dict[str, Any]:
    # Two files a repository.
    repository, path = f"owner-{number // 2}/{name}", f"src/file-{number}.{name}"
    lines = text.splitlines()
    row: dict[str, Any] = {field.name: None for field in _STACK}
    for stem in ("stars", "issues", "forks"):
        row |= {f"max_{stem}_repo_path": path, f"max_{stem}_repo_name": repository}
        row |= {f"max_{stem}_repo_head_hexsha": f"{number:040x}", f"max_{stem}_repo_licenses": list(licences)}
    return row | {
        "hexsha": f"{number:040x}",
        "size": len(text.encode()),
        "ext": name,
        "lang": language,
        "content": text,
        "avg_line_length": len(text) / len(lines),
        "max_line_length": max(map(len, lines)),
        "alphanum_fraction": sum(map(str.isalnum, text)) / len(text),
    }


def _repository_fields(stem: str) -> list[tuple[str, pa.DataType]]:
    event = f"max_{stem}_repo_{stem}_event"
    return [
        (f"max_{stem}_repo_path", pa.string()),
        (f"max_{stem}_repo_name", pa.string()),
        (f"max_{stem}_repo_head_hexsha", pa.string()),
        (f"max_{stem}_repo_licenses", pa.list_(pa.string())),
        (f"max_{stem}_count", pa.int64()),
        (f"{event}_min_datetime", pa.string()),
        (f"{event}_max_datetime", pa.string()),
    ]


_STACK = pa.schema(
    [
        *(("hexsha", pa.string()), ("size", pa.int64()), ("ext", pa.string()), ("lang", pa.string())),
        *(field for stem in ("stars", "issues", "forks") for field in _repository_fields(stem)),
        *(("content", pa.string()), ("avg_line_length", pa.float64()), ("max_line_length", pa.int64())),
        ("alphanum_fraction", pa.float64()),
    ]
)


def _as_markup(name: str, texts: Iterator[str]) -> Iterator[str]:
    for text in texts:
        yield f"<html><body>\n<p>{text.replace('<', '&lt;')}</p>\n</body></html>\n" if name == "html" else text


def notebook(text: str, code: str) -> str:
    """A notebook of nbformat 4 with a cell of each, and an output that no document may hold."""
    output = {"output_type": "stream", "name": "stdout", "text": [f"{DROPPED}\n"]}
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": text.splitlines(keepends=True)},
        {"cell_type": "code", "metadata": {}, "execution_count": 1, "outputs": [output], "source": [code]},
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return json.dumps(
        {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}, indent=1
    )


def write_commits(path: Path, code: Iterator[str], *, each: int) -> None:
    """One language of CommitPackFT; the last row is of a licence that is not permissive."""
    rows = [_commit(number, next(code), "mit") for number in range(each)]
    rows.append(_commit(each, f"# {DROPPED}\n{next(code)}", "agpl-3.0"))
    path.parent.mkdir(parents=True)
    path.write_bytes(_lines(rows))


def _commit(number: int, code: str, licence: str) -> dict[str, Any]:
    first, *rest = code.splitlines(keepends=True)
    subject = f"Take out line {number}"
    return {
        "commit": f"{number:040x}",
        "old_file": f"module_{number}.py",
        "new_file": f"module_{number}.py",
        "old_contents": code,
        "new_contents": "".join(rest),
        "subject": subject,
        "message": f"{subject}\n\nIt said {first.strip()!r}.\n",
        "lang": "Python",
        "license": licence,
        "repos": f"committer-{number}/project,fork-{number}/project",
    }


def write_issues(path: Path, texts: Iterator[str], *, each: int) -> None:
    """Issues of GitHub; `content` is the whole conversation with the names of people masked."""
    event = {
        "action": "opened",
        "author": "someone",
        "comment_id": None,
        "datetime": 1_577_836_800,
        "text": "It fails.",
    }
    rows = [
        {
            "repo": f"reporter-{number}/project",
            "issue_id": 1_000_000 + number,
            "issue_number": number,
            "pull_request": None,
            "events": [event],
            "content": f"Title: It fails ({number})\nusername_0: {next(texts)}",
            "usernames": '["someone"]',
        }
        for number in range(each)
    ]
    kinds = {"action": pa.string(), "author": pa.string(), "comment_id": pa.float64(), "datetime": pa.int64()}
    schema = pa.schema(
        [
            ("repo", pa.string()),
            ("issue_id", pa.int64()),
            ("issue_number", pa.int64()),
            ("pull_request", pa.struct({"number": pa.int64(), "repo": pa.string(), "user_login": pa.string()})),
            ("events", pa.list_(pa.struct({**kinds, "text": pa.string()}))),
            ("content", pa.string()),
            ("usernames", pa.string()),
        ]
    )
    _write_parquet(path, rows, schema)


def write_open_web_math(path: Path, texts: Iterator[str], *, each: int) -> None:
    """Pages with mathematics."""
    rows = [
        {"url": f"https://example.org/{number}", "text": next(texts), "date": "2021-01-01 00:00:00", "metadata": "{}"}
        for number in range(each)
    ]
    _write_parquet(path, rows, pa.schema([(name, pa.string()) for name in ("url", "text", "date", "metadata")]))


def write_tulu(path: Path, texts: Iterator[str], *, each: int) -> None:
    """Conversations of two messages."""
    rows = [
        {
            "id": f"example-{number}",
            "messages": [
                {"content": f"Explain example {number}.", "role": "user"},
                {"content": text, "role": "assistant"},
            ],
        }
        for number, text in zip(range(each), texts, strict=False)
    ]
    message = pa.struct({"content": pa.string(), "role": pa.string()})
    _write_parquet(path, rows, pa.schema([("id", pa.string()), ("messages", pa.list_(message))]))


def write_human_eval(path: Path) -> None:
    """One problem, of which no piece of the bundled corpus holds thirteen words."""
    prompt = "def zebra_count(crossings, hooves):\n    " + " ".join(f"zebra{number}" for number in range(20))
    problem = {
        "task_id": "HumanEval/0",
        "prompt": prompt,
        "canonical_solution": "    return 0\n",
        "test": "assert True",
    }
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(_lines([problem])))


def _lines(rows: Iterable[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _write_parquet(path: Path, rows: list[dict[str, Any]], schema: pa.Schema) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
