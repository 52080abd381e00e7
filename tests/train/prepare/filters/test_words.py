"""Hashes of words and of runs of words."""

import re
import string

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from train.prepare.filters.words import folded_word_hashes, run_hashes, word_hashes

TEXTS = st.text(
    st.sampled_from("abAB \n\t.,-'\x00\x1c\u3000\u3001\u00e9\u00c9\u0130\U0001f600\u2028\ud800"), max_size=60
)


def same_partition(left: list, right: list) -> bool:
    """Whether both lists have equal entries at the same places."""
    return [left.index(entry) for entry in left] == [right.index(entry) for entry in right]


@given(TEXTS)
def test_two_words_have_one_hash_if_python_calls_them_equal(text: str) -> None:
    assert same_partition(word_hashes(text).tolist(), text.split())


@given(TEXTS)
def test_folded_words_are_those_without_capitals_and_punctuation(text: str) -> None:
    letters = "".join(c for c in text.replace("\u0130", "i").lower() if c.isalnum() or c.isspace())
    assert same_partition(folded_word_hashes(text).tolist(), letters.split())


def test_ascii_and_other_texts_hash_the_same_word_alike() -> None:
    assert word_hashes("word").tolist() == word_hashes("\u00e9 word").tolist()[1:]
    assert folded_word_hashes("Word").tolist() == folded_word_hashes("\u00e9 word\u201d").tolist()[1:]


def test_a_long_text_hashes_like_its_words_alone() -> None:
    words = [f"word{number}" * (number % 7) or "x" for number in range(30_000)] + ["y" * 100_000, "z"]
    one_by_one = np.concatenate([word_hashes(word) for word in words[:300] + words[-2:]])
    together = word_hashes("\n".join(words))
    assert len(together) == len(words)
    assert np.concatenate([together[:300], together[-2:]]).tolist() == one_by_one.tolist()


def test_short_words_have_hashes_of_their_own_that_fill_64_bits() -> None:
    letters = string.ascii_letters + string.digits + string.punctuation
    words = [a + b + c for a in ["", *letters] for b in ["", *letters] for c in letters[::7]]
    hashes = word_hashes(" ".join(words))
    assert len(np.unique(hashes)) == len(set(words))
    bits = (hashes[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 5 * 0.5 / len(hashes) ** 0.5


def test_hashes_are_the_same_in_every_version() -> None:
    assert word_hashes("To be").tolist() == [2547351713329997945, 3801981351642875765]
    assert folded_word_hashes("To be").tolist() == [4210816948500699716, 7402087328686991915]


def test_a_run_is_as_many_words_in_their_order() -> None:
    words = word_hashes("a b a b a c")
    runs = {length: hashes.tolist() for length, hashes in run_hashes(words, (2, 3, 9))}
    assert [len(hashes) for hashes in runs.values()] == [5, 4, 0]
    assert same_partition(runs[2], ["ab", "ba", "ab", "ba", "ac"])
    assert same_partition(runs[3], ["aba", "bab", "aba", "bac"])


def test_runs_of_another_length_have_other_hashes() -> None:
    text = " ".join(re.findall(r".", string.ascii_letters))
    found = [hashes.copy() for _, hashes in run_hashes(word_hashes(text), range(1, 14))]
    assert len(np.unique(np.concatenate(found))) == sum(map(len, found))
