"""The third stage: documents become ids beside what a manifest counts of them, sorted by the shard they belong to."""

import collections
import io
import itertools
import json
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import sentencepiece
from hypothesis import example, given
from hypothesis import strategies as st
from preparing import WORDS, prepared_recipe, same_files

from mixsched.shards import read_manifest
from train.corpora.document import Document
from train.prepare.hashing import hash64
from train.prepare.recipe import parse_recipe
from train.prepare.stages import encoding
from train.prepare.stages.cleaning import KEYS, KEYS_FILE, Cleaned
from train.prepare.stages.cuts import PLACES, SHARD_BYTES, places, shard_of, shard_starts
from train.prepare.stages.deciding import Decided, Kept
from train.prepare.stages.documents import document_writer
from train.prepare.stages.dropped import Drops
from train.prepare.stages.encoding import EncodeSpec, Tally, encode, encode_tasks
from train.prepare.stages.verdicts import Read
from train.prepare.stages.work import Made
from train.prepare.tokenizer import SPACE_MARK, Tokenizer, load_tokenizer, read_tokenizer


def text(rng: random.Random, words: int = 30) -> str:
    return " ".join(rng.choices(WORDS, k=words))


def write_records(path: Path, records: list[dict]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def read_of(folder: Path, *, group_bytes: Sequence[int], group_documents: Sequence[int]) -> Read:
    """What a task of the first stage said that it found, without its files."""
    return Read(Made(folder, ""), "only", Cleaned([*group_documents], [*group_bytes], [], 0, Drops()))


@pytest.fixture
def manifest_of(tmp_path, tokenizer):
    """Prepares one source of the records in `a.jsonl` and returns the manifest of all of them."""

    def make(records: list[dict], *, out: str = "out", model: Path = tokenizer, keep_changed: bool = False, **fields):
        write_records(tmp_path / "a.jsonl", records)
        source = {"inputs": [{"reader": "jsonl", "files": ["a.jsonl"], **fields}], "heldout_share": 0.0}
        tables = {"sources": {"only": source}, "tokenizer": {"keep_changed": keep_changed}}
        recipe = parse_recipe(tables, where="the recipe")
        return read_manifest(prepared_recipe(recipe, tmp_path, tmp_path / out, tokenizer=model) / "only")

    return make


def test_a_manifest_lists_a_hundred_licences_and_origins_and_counts_the_others(manifest_of):
    rng = random.Random(1)
    records = [
        {"text": text(rng), "licence": f"L{number % 130}", "origin": f"o{number % 103}/b", "lang": f"l{number % 101}"}
        for number in range(390)
    ]
    made = manifest_of(records, licence="licence", origin="origin", language="lang")
    assert [len(names) for names in (made.licences, made.origins, made.languages)] == [101, 101, 101]
    assert made.licences["others"] == 30 * 3
    assert made.licences["L7"] == 3
    assert made.origins["others"] == 3 * 3
    assert sum(made.licences.values()) == sum(made.origins.values()) == 390
    assert made.languages["others"] == sum(len(each["text"]) for each in records[100::101])


def test_what_several_tasks_counted_is_added_up():
    total = Tally()
    for first in (0, 60):
        names = {f"n{number}": number for number in range(first, first + 60)}
        total.add(Tally(1, 2, 3, licences=dict(names), origins=dict(names), languages=dict(names)))
    assert (total.documents, total.tokens, total.bytes) == (2, 4, 6)
    for names in (total.licences, total.origins, total.languages):
        assert len(names) == 101
        assert names["n99"] == 99
        assert names["others"] == sum(range(100, 120))


@pytest.mark.parametrize(
    ("origin", "counted"),
    [
        ("pages.jsonl@0", "pages.jsonl"),
        ("pages/1.jsonl.zst@17", "pages"),
        ("notebook.ipynb#3", "notebook.ipynb"),
        ("pypi:django==5.2.7/django/apps.py", "pypi:django==5.2.7"),
        ("/usr/share/doc", "/usr"),
        ("here", "here"),
        ("@me", ""),
    ],
)
def test_an_origin_is_counted_by_its_first_folder_or_its_file(manifest_of, origin, counted):
    assert manifest_of([{"text": "w1 w2", "origin": origin}], origin="origin").origins == {counted: 1}


def test_without_an_origin_documents_are_counted_by_their_file(manifest_of):
    assert manifest_of([{"text": f"w{number}"} for number in range(9)]).origins == {"a.jsonl": 9}


def test_languages_are_counted_in_bytes_and_those_without_one_not_at_all(manifest_of):
    records = [
        {"text": "w1 w2 w3", "language": "Python"},
        {"text": "w1 \u00e4\u2603", "language": "Java"},
        {"text": "w7", "language": "Python"},
        {"text": "w8 w9 w0", "language": ""},
    ]
    made = manifest_of(records, language="language")
    assert made.languages == {"Python": 8 + 2, "Java": 3 + 2 + 3}
    assert (made.documents, made.text_bytes) == (4, 8 + 8 + 2 + 8)


@pytest.fixture(scope="module")
def normaliser(tmp_path_factory) -> Path:
    """A model that makes one space of several."""
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.Train(
        sentence_iterator=iter([text(random.Random(0), 500)]),
        model_writer=written,
        minloglevel=2,
        hard_vocab_limit=False,
        vocab_size=300,
        byte_fallback=True,
        model_type="bpe",
    )
    path = tmp_path_factory.mktemp("normaliser") / "tokenizer.model"
    path.write_bytes(written.getvalue())
    return path


@pytest.mark.parametrize("mark", ["  ", SPACE_MARK])
def test_of_many_documents_those_go_that_the_tokenizer_changes(manifest_of, tokenizer, normaliser, mark):
    model = tokenizer if mark == SPACE_MARK else normaliser
    rng = random.Random(2)
    texts = [text(rng) for _ in range(60)]
    for number in (0, 17, 18, 40, 59):
        texts[number] = texts[number].replace(" ", mark)
    records = [{"text": each, "origin": f"at-{number}"} for number, each in enumerate(texts)]
    made = manifest_of(records, model=model, origin="origin")
    assert made.dropped == {encoding.LOSSY: 5}
    beginnings = [" ".join(texts[number].split())[:80] for number in (0, 17, 18)]
    told = [f"at-{number}: {each}" for number, each in zip((0, 17, 18), beginnings, strict=True)]
    assert made.dropped_examples == {encoding.LOSSY: told}
    kept = [each for each in texts if mark not in each]
    assert (made.documents, made.text_bytes) == (55, sum(len(each.encode()) for each in kept))
    assert made.tokens == sum(len(ids) + 1 for ids in load_tokenizer(model).encode(kept))
    assert sum(made.origins.values()) == 55
    every = manifest_of(records, out="every", model=model, origin="origin", keep_changed=True)
    assert (every.documents, every.dropped) == (60, {})
    assert every.text_bytes == sum(len(each.encode()) for each in texts)


def test_groups_of_rows_do_not_show_in_the_shards(manifest_of, tmp_path, monkeypatch):
    rng = random.Random(3)
    records = [{"text": text(rng), "language": rng.choice(["A", "B", "C"])} for _ in range(200)]
    manifest_of(records, out="whole", language="language")
    monkeypatch.setattr("train.prepare.stages.cleaning.GROUP_BYTES", 2_000)
    manifest_of(records, out="groups in a task", language="language")
    monkeypatch.setattr(encoding, "TASK_BYTES", 5_000)
    manifest_of(records, out="tasks", language="language")
    same_files(tmp_path / "whole", tmp_path / "groups in a task")
    same_files(tmp_path / "whole", tmp_path / "tasks")


@pytest.mark.parametrize(
    ("task_bytes", "many", "groups"),
    [
        (10, 1_000, [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 7), (7, 8)]),
        (25, 1_000, [(0, 3), (3, 6), (6, 8)]),
        (10, 4, [(0, 2), (2, 4), (4, 6), (6, 8)]),
        (10, 1, [(0, 8)]),
    ],
)
def test_of_large_corpora_tasks_are_larger_instead_of_more(tmp_path, monkeypatch, task_bytes, many, groups):
    monkeypatch.setattr(encoding, "TASK_BYTES", task_bytes)
    monkeypatch.setattr(encoding, "MANY_TASKS", many)
    reads = (read_of(tmp_path / "clean-1", group_bytes=[10] * 8, group_documents=[1] * 8),)
    decided = Decided({"only": (Kept(8, 80, ()), Kept(0, 0, ()))}, {}, [], [""])
    own = Tokenizer(file=tmp_path, sha256="", vocab_size=300, eos_id=1, is_exact=True)
    recipe = parse_recipe({"sources": {"only": {"inputs": [{"reader": "jsonl", "files": ["a"]}]}}}, where="the recipe")
    tasks = encode_tasks(recipe, reads, Made(tmp_path, ""), own, decided)
    assert [task.spec.groups for task in tasks] == groups
    assert [task.size for task in tasks] == [10 * (end - start) for start, end in groups]
    assert len({task.name for task in tasks}) == len(groups)


