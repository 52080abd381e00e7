"""Copies the source files of the desk corpus's packages, each under the folder of its licence."""

import re
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from train.corpora.desk.trees import TREES, Tree
from train.corpora.fetch import BuildError, Unpacked

# A file over this is data. What is smaller and not worth reading is left to the filters of the recipe.
_MAX_BYTES = 1_000_000
_FOREIGN_LICENCE = re.compile(
    rb"General Public Licen|\b[AL]?GPL\b|Mozilla Public|\bMPL\b|Creative Commons|\bCC[- ]BY|Lucent|"
    rb"Eclipse Public|Common Development and Distribution|All Rights Reserved\. Confidential",
)
_LICENCE_FILE = re.compile(r"(licen[cs]es?|copying|copyright|notice)([._-].*)?", re.IGNORECASE)
# Django's documentation is reStructuredText under the ending of plain text.
_RENAMED = {("django", ".txt"): ".rst"}


def copy_code(packages: Mapping[str, Unpacked], out: Path) -> Counter[str]:
    """Fills `out` with LICENCE/PACKAGE/path; returns the bytes by ending."""
    sizes: Counter[str] = Counter()
    for licence, trees in TREES.items():
        for tree in trees:
            copied = _copy_tree(tree, packages[tree.package], out / licence_folder(licence) / tree.folder)
            if not copied:
                raise BuildError(f"no file for the tree {tree.folder!r}; correct its folders in trees.py")
            sizes.update(copied)
    return sizes


def licence_folder(licence: str) -> str:
    """The name of a licence's folder: `MIT OR Apache-2.0` is MIT-OR-Apache-2.0."""
    return licence.replace(" ", "-")


def copy_licences(packages: Mapping[str, Unpacked], out: Path) -> None:
    """Puts what each package says about its licence into a folder of its own: its licence files, else its metadata."""
    for short, unpacked in sorted(packages.items()):
        folder = out / short
        folder.mkdir(parents=True)
        for path in _licence_files(unpacked.root):
            shutil.copyfile(path, folder / path.relative_to(unpacked.root).as_posix().replace("/", "--")[-120:])


def _licence_files(root: Path) -> Iterator[Path]:
    """Files of a licence's name, not deep down, and the files that state the package's licence."""
    places = ("*", "*/*", "*.dist-info/*", "*.dist-info/licenses/*", "third_party/*/*", "usr/share/doc/*/*")
    found = {path for place in places for path in root.glob(place)}
    metadata = {root / name for name in ("package.json", "PKG-INFO")} | set(root.glob("*.dist-info/METADATA"))
    for path in sorted(found | metadata):
        if path.is_file() and not path.is_symlink() and (path in metadata or _LICENCE_FILE.fullmatch(path.name)):
            yield path


def _copy_tree(tree: Tree, unpacked: Unpacked, out: Path) -> Counter[str]:
    sizes: Counter[str] = Counter()
    for path in _files(tree, unpacked.root):
        content = path.read_bytes()
        if _FOREIGN_LICENCE.search(content) or (tree.states and tree.states.encode() not in content):
            continue
        ending = _RENAMED.get((tree.package, path.suffix), path.suffix)
        target = (out / path.relative_to(unpacked.root)).with_suffix(ending)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        sizes[ending] += len(content)
    return sizes


def _files(tree: Tree, root: Path) -> Iterator[Path]:
    endings = {f".{ending}" for ending in tree.endings.split()}
    for folder in tree.folders.split():
        for path in sorted((root / folder).rglob("*")):
            name = f"/{path.relative_to(root).as_posix()}"
            if path.suffix not in endings or any(part in name for part in tree.without.split()):
                continue
            if path.is_file() and not path.is_symlink() and 0 < path.stat().st_size <= _MAX_BYTES:
                yield path
