"""A tokenizer of few words, for the tests that draw their texts from WORDS."""

import random
from pathlib import Path

import pytest
from preparing import WORDS

from train.prepare.tokenizer import train_tokenizer


@pytest.fixture(scope="session")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its model file."""
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.model"
    path.write_bytes(train_tokenizer([" ".join(random.Random(0).choices(WORDS, k=2_000))], vocab_size=270))
    return path
