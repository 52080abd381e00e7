"""From documents to rows: no token lost, no fact on both sides, the same bytes every time."""

import collections

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mixsched
from mixsched.shards import read_manifest
from train.corpora.document import read_documents
from train.prepare.corpus import prepare, read_corpus
from train.prepare.pack import pack
from train.prepare.split import HELDOUT_SHARE, is_heldout
from train.prepare.tokenizer import load_tokenizer

EOS = 1


@given(st.lists(st.lists(st.integers(2, 500), max_size=40), min_size=1, max_size=12), st.integers(1, 16))
def test_every_token_of_the_documents_is_a_target_exactly_once(documents, context_tokens):
    """The targets of all rows, in order, are the documents with an EOS after each, and EOS as filling."""
    rows = list(pack(documents, context_tokens=context_tokens, eos_id=EOS, dtype="uint16"))
    stream = [token for document in documents for token in [*document, EOS]]
    targets = np.concatenate([row[1:] for row in rows]).tolist()
    assert targets[: len(stream)] == stream
    assert set(targets[len(stream) :]) <= {EOS}
    assert len(targets) - len(stream) < context_tokens
    inputs = np.concatenate([row[:-1] for row in rows]).tolist()
    assert inputs == [EOS, *targets[:-1]]


def test_rows_decode_to_the_documents_byte_for_byte(corpus, shards):
    processor = load_tokenizer(shards / "tokenizer.model")
    for part, documents in zip(("", "heldout"), read_corpus(corpus), strict=True):
        for source, held in documents.items():
            rows = mixsched.open_rows(shards / source / part)
            targets = rows.__getitems__(range(len(rows)))[:, 1:].reshape(-1)
            pieces = np.split(targets, np.flatnonzero(targets == EOS) + 1)
            texts = [processor.decode(piece[:-1].tolist()) for piece in pieces if len(piece) > 1]
            assert texts == [document.text for document in held]


def test_manifest_counts_what_was_packed(corpus, shards):
    training, _ = read_corpus(corpus)
    for source, documents in training.items():
        manifest = read_manifest(shards / source)
        assert manifest.documents == len(documents)
        assert manifest.text_bytes == sum(len(document.text.encode()) for document in documents)
        assert manifest.rows == -(-manifest.tokens // 32)
        assert manifest.licences == collections.Counter(document.licence for document in documents)
        assert manifest.dropped == {}


def test_no_subject_is_both_trained_on_and_held_out(corpus):
    training, heldout = read_corpus(corpus)
    sides = [{document.group for held in part.values() for document in held} for part in (training, heldout)]
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


def test_preparing_twice_gives_the_same_bytes(corpus, shards, tmp_path):
    prepare(corpus, tmp_path / "again", vocab_size=640, context_tokens=32, say=lambda _: None)
    for path in sorted(shards.rglob("*")):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "again" / path.relative_to(shards)).read_bytes(), path


def test_a_document_that_the_tokenizer_cannot_give_back_is_dropped_and_counted(corpus, tmp_path):
    text = (corpus / "text.jsonl").read_text()
    changed = tmp_path / "corpus"
    changed.mkdir()
    for file in corpus.iterdir():
        (changed / file.name).write_text(file.read_text())
    # SentencePiece writes a space as U+2581, so a document that holds one comes back with a space instead.
    (changed / "text.jsonl").write_text(
        text + '{"text": "a \\u2581 b", "source": "text", "origin": "here", "licence": "CC0-1.0", "group": "kept"}\n'
    )
    prepare(changed, tmp_path / "out", vocab_size=640, context_tokens=32, say=lambda _: None)
    assert read_manifest(tmp_path / "out" / "text").dropped == {"does not decode to itself": 1}
