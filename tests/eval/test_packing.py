"""Rows hold every text once, share nothing that is scored, and are nearly full."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.lm.packing import Row, fill, pack, row_lengths
from eval.lm.trees import Text, Tree, cut_left, grow_trees


@st.composite
def texts(draw: st.DrawFn) -> list[Text]:
    """Neighbours that often begin alike, of at most 12 tokens."""
    made = []
    for _ in range(draw(st.integers(0, 12))):
        before = made[-1].tokens[: draw(st.integers(0, 8))] if made else []
        tokens = before + draw(st.lists(st.integers(0, 3), min_size=2 - min(len(before), 1), max_size=4))
        made.append(Text(tokens, draw(st.integers(0, len(tokens) - 1))))
    return made


@given(texts(), st.sampled_from([12, 16, 64]))
def test_trees_hold_every_scored_text_once_and_share_what_is_alike_and_not_scored(
    made: list[Text], largest: int
) -> None:
    trees = grow_trees(made, largest=largest)
    assert [number for tree in trees for number in tree.texts] == [n for n, text in enumerate(made) if text.scored]
    for tree in trees:
        own = [made[number] for number in tree.texts]
        assert len({tuple(text.tokens[: tree.shared]) for text in own}) == 1
        assert all(tree.shared <= text.asked for text in own)
        tokens = tree.shared + sum(len(text.tokens) - 1 - tree.shared for text in own)
        assert tree.size == max(tokens, sum(text.scored for text in own)) <= largest


def test_the_choices_of_a_question_share_it_and_questions_do_not_chain() -> None:
    eos, choices = 1, [[7], [8, 9], [7, 8]]
    first, second = [eos, *range(10, 20)], [eos, *range(30, 40)]
    made = [Text(question + choice, len(choice)) for question in (first, second) for choice in choices]
    assert grow_trees(made, largest=256) == [Tree(11, [0, 1, 2], 13), Tree(11, [3, 4, 5], 13)]
    assert [tree.shared for tree in grow_trees(made, largest=256, share=False)] == [0] * 6


def test_examples_before_all_questions_are_shared_by_all() -> None:
    examples = list(range(100))
    made = [Text([*examples, question, choice], 1) for question in (200, 201) for choice in (1, 2)]
    assert grow_trees(made, largest=256) == [Tree(100, [0, 1, 2, 3], 104)]


def test_a_tree_that_no_row_holds_becomes_several_that_each_begin_alike() -> None:
    made = [Text([*range(10), choice, choice], 2) for choice in range(20, 25)]
    assert grow_trees(made, largest=12) == [Tree(10, [0, 1], 12), Tree(10, [2, 3], 12), Tree(10, [4], 11)]


def test_more_predictions_than_tokens_take_the_room_of_predictions() -> None:
    made = [Text([5, choice], 1) for choice in range(6)]
    assert [tree.size for tree in grow_trees(made, largest=4)] == [1] * 6
    made = [Text([5, 6, choice], 1) for choice in range(6)]
    assert [(tree.texts, tree.size) for tree in grow_trees(made, largest=4)] == [([0, 1, 2, 3], 4), ([4, 5], 2)]


@given(st.lists(st.integers(1, 40)))
def test_rows_hold_every_size_once_and_no_two_would_fit_one(sizes: list[int]) -> None:
    rows = pack(sizes, [40])
    assert sorted(number for row in rows for number in row.members) == list(range(len(sizes)))
    filled = sorted(sum(sizes[number] for number in row.members) for row in rows)
    assert not filled or filled[-1] <= 40
    assert len(filled) < 2 or filled[0] + filled[1] > 40


def test_small_sizes_fill_what_large_ones_leave_of_longer_rows() -> None:
    assert pack([10, 60, 4, 9], [10, 80]) == [Row(80, [1, 0, 3]), Row(10, [2])]


@pytest.mark.parametrize(
    ("context_tokens", "lengths"),
    [(32, [256]), (256, [256]), (300, [256, 384]), (512, [256, 512]), (8_192, [256, 1_024, 4_096, 8_192])],
)
def test_a_context_has_few_row_lengths_and_the_last_holds_any_text(context_tokens: int, lengths: list[int]) -> None:
    assert row_lengths(context_tokens) == lengths


@pytest.mark.parametrize(
    ("scored", "cut"),
    [(1, Text([2, 3, 4, 5, 6], 1)), (4, Text([2, 3, 4, 5, 6], 4)), (6, Text([2, 3, 4, 5, 6], 4))],
)
def test_a_text_too_long_loses_its_beginning(scored: int, cut: Text) -> None:
    assert cut_left(Text([0, 1, 2, 3, 4, 5, 6], scored), context_tokens=4) == cut
    assert cut_left(cut, context_tokens=4) == cut


def test_a_batch_says_where_every_token_stands_and_from_where_it_is_predicted() -> None:
    made = [Text([5, 6, 7, 8], 2), Text([5, 6, 9], 1), Text([3, 4], 1)]
    batch = fill(made, [[Tree(2, [0, 1], 3)], [Tree(0, [2], 1)]], shape=(4, 4), devices=2)
    # Rows are dealt out to the devices in turn; each device has two.
    np.testing.assert_array_equal(batch.tokens, [[5, 6, 7, 0], [0] * 4, [3, 0, 0, 0], [0] * 4])
    np.testing.assert_array_equal(batch.position, [[0, 1, 2, 0], [0] * 4, [0] * 4, [0] * 4])
    np.testing.assert_array_equal(batch.item, [[0, 0, 0, -1], [-1] * 4, [0, -1, -1, -1], [-1] * 4])
    np.testing.assert_array_equal(batch.branch, [[0, 0, 1, 0], [0] * 4, [1, 0, 0, 0], [0] * 4])
    np.testing.assert_array_equal(batch.count, [3, 1])
    np.testing.assert_array_equal(batch.place[0, :3], [1, 2, 1])
    np.testing.assert_array_equal(batch.target[0, :3], [7, 8, 9])
    assert (batch.place[2, 0], batch.target[2, 0]) == (0, 4)
    assert [(span.text, span.start, span.stop) for span in batch.spans] == [(0, 0, 2), (1, 2, 3), (2, 8, 9)]
