"""From documents to rows: no token lost, no fact on both sides, the same bytes every time and by any workers."""

import collections
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from preparing import prepared, prepared_recipe, same_files

import mixsched
from mixsched.shards import read_manifest
from train.corpora.document import Document, read_documents
from train.prepare.readers import jsonl
from train.prepare.recipe import bundled_recipe
from train.prepare.split import HELDOUT_SHARE, is_heldout, shuffle_key
from train.prepare.stages import cleaning, cuts, encoding
from train.prepare.stages.pack import empty_stream, packed
from train.prepare.tokenizer import load_tokenizer

EOS = 1


@given(st.lists(st.lists(st.integers(2, 500), max_size=40), max_size=12), st.integers(1, 16))
def test_every_token_of_the_documents_is_a_target_exactly_once(documents, context_tokens):
    """The targets of all rows, in order, are the documents with an EOS after each, and EOS as filling."""
    stream = [token for document in documents for token in [*document, EOS]]
    whole, tokens = empty_stream(len(stream), context_tokens=context_tokens, eos_id=EOS, dtype="uint16")
    tokens[:] = stream
    rows = packed(whole, context_tokens=context_tokens)
    targets = rows[:, 1:].reshape(-1).tolist()
    assert targets[: len(stream)] == stream
    assert set(targets[len(stream) :]) <= {EOS}
    assert len(targets) - len(stream) < context_tokens
    assert rows[:, :-1].reshape(-1).tolist() == [EOS, *targets[:-1]][: len(targets)]


def documents_of(corpus, source: str) -> list[Document]:
    """In the order in which they are packed."""
    return sorted(read_documents(corpus / f"{source}.jsonl"), key=shuffle_key)


def texts_of(folder, tokenizer) -> list[str]:
    """The documents that the rows of a part hold, decoded, shard by shard."""
    processor = load_tokenizer(tokenizer)
    rows = mixsched.open_rows(folder)
    texts, first = [], 0
    for shard in rows.manifest.shards:
        targets = rows.__getitems__(range(first, first + shard.rows))[:, 1:].reshape(-1)
        first += shard.rows
        pieces = np.split(targets, np.flatnonzero(targets == EOS) + 1)
        texts += [processor.decode(piece[:-1].tolist()) for piece in pieces if len(piece) > 1]
    return texts


@pytest.mark.parametrize("source", ["text", "web_code", "markup"])
def test_rows_decode_to_the_documents_byte_for_byte(corpus, shards, source):
    documents = documents_of(corpus, source)
    for part, held_out in (("", False), ("heldout", True)):
        wanted = [document.text for document in documents if is_heldout(document) == held_out]
        assert texts_of(shards / source / part, shards / "tokenizer.model") == wanted


def test_manifest_counts_what_was_packed(corpus, shards):
    for source in ("text", "web_code", "markup"):
        documents = [document for document in documents_of(corpus, source) if not is_heldout(document)]
        manifest = read_manifest(shards / source)
        assert manifest.documents == len(documents)
        assert manifest.text_bytes == sum(len(document.text.encode()) for document in documents)
        assert manifest.rows == -(-manifest.tokens // 32)
        assert manifest.licences == collections.Counter(document.licence for document in documents)
        assert manifest.dropped == {}


def test_no_subject_is_both_trained_on_and_held_out(corpus):
    documents = [document for source in ("text", "web_code", "markup") for document in documents_of(corpus, source)]
    sides = [{document.group for document in documents if is_heldout(document) == side} for side in (False, True)]
    assert sides[1]
    assert not sides[0] & sides[1]


def test_the_held_out_share_of_subjects_is_what_it_says(corpus):
    documents = [document for file in corpus.glob("*.jsonl") for document in read_documents(file)]
    held = sum(
        is_heldout(type(document)(**{**vars(document), "group": f"{document.group}-{copy}"}))
        for document in documents
        for copy in range(100)
    )
    assert held / (100 * len(documents)) == pytest.approx(HELDOUT_SHARE, abs=0.01)


def test_any_number_of_workers_gives_the_same_bytes(corpus, shards, tmp_path):
    same_files(shards, prepared(corpus, tmp_path / "again", workers=2))
    assert [path.name for path in tmp_path.iterdir()] == ["again"]


def test_the_cut_of_inputs_into_tasks_does_not_show_in_the_rows(corpus, shards, tmp_path, monkeypatch):
    monkeypatch.setattr(jsonl, "PART_BYTES", 20_000)
    monkeypatch.setattr(cleaning, "GROUP_BYTES", 7_000)
    monkeypatch.setattr(encoding, "TASK_BYTES", 10_000)
    out = prepared(corpus, tmp_path / "out")
    for source in ("text", "web_code", "markup"):
        same_files(shards / source, out / source)


def test_shards_together_hold_what_one_holds(corpus, shards, tmp_path, monkeypatch):
    monkeypatch.setattr(cuts, "SHARD_BYTES", 20_000)
    out = prepared(corpus, tmp_path / "out")
    tokenizer = shards / "tokenizer.model"
    assert len(read_manifest(out / "text").shards) > 3
    assert texts_of(out / "text", tokenizer) == texts_of(shards / "text", tokenizer)


def test_a_document_that_the_tokenizer_cannot_give_back_is_dropped_and_counted(corpus, tmp_path):
    changed = shutil.copytree(corpus, tmp_path / "corpus")
    # SentencePiece writes a space as U+2581, so a document that holds one comes back with a space instead.
    with (changed / "text.jsonl").open("a") as stream:
        stream.write(
            '{"text": "a \\u2581 b", "source": "text", "origin": "here", "licence": "CC0-1.0", "group": "kept"}\n'
        )
    manifest = read_manifest(prepared(changed, tmp_path / "out") / "text")
    assert manifest.dropped == {"does not decode to itself": 1}
    assert manifest.dropped_examples == {"does not decode to itself": ["here: a \u2581 b"]}


def test_a_vocabulary_above_65536_is_written_as_uint32(tmp_path):
    rng = np.random.default_rng(0)
    words = ["".join(map(chr, word)) for word in rng.integers(97, 123, (70_000, 5))]
    (tmp_path / "words.txt").write_text(" ".join(words))
    (tmp_path / "few.txt").write_text("few words")
    tables = {
        "tokenizer": {"sample_bytes": 10**6},
        "sources": {"text": {"inputs": [{"reader": "folder", "folder": "."}], "heldout_share": 0.0}},
    }
    out = prepared_recipe(tables, tmp_path, tmp_path / "out", vocab_size=66_000)
    manifest = read_manifest(out / "text")
    assert manifest.dtype == "uint32"
    assert mixsched.open_rows(out / "text").__getitems__(range(manifest.rows)).max() > 2**16
    assert sorted(texts_of(out / "text", out / "tokenizer.model")) == sorted([" ".join(words), "few words"])
    assert not (out / "text" / "heldout").exists()


def test_every_bundled_document_comes_back_from_its_tokens(shards):
    processor = load_tokenizer(shards / "tokenizer.model")
    for file in sorted(bundled_recipe()[1].glob("*.jsonl.xz")):
        texts = [document.text for document in read_documents(file)]
        assert processor.decode(processor.encode(texts, num_threads=1)) == texts, file.name


@given(st.text().filter(lambda text: "\u2581" not in text))
def test_any_text_comes_back_from_its_tokens(shards, text):
    processor = load_tokenizer(shards / "tokenizer.model")
    assert processor.decode(processor.encode(text)) == text
