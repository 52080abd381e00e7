"""The recipe that follows from what a folder or a file holds, for those who have none."""

from collections.abc import Iterator
from glob import escape
from pathlib import Path
from typing import Any

from mixsched.errors import UsageError
from train.corpora.document import FIELD_NAMES
from train.prepare.languages import kind_of, language_of
from train.prepare.readers.files import opened
from train.prepare.readers.parquet import fields_of
from train.prepare.readers.texts import parse_json
from train.prepare.recipe import Recipe, parse_recipe

# The paper's source for each kind of language.
_SOURCES = {"text": "text", "code": "web_code", "markup": "markup"}
_LINES = (".jsonl", ".jsonl.gz", ".jsonl.xz", ".jsonl.zst", ".jsonl.bz2")
_TEXT_FIELDS = ("text", "content", "code", "body")
# Of StarCoder (arXiv 2305.06161, section 3.2).
_CODE_FILTERS = {
    "max_line_length": 1_000,
    "max_mean_line_length": 100,
    "min_alphanumeric_share": 0.25,
    "drop_generated": True,
}
Tables = dict[str, Any]


def derived_recipe(path: Path, name: str) -> tuple[Recipe, Path]:
    """A recipe for a folder or a file, and the folder that it is relative to.

    - JSON lines with the fields text, source, origin, licence and group: the sources that they name.
    - Other JSON lines, or Parquet: one source of that name, from the first field of text, content, code and body.
    - A folder of anything else: the paper's `text`, `web_code` and `markup` by the language of each file, and
      `adjacent` from its notebooks and its git history.

    Raises UsageError if nothing of it can be read.
    """
    data = path.parent if path.is_file() else path
    files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
    lines = [each for each in files if each.name.endswith(_LINES)]
    tables = [each for each in files if each.suffix == ".parquet"]
    if lines:
        sources = _from_lines(data, lines, name)
    elif tables:
        text = _text_field(fields_of(tables[0]), tables[0])
        sources = {name: _source({"reader": "parquet", "files": _names(data, tables), "text": text})}
    elif path.is_dir():
        sources = _from_files(path, files)
    else:
        raise UsageError(f"'{path}' is neither JSON lines, Parquet nor a folder; name one, or write a recipe for it")
    return parse_recipe({"sources": sources}, where=f"the recipe that follows from '{path}'"), data


def _source(*inputs: Tables) -> Tables:
    return {"inputs": list(inputs)}


def _names(data: Path, files: list[Path]) -> list[str]:
    return [escape(file.relative_to(data).as_posix()) for file in files]


def _from_lines(data: Path, files: list[Path], name: str) -> Tables:
    first = next(_records(files), {})
    if not set(FIELD_NAMES) <= set(first):
        return {
            name: _source({"reader": "jsonl", "files": _names(data, files), "text": _text_field(list(first), files[0])})
        }
    held = {file: {str(record.get("source")) for record in _records([file])} for file in files}
    reader = {"reader": "jsonl", "origin": "origin", "licence": "licence", "group": "group"}
    sources = {}
    for source in sorted(set().union(*held.values())):
        own = _names(data, [file for file in files if held[file] == {source}])
        shared = _names(data, [file for file in files if source in held[file] and len(held[file]) > 1])
        inputs = [{**reader, "files": own}, {**reader, "files": shared, "where": {"source": [source]}}]
        sources[source] = _source(*(each for each in inputs if each["files"]))
    return sources


def _records(files: list[Path]) -> Iterator[dict[str, Any]]:
    """Every line that holds a record; the reader counts the others."""
    for file in files:
        with opened(file) as stream:
            for line in stream:
                try:
                    record = parse_json(line)
                except ValueError:
                    continue
                if isinstance(record, dict):
                    yield record


def _text_field(fields: list[str], file: Path) -> str:
    for field in _TEXT_FIELDS:
        if field in fields:
            return field
    raise UsageError(
        f"'{file}' has no field {', '.join(_TEXT_FIELDS[:-1])} or {_TEXT_FIELDS[-1]}, it has "
        f"{', '.join(fields) or 'none'}; write a recipe that says which holds the text"
    )


def _from_files(folder: Path, files: list[Path]) -> Tables:
    kinds = {kind_of(language_of(file.name, "")) for file in files if ".git" not in file.relative_to(folder).parts}
    sources = {
        source: _source({"reader": "folder", "folder": ".", "kinds": [kind]})
        for kind, source in _SOURCES.items()
        if kind in kinds
    }
    if "web_code" in sources:
        sources["web_code"]["filters"] = _CODE_FILTERS
    adjacent = [{"reader": "notebooks"}] if any(file.suffix == ".ipynb" for file in files) else []
    if (folder / ".git").exists():
        adjacent.append({"reader": "git", "repository": "."})
    if adjacent:
        sources["adjacent"] = _source(*adjacent)
    if not sources:
        raise UsageError(f"'{folder}' holds neither text, code, notebooks, JSON lines nor Parquet; name one that does")
    return sources