@pytest.mark.parametrize(("words", "dtype"), [(256, "uint16"), (65_536, "uint16"), (65_537, "uint32")])
def test_ids_take_two_bytes_up_to_the_last_word_that_fits(words, dtype):
    own = Tokenizer(file=Path(), sha256="", vocab_size=words, eos_id=1, is_exact=True)
    assert own.dtype == dtype
    assert np.iinfo(own.dtype).max >= words - 1


def test_tokens_lie_in_the_order_of_part_shard_and_hash(tmp_path, tokenizer):
    """Of the second and third group of rows, with two shards to train on and one held out."""
    rng = random.Random(4)
    texts = [text(rng, rng.randrange(1, 20)) for _ in range(40)]
    groups = [texts[:10], texts[10:20], texts[20:40]]
    with document_writer(tmp_path) as write:
        for group in groups:
            write([Document(each, "only", f"o{each[:5]}", "MIT", each) for each in group])
    keys = np.zeros(40, KEYS)
    keys["order"] = [hash64("order", each.encode()) for each in texts]
    keys.tofile(tmp_path / KEYS_FILE)
    verdicts = rng.choices([0, 1, 2, 5], k=40)
    (tmp_path / "verdicts").write_bytes(bytes(verdicts))
    read = read_of(tmp_path, group_bytes=[1, 1, 1], group_documents=[10, 10, 20])
    read.cleaned.languages.append("A")
    spec = EncodeSpec(
        read=read,
        verdicts=tmp_path / "verdicts",
        verdicts_sha256="",
        groups=(1, 3),
        tokenizer=read_tokenizer(tokenizer),
        keep_changed=False,
        starts=((PLACES // 2,), ()),
    )
    (tmp_path / "encoded").mkdir()
    encoded = encode(tmp_path / "encoded", spec)
    pieces = np.fromfile(tmp_path / "encoded" / encoding.PIECES_FILE, encoding.PIECES)
    tokens = np.fromfile(tmp_path / "encoded" / encoding.TOKENS_FILE, "uint16")
    kept = [(part, each) for part, each in list(zip(verdicts, texts, strict=True))[10:] if part < 2]
    assert [tally.documents for tally in encoded.parts] == [sum(part == each for part, _ in kept) for each in (0, 1)]
    assert min(tally.documents for tally in encoded.parts) > 2
    found = []
    for piece, end in itertools.zip_longest(pieces, pieces["start"][1:], fillvalue=len(tokens)):
        assert piece["start"] + piece["length"] == end
        ids = tokens[int(piece["start"]) : int(end)].tolist()
        assert ids.pop() == spec.tokenizer.eos_id
        found.append((int(piece["part"]), load_tokenizer(tokenizer).decode(ids)))
        assert int(piece["order"]) == hash64("order", found[-1][1].encode())
        assert int(piece["shard"]) == (piece["part"] == 0 and int(piece["order"]) >= 2**63)
    assert collections.Counter(found) == collections.Counter(kept)
    assert [tuple(each) for each in pieces[["part", "shard", "order"]]] == sorted(
        tuple(each) for each in pieces[["part", "shard", "order"]]
    )


SIZES = st.dictionaries(
    st.integers(0, PLACES - 1) | st.sampled_from([0, 1, 2, PLACES - 2, PLACES - 1]),
    st.integers(0, 4 * SHARD_BYTES) | st.sampled_from([1, SHARD_BYTES - 1, SHARD_BYTES, SHARD_BYTES + 1]),
    max_size=30,
)


@given(SIZES)
@example({})
@example({5: 10 * SHARD_BYTES})
@example({5: SHARD_BYTES, PLACES - 1: 10 * SHARD_BYTES})
def test_shards_are_never_empty_and_as_equal_as_places_allow(held):
    sizes = np.zeros(PLACES)
    sizes[list(held)] = list(held.values())
    starts = shard_starts(sizes)
    edges = [0, *starts, PLACES]
    assert edges == sorted(set(edges))
    shards = [sizes[start:end].sum() for start, end in itertools.pairwise(edges)]
    total, wanted = sizes.sum(), max(1, -(-sum(held.values()) // SHARD_BYTES))
    assert len(shards) <= wanted
    if total:
        assert all(shards)
    assert all(abs(shard - total / wanted) <= sizes.max() for shard in shards)


@given(st.lists(st.integers(1, PLACES - 1), unique=True, max_size=10).map(sorted), st.integers(0, 2**64 - 1))
def test_the_shard_of_a_document_rises_with_its_hash(starts, order):
    edges = [0, *starts, PLACES]
    shard = shard_of(order, starts)
    assert edges[shard] <= int(places(np.array([order], np.uint64))[0]) < edges[shard + 1]
    for number, start in enumerate(starts):
        assert shard_of(start * 2**48, starts) == number + 1
        assert shard_of(start * 2**48 - 1, starts) == number
