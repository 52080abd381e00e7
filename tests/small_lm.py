"""A small model with tokenizers of its own, as lm-eval asks it, and what it must say by a plain forward pass."""

import dataclasses
import io

import equinox as eqx
import jax
import numpy as np
import sentencepiece
from lm_eval.api.instance import Instance

from eval.lm.model import RunLM
from model.config import ModelConfig
from model.sharding import device_mesh
from model.transformer import Transformer

CONTEXT = 48
SENTENCES = [
    "the cat sat on the mat, and the dog ran.",
    "def add(one, other):\n    return one + other\n",
    "  indented   text, with   spaces \n\n and lines",
    "a red house; a blue house; the end of the house",
]


def train_tokenizer(**settings) -> sentencepiece.SentencePieceProcessor:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES * 20),
        model_writer=model,
        vocab_size=340,
        model_type="bpe",
        byte_fallback=True,
        unk_id=0,
        eos_id=1,
        bos_id=-1,
        minloglevel=2,
        **settings,
    )
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


EXACT = train_tokenizer(
    add_dummy_prefix=False, normalization_rule_name="identity", remove_extra_whitespaces=False, split_by_whitespace=True
)
# What SentencePiece makes of text unless it is told otherwise.
USUAL = train_tokenizer()
EOS = EXACT.eos_id()


def a_model(**changes) -> Transformer:
    config = ModelConfig(vocab_size=340, context_tokens=CONTEXT, width=32, layers=2, heads=2, hidden=48)
    model = Transformer(dataclasses.replace(config, **changes), key=jax.random.key(0))
    model = eqx.tree_at(lambda model: model.embedding, model, 20 * model.embedding)
    return eqx.tree_at(lambda model: model.blocks, model, jax.tree.map(lambda weights: 2 * weights, model.blocks))


MODEL = a_model()


def an_lm(model: Transformer = MODEL, tokenizer=EXACT, **settings) -> RunLM:
    return RunLM(model, tokenizer, mesh=device_mesh(jax.devices()[:1]), **settings)


LM = an_lm()


@jax.jit
def log_probabilities(tokens: jax.Array) -> jax.Array:
    return jax.nn.log_softmax(MODEL.logits(MODEL(tokens)))[0]


def direct(before: list[int], scored: list[int]) -> float:
    """Log-probability of tokens after others, read alone."""
    tokens = [*before, *scored]
    padded = np.zeros(CONTEXT, np.int32)
    padded[: len(tokens) - 1] = tokens[:-1]
    rows = np.asarray(log_probabilities(padded[None]))
    return float(sum(rows[len(before) - 1 + number, token] for number, token in enumerate(scored)))


def likelihoods(pairs: list[tuple[str, str]], lm: RunLM = LM) -> list[tuple[float, bool]]:
    return lm.loglikelihood([Instance("loglikelihood", {}, pair, 0) for pair in pairs])


def rolling(texts: list[str], lm: RunLM = LM) -> list[float]:
    return lm.loglikelihood_rolling([Instance("loglikelihood_rolling", {}, (text,), 0) for text in texts])


def generated(contexts: list[str], lm: RunLM = LM, **asked) -> list[str]:
    return lm.generate_until([Instance("generate_until", {}, (context, asked), 0) for context in contexts])


def without_cache(context: str, count: int) -> list[int]:
    tokens = [EOS, *EXACT.encode(context)]
    before = len(tokens)
    while len(tokens) < before + count:
        padded = np.zeros(CONTEXT, np.int32)
        padded[: len(tokens)] = tokens
        tokens.append(int(log_probabilities(padded[None])[len(tokens) - 1].argmax()))
    return tokens[before:]
