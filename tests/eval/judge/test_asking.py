"""Asking a real server that fails in all the ways that servers do: no question is lost, none is asked twice."""

import email.utils
import socket
import threading
import time
from collections import Counter

import pytest

from eval.judge.endpoint import Manner, Patience
from eval.judge.llm import judge_by_llm
from eval.judge.pairs import Pair
from mixsched.errors import UsageError

QUICK = Patience(first_wait_s=0.01, longest_wait_s=0.02, give_up_after_s=5)
PAIRS = [Pair(f"item{n}", f"Tell me of {n}.", "long" * (n + 1), "short", cluster=str(n)) for n in range(8)]


def ask(server, cache, *, pairs=PAIRS, concurrency=4, patience=QUICK, model="rule"):
    manner = Manner(concurrency=concurrency, patience=patience)
    names = {"judge": f"openai:{model}", "model": model}
    return judge_by_llm(pairs, server.endpoint, cache / "rule.jsonl", manner, **names, watch=lambda *_: None)


def outcomes(judgements) -> list[str]:
    return [each.outcome for each in judgements]


def test_both_orders_of_every_pair_are_asked_once_at_temperature_0_with_the_key(server, tmp_path):
    judgements, spent = ask(server, tmp_path)
    assert outcomes(judgements) == ["b"] + ["a"] * 7
    assert all(count == 1 for count in Counter(server.answered).values())
    assert set(server.answered) == {
        (pair.prompt, *shown)
        for pair in PAIRS
        for shown in ((pair.answer_a, pair.answer_b), (pair.answer_b, pair.answer_a))
    }
    assert {(asked["temperature"], asked["max_tokens"], asked["model"]) for asked in server.requests} == {
        (0, 512, "rule")
    }
    assert set(server.keys) == {"Bearer sk-secret"}
    assert (spent.new.replies, spent.new.tokens_in, spent.new.tokens_out) == (16, 1_600, 80)
    assert "sk-secret" not in (tmp_path / "rule.jsonl").read_text()


def test_identical_answers_are_not_asked_about(server, tmp_path):
    judgements, spent = ask(server, tmp_path, pairs=[Pair("same", "Why?", "So.", "So.", "same")])
    assert outcomes(judgements) == ["tie"]
    assert not server.requests
    assert spent.all.replies == 0


def test_what_was_answered_is_not_asked_again_nor_with_the_runs_swapped(server, tmp_path):
    ask(server, tmp_path)
    before = len(server.requests)
    swapped = [Pair(pair.item, pair.prompt, pair.answer_b, pair.answer_a, pair.cluster) for pair in PAIRS]
    judgements, spent = ask(server, tmp_path, pairs=swapped)
    assert outcomes(judgements) == ["a"] + ["b"] * 7
    assert len(server.requests) == before
    assert (spent.all.replies, spent.new.replies) == (16, 0)


def test_another_model_is_asked_anew(server, tmp_path):
    ask(server, tmp_path, pairs=PAIRS[:1])
    ask(server, tmp_path, pairs=PAIRS[:1], model="other")
    assert len(server.requests) == 4


def test_questions_that_are_equal_are_asked_once(server, tmp_path):
    twin = Pair("twin", PAIRS[0].prompt, PAIRS[0].answer_a, PAIRS[0].answer_b, "twin")
    judgements, _ = ask(server, tmp_path, pairs=[PAIRS[0], twin])
    assert outcomes(judgements) == ["b", "b"]
    assert len(server.requests) == 2


def test_as_many_requests_are_on_their_way_as_asked_for(server, tmp_path):
    server.delay_s = 0.05
    ask(server, tmp_path, concurrency=3)
    assert server.most_open == 3


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
def test_passing_failures_are_tried_again(server, failure, tmp_path, status):
    server.failures.extend([failure(status)] * 5)
    judgements, _ = ask(server, tmp_path)
    assert outcomes(judgements) == ["b"] + ["a"] * 7
    assert len(server.requests) == 16 + 5


def test_the_wait_that_a_server_asks_for_is_kept(server, failure, tmp_path):
    server.failures.append(failure(429, retry_after="0.3"))
    ask(server, tmp_path, pairs=PAIRS[:1])
    assert server.times[1] - server.times[0] >= 0.3


def test_a_date_is_a_wait_too(server, failure, tmp_path):
    server.failures.append(failure(503, retry_after=email.utils.formatdate(time.time() + 2, usegmt=True)))
    ask(server, tmp_path, pairs=PAIRS[:1])
    # Dates have whole seconds.
    assert server.times[1] - server.times[0] >= 0.9


