"""The synthetic source's documents are a function of seed and index, however the draws are cut into parts."""

from pathlib import Path

import msgspec
import pytest
from launch import need_sandbox

from eval.sandbox.run import require_sandbox
from mixsched.errors import UsageError
from train.corpora.document import Document
from train.corpora.synthetic.levels import level_of
from train.prepare.readers.generated import Generated
from train.prepare.readers.reader import Dropped, Part

NOWHERE = Path("/nowhere")
need_sandbox(of_module=True)


def read(reader: Generated, part: Part) -> list[Document | Dropped]:
    return list(reader.read(NOWHERE, part, source="synthetic"))


def test_every_draw_becomes_a_document_or_is_dropped_with_a_reason():
    reader = Generated(count=60, seed=3)
    (part,) = reader.parts(NOWHERE)
    found = read(reader, part)
    assert [each.origin for each in found] == [f"generated:synthetic/3#{index}" for index in range(60)]
    kept = [each for each in found if isinstance(each, Document)]
    assert len(kept) > 36
    assert {(each.source, each.licence, each.language) for each in kept} == {("synthetic", "Apache-2.0", "Python")}
    assert all(each.group.startswith("function:") for each in kept)
    assert {each.reason for each in found if isinstance(each, Dropped)} <= {
        "test failed", "tests accept a wrong variant", "one result for all arguments",
    }  # fmt: skip
    assert read(reader, part) == found


def test_parts_cover_the_draws_once_and_do_not_depend_on_one_another():
    parts = Generated(count=434, seed=3).parts(NOWHERE)
    assert [(part.start, part.stop) for part in parts] == [(0, 200), (200, 400), (400, 434)]
    assert all(part.files == () and part.bytes > 0 for part in parts)
    reader = Generated(count=40, seed=3)
    whole = read(reader, reader.parts(NOWHERE)[0])
    cut = [
        each
        for start, stop in ((0, 7), (7, 40))
        for each in read(reader, Part(files=(), start=start, stop=stop, bytes=1, version="v"))
    ]
    assert cut == whole


def test_a_larger_count_leaves_full_parts_as_they_are():
    small, large = (Generated(count=count, seed=3).parts(NOWHERE) for count in (500, 5_000))
    assert small[:2] == large[:2]
    assert small[2] != large[2]


def test_the_version_tells_seeds_and_levels_apart():
    readers = (Generated(count=9, seed=3), Generated(count=9, seed=4), Generated(count=9, seed=3, levels=(1, 2)))
    assert len({reader.parts(NOWHERE)[0].version for reader in readers}) == 3


def test_chosen_levels_are_those_programs_of_the_whole():
    every, some = Generated(count=48, seed=3), Generated(count=24, seed=3, levels=(2, 4))
    whole, chosen = (read(reader, reader.parts(NOWHERE)[0]) for reader in (every, some))
    assert chosen == [each for each in whole if int(each.origin.split("#")[1]) % 4 in (1, 3)]
    codes = [each.text.split("\n\n\nassert")[0] for each in chosen if isinstance(each, Document)]
    assert {level_of(code) for code in codes} <= {2, 3, 4}


def test_a_recipe_declares_it_by_its_tag():
    declared = msgspec.convert({"reader": "synthetic", "count": 5, "seed": 1, "levels": [1, 3]}, Generated)
    assert declared == Generated(count=5, seed=1, levels=(1, 3))


@pytest.mark.parametrize(
    ("fields", "message"),
    [({"count": 0}, "`count` is the number.*got 0"), ({"levels": ()}, "`levels` must be some of"),
     ({"levels": (0, 1)}, "got .0, 1"), ({"levels": (2, 1)}, "ascending"), ({"levels": (2, 2)}, "each once")],
)  # fmt: skip
def test_a_senseless_declaration_is_refused(fields, message):
    with pytest.raises(UsageError, match=message):
        Generated(**({"count": 5, "seed": 1} | fields))


def test_without_a_sandbox_nothing_is_drawn(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    require_sandbox.cache_clear()
    with pytest.raises(UsageError, match="apt-get install bubblewrap"):
        Generated(count=5, seed=1).parts(NOWHERE)
