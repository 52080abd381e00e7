"""What a judge is shown, and that its verdict is read strictly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.judge.pairs import Pair
from eval.judge.prompt import both_orders, question_text, read_verdict

VERDICTS = {"[[A]]": "first", "[[B]]": "second", "[[C]]": "tie"}


@pytest.mark.parametrize(("form", "verdict"), VERDICTS.items())
@pytest.mark.parametrize("reply", ["{}", "Because.\n{}", "[[B]] it is, or\n\n  {}  \n\n", "a\r\n{}\r\n"])
def test_a_verdict_alone_on_the_last_line_is_read(reply, form, verdict):
    assert read_verdict(reply.format(form)) == verdict


@pytest.mark.parametrize(
    "reply",
    ["", "  \n ", "A", "[A]", "[[a]]", "[[D]]", "[[AB]]", "**[[A]]**", "Verdict: [[A]]", "[[A]].", "[[A]]\nThat.",
     "[[A]] [[B]]", "[[ A ]]"],
)  # fmt: skip
def test_anything_else_is_unparsed(reply):
    assert read_verdict(reply) == "unparsed"


@given(st.text())
def test_only_the_three_forms_are_verdicts(reply):
    lines = reply.strip().splitlines()
    expected = VERDICTS.get(lines[-1].strip(), "unparsed") if lines else "unparsed"
    assert read_verdict(reply) == expected


def test_braces_in_answers_stay_what_they_are():
    text = question_text(instruction="{first}", first="{second} {0}", second="f'{x}'")
    assert "<instruction>\n{first}\n</instruction>" in text
    assert "<answer_a>\n{second} {0}\n</answer_a>" in text
    assert "<answer_b>\nf'{x}'\n</answer_b>" in text


def questions(**changes):
    given = {"endpoint": "http://x/v1", "model": "m", "max_tokens": 9}
    pair = {"prompt": "Why?", "answer_a": "a", "answer_b": "b", "cluster": "0", "item": "0"}
    pair |= {name: changes.pop(name) for name in list(changes) if name in pair}
    return both_orders(Pair(**pair), **(given | changes))


def test_the_two_orders_are_two_questions():
    first, second = questions()
    assert first.user.index("\na\n") < first.user.index("\nb\n")
    assert second.user.index("\nb\n") < second.user.index("\na\n")
    assert first.key != second.key


@pytest.mark.parametrize(
    "change",
    [{"endpoint": "http://y/v1"}, {"model": "n"}, {"max_tokens": 8}, {"prompt": "How?"}, {"answer_a": "c"}],
)
def test_a_key_names_all_that_a_reply_depends_on(change):
    assert questions(**change)[0].key != questions()[0].key


def test_a_key_does_not_name_what_a_reply_does_not_depend_on():
    assert questions(item="1", cluster="1")[0].key == questions()[0].key
    assert questions(answer_a="b", answer_b="a")[0].key == questions()[1].key