def test_a_server_that_asks_for_more_than_patience_has_ends_it_at_once(server, failure, tmp_path):
    server.failures.append(failure(429, retry_after="3600"))
    with pytest.raises(UsageError, match=r"0 of 16 questions are answered and kept: give the same command again later"):
        ask(server, tmp_path)
    assert len(server.requests) == 1


def test_a_slow_answer_is_asked_for_again(server, failure, tmp_path):
    server.failures.append(failure(delay_s=1.0))
    judgements, _ = ask(server, tmp_path, pairs=PAIRS[:1], patience=Patience(0.01, 0.02, 5, timeout_s=0.3))
    assert outcomes(judgements) == ["b"]
    assert len(server.requests) == 3


def test_a_server_that_is_down_for_a_while_is_waited_for(make_server, tmp_path):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    up = threading.Timer(0.3, lambda: make_server(port))
    up.start()
    judgements, _ = ask(make_server.at(port), tmp_path)
    up.join()
    assert outcomes(judgements) == ["b"] + ["a"] * 7


def test_a_server_that_stays_down_is_given_up_and_asked_only_the_rest_later(server, failure, tmp_path):
    server.failure_of = lambda instruction, *_: failure(503) if instruction == PAIRS[7].prompt else None
    with pytest.raises(UsageError, match=r"told to fail\); 14 of 16 questions are answered and kept") as stop:
        ask(server, tmp_path, concurrency=1, patience=Patience(0.01, 0.02, 0.2))
    assert "\n" not in str(stop.value)
    assert "sk-secret" not in str(stop.value)
    server.failure_of = lambda *_: None
    judgements, spent = ask(server, tmp_path)
    assert outcomes(judgements) == ["b"] + ["a"] * 7
    assert spent.new.replies == 2
    assert all(count == 1 for count in Counter(server.answered).values())


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, None, "refuses the key in OPENAI_API_KEY"),
        (403, None, "refuses the key in OPENAI_API_KEY"),
        (404, None, "knows no model 'rule'"),
        (400, None, "does not take the questions to 'rule'"),
        (405, None, "check `--base-url`"),
        (429, "insufficient_quota", "is used up"),
    ],
)
def test_what_no_waiting_mends_is_said_after_one_request(server, failure, tmp_path, status, code, words):
    body = f'{{"error": {{"message": "no, sir.", "code": {"null" if code is None else repr(code)}}}}}'.replace("'", '"')
    server.failure_of = lambda *_: failure(status, body)
    with pytest.raises(UsageError, match=words) as stop:
        ask(server, tmp_path)
    assert f"status {status}: no, sir)" in str(stop.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "body", ["<html>hello</html>", "[]", "{}", '{"choices": []}', '{"choices": [{"message": {"content": 7}}]}']
)
def test_an_address_that_is_no_chat_endpoint_is_said_after_one_request(server, failure, tmp_path, body):
    server.failures.append(failure(200, body))
    with pytest.raises(UsageError, match=r"no chat completion: .*check `--base-url`"):
        ask(server, tmp_path)
    assert len(server.requests) == 1


def test_one_question_that_is_refused_among_others_is_unparsed_and_may_be_asked_again(server, failure, tmp_path):
    server.failure_of = lambda instruction, *_: failure(400) if instruction == PAIRS[3].prompt else None
    judgements, _ = ask(server, tmp_path)
    assert outcomes(judgements) == ["b", "a", "a", "unparsed", "a", "a", "a", "a"]
    assert judgements[3].replies[0].finish == "refused"
    assert "told to fail" in judgements[3].replies[0].text
    server.failure_of = lambda *_: None
    judgements, spent = ask(server, tmp_path)
    assert outcomes(judgements)[3] == "a"
    assert spent.new.replies == 2


def test_replies_without_a_verdict_are_unparsed_and_kept_word_for_word(server, tmp_path):
    server.rule = lambda instruction, first, second: "I like [[A]] best, \ud83d and B too."
    judgements, _ = ask(server, tmp_path)
    assert set(outcomes(judgements)) == {"unparsed"}
    assert {reply.text for each in judgements for reply in each.replies} == {"I like [[A]] best, \ud83d and B too."}
    again, _ = ask(server, tmp_path)
    assert again == judgements
    assert len(server.requests) == 16


def test_an_endpoint_that_counts_no_tokens_is_no_trouble(server, tmp_path):
    server.usage = None
    _, spent = ask(server, tmp_path)
    assert (spent.all.untold, spent.all.tokens_in) == (16, 0)
