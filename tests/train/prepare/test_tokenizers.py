"""Tokenizers of others: their rows decode to the documents too, or what they change is dropped, or kept on request."""

import io
import json

import pytest
import sentencepiece
from preparing import prepared_recipe

import mixsched
from mixsched.errors import UsageError
from mixsched.shards import read_manifest
from train.prepare.tokenizer import load_tokenizer, read_tokenizer

TEXTS = [f"Document {each},  of  Many:\n\tindented Ünïcode {each % 7}" for each in range(300)]


@pytest.fixture
def model(tmp_path):
    """Trains a SentencePiece model in a way that is not ours; returns its file."""

    def make(**options):
        written = io.BytesIO()
        fixed = {"model_writer": written, "minloglevel": 2, "hard_vocab_limit": False, "vocab_size": 400}
        sentencepiece.SentencePieceTrainer.Train(sentence_iterator=iter(TEXTS), **{**fixed, **options})
        path = tmp_path / "tokenizer.model"
        path.write_bytes(written.getvalue())
        return path

    return make


def prepare(tmp_path, model, **tokenizer):
    lines = (json.dumps({"text": text}) + "\n" for text in TEXTS)
    (tmp_path / "a.jsonl").write_text("".join(lines))
    source = {"inputs": [{"reader": "jsonl", "files": ["a.jsonl"]}], "heldout_share": 0.0}
    tables = {"sources": {"only": source}, "tokenizer": {"model": str(model), **tokenizer}}
    return prepared_recipe(tables, tmp_path, tmp_path / "out") / "only"


def test_a_unigram_model_that_changes_nothing_gives_the_documents_back(tmp_path, model):
    """As Llama's: a space before the text, byte fallback, no other normalisation."""
    file = model(
        model_type="unigram", byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False
    )
    assert not read_tokenizer(file).is_exact
    rows = mixsched.open_rows(prepare(tmp_path, file))
    assert rows.manifest.documents == len(TEXTS)
    assert rows.manifest.dropped == {}
    targets = rows.__getitems__(range(len(rows)))[:, 1:].reshape(-1).tolist()
    texts, ids = [], []
    for token in targets[: rows.manifest.tokens]:
        if token == rows.manifest.eos_id:
            texts.append(load_tokenizer(file).decode(ids))
            ids = []
        else:
            ids.append(token)
    assert sorted(texts) == sorted(TEXTS)


def test_documents_that_a_model_changes_are_kept_on_request(tmp_path, model):
    file = model(normalization_rule_name="nmt_nfkc_cf")
    manifest = read_manifest(prepare(tmp_path, file, keep_changed=True))
    assert manifest.documents == len(TEXTS)


def test_documents_that_a_model_changes_are_dropped_otherwise(tmp_path, model):
    file = model(normalization_rule_name="nmt_nfkc_cf")
    with pytest.raises(UsageError, match=r"gives back none of the train documents .*`keep_changed = true`"):
        prepare(tmp_path, file)


def test_a_model_without_an_end_of_text_is_refused(tmp_path, model):
    with pytest.raises(UsageError, match=r"has no token for the end of a text"):
        prepare(tmp_path, model(eos_id=-1))


def test_the_text_of_a_control_token_is_no_control_token(shards):
    processor = load_tokenizer(shards / "tokenizer.model")
    for text in ("</s>", "<unk>", "a </s> b", "<0x0A>"):
        ids = processor.encode(text)
        assert processor.eos_id() not in ids
        assert processor.decode(ids) == text


def test_our_own_models_are_known_to_be_exact(shards):
    assert read_tokenizer(shards / "tokenizer.model").is_exact
