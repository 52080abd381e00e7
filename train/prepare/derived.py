"""The recipe that follows from what a folder or a file holds, for those who have none."""

import collections
import os
from pathlib import Path

from mixsched.errors import UsageError
from train.prepare.found import Found, Tables, counted, found_in_records, matched, patterns_of
from train.prepare.languages import kind_of, language_of, may_have_language
from train.prepare.readers.folder import walk
from train.prepare.readers.git import commit_count
from train.prepare.readers.own_output import is_prepared, is_unfinished
from train.prepare.recipe import Recipe, parse_recipe
from train.prepare.record_files import ENOUGH, RecordFile, Unusable, is_record_file, look_at

# The paper's source for each kind of language.
_SOURCES = {"text": "text", "code": "web_code", "markup": "markup"}
# Of StarCoder (arXiv 2305.06161, section 3.2).
_CODE_FILTERS = {
    "max_line_length": 1_000,
    "max_mean_line_length": 100,
    "min_alphanumeric_share": 0.25,
    "drop_generated": True,
}
# Nobody has looked at these files before: some are in other encodings, some are no records.
_BROKEN_SHARE = 0.1
# A shorter history is that of a shallow clone, or of a project of yesterday.
_FEWEST_COMMITS = 20
_LEFT_OUT_TOLD = 5
_BYTES_LOOKED_AT = 8_192


def derived_recipe(path: Path, name: str, *, heldout_share: float | None = None) -> tuple[Recipe, Path, list[str]]:
    """A recipe for a folder or a file, the folder that it is relative to, and lines that tell what it takes.

    - Code, markup and text: the paper's `web_code`, `markup` and `text`, by the language of each file.
    - Notebooks, and a git history of some length: its `adjacent`.
    - JSON lines with the fields text, source, origin, licence and group: the sources that they name.
    - Other JSON lines, and Parquet: a source of that name, from the first field of text, content, code and body that
      holds text. Files without one are left out.

    Sources that are too small for a held-out part get none, unless a `heldout_share` is asked for. Raises UsageError if
    nothing of it can be read, with the reason if it is a file.
    """
    _refuse_own_output(path)
    if path.is_file():
        data, (found, left_out) = path.parent, _from_file(path, name)
    else:
        data, (found, left_out) = path, _from_folder(path, name)
    if not found:
        why = f" (left out: {left_out[0]})" if left_out else ""
        raise UsageError(
            f"'{path}' holds neither text, code, notebooks nor records with a text{why}; name a folder that does "
            "(links and hidden files are left alone)"
        )
    sources, lines = _joined(found, divide_all=heldout_share is not None)
    tables = {"sources": sources, "broken_share": _BROKEN_SHARE}
    recipe = parse_recipe(tables, where=f"the recipe that follows from '{path}'")
    lines += [f"left out: {each}" for each in left_out[:_LEFT_OUT_TOLD]]
    more = len(left_out) - _LEFT_OUT_TOLD
    return recipe, data, [*lines, f"left out: {more:,} more"] if more > 0 else lines


def _refuse_own_output(path: Path) -> None:
    folder = path.resolve()
    if is_prepared(folder):
        raise UsageError(
            f"'{path}' is a prepared folder, not a corpus; look at it by `--check {path}`, or train on it by "
            f"python -m train --shards {path}"
        )
    if is_unfinished(folder):
        raise UsageError(f"'{path}' is the unfinished work of a preparation; give the command again that began it")


def _joined(found: list[Found], *, divide_all: bool) -> tuple[Tables, list[str]]:
    """The tables of the sources, of which several may have one name, and a line for each."""
    by_name = collections.defaultdict[str, list[Found]](list)
    for each in found:
        by_name[each.source].append(each)
    sources, lines = {}, []
    for name, parts in by_name.items():
        table: Tables = {"inputs": [one for each in parts for one in each.inputs]}
        if any(one.get("kinds") == ["code"] for one in table["inputs"]):
            table["filters"] = _CODE_FILTERS
        divides = divide_all or any(each.divides for each in parts)
        if not divides:
            table["heldout_share"] = 0.0
        told = " and ".join(each.told for each in parts)
        sources[name] = table
        lines.append(f"{name}: {told}" + ("" if divides else "; too few to hold some out"))
    return sources, lines


def _from_file(path: Path, name: str) -> tuple[list[Found], list[str]]:
    if not is_record_file(path.name) and path.suffix != ".json":
        raise UsageError(
            f"'{path}' is neither JSON lines, Parquet nor a folder; name one, such as the folder that holds it"
        )
    looked = look_at(path.parent, path.name)
    if isinstance(looked, Unusable):
        raise UsageError(f"'{path}' {looked.why}{looked.has}; {looked.remedy}")
    return list(found_in_records(path.parent, [looked], name)), []


def _from_folder(folder: Path, name: str) -> tuple[list[Found], list[str]]:
    names = [file.name for file in walk(folder) if file.bytes]
    looked = [look_at(folder, each) for each in names if is_record_file(each)]
    left_out = [f"{each.name}, which {each.why}" for each in looked if isinstance(each, Unusable)]
    kinds = collections.Counter(_kind(folder, each) for each in names if not is_record_file(each))
    found = [
        Found(
            source,
            [{"reader": "folder", "folder": ".", "kinds": [kind]}],
            f"{counted(kinds[kind], 'file')} of {kind}",
            kinds[kind] >= ENOUGH,
        )
        for kind, source in _SOURCES.items()
        if kinds[kind]
    ]
    notebooks = [each for each in names if each.endswith(".ipynb") and os.path.isfile(folder / each)]
    if notebooks:
        told = counted(len(notebooks), "notebook")
        found.append(Found("adjacent", [_notebooks(folder, notebooks)], told, len(notebooks) >= ENOUGH))
    if (folder / ".git").exists():
        history = _from_history(folder)
        if isinstance(history, str):
            left_out.insert(0, history)
        else:
            found.append(history)
    found += found_in_records(folder, [each for each in looked if isinstance(each, RecordFile)], name)
    return found, left_out


def _kind(folder: Path, name: str) -> str:
    """The kind of a file as the reader will find it, "" if it will not be a document."""
    if name.endswith(".ipynb") or not may_have_language(name):
        return ""
    language = language_of(name, "")
    if not language:
        try:
            with open(folder / name, "rb") as stream:
                language = language_of(name, stream.read(_BYTES_LOOKED_AT).decode(errors="replace"))
        except OSError:
            return ""
    return kind_of(language)


def _notebooks(folder: Path, names: list[str]) -> Tables:
    everywhere = {"reader": "notebooks"}
    return everywhere if matched(folder, "**/*.ipynb") == names else {**everywhere, "files": patterns_of(folder, names)}


def _from_history(folder: Path) -> Found | str:
    """The git history, or a line that tells why it is left out."""
    try:
        commits = commit_count(folder)
    except UsageError as error:
        return f"the git history ({str(error).rpartition('; ')[0]})"
    if commits < _FEWEST_COMMITS:
        return f"the git history, which has {counted(commits, 'commit')}, fewer than {_FEWEST_COMMITS}"
    inputs = [{"reader": "git", "repository": "."}]
    return Found("adjacent", inputs, counted(commits, "commit"), commits >= ENOUGH)
