"""Scores of items: lm-eval's own where it has them, chance for a model that knows nothing."""

import json

import jax
import numpy as np
import pytest
import sentencepiece
from random_items import CHOICE_TASKS, choice_records

from eval.answer_items import choice_item
from eval.asking import Asking
from eval.lm.model import RunLM
from eval.loading import load_tasks
from eval.questions import questions_of, settings_of
from eval.statistics import estimate
from eval.task_answers import ask
from mixsched.errors import UsageError
from model.config import ModelConfig
from model.sharding import data_mesh
from model.transformer import Transformer

CONFIG = ModelConfig(vocab_size=640, context_tokens=64, width=32, layers=1, heads=2, hidden=32)


def tasks_with(folder, names, count):
    for name in names:
        lines = (json.dumps(record) + "\n" for record in choice_records(name, count))
        (folder / f"{name}.jsonl").write_text("".join(lines))
    tasks, skipped = load_tasks(names, data=folder)
    assert not skipped
    return tasks


def answered_by_chance(task):
    """The questions of a task with random likelihoods, one in four of them what greedy decoding would write."""
    questions = questions_of(task, Asking())
    rng = np.random.default_rng(1)
    for question in questions:
        for request in question.requests:
            request.resps = [(-20 * float(rng.random()), bool(rng.random() < 0.25))]
    task.apply_filters()
    return questions


@pytest.mark.parametrize("name", CHOICE_TASKS)
def test_scores_are_those_that_lm_eval_gives_in_the_metrics_it_has(name, tmp_path):
    (task,) = tasks_with(tmp_path, [name], 40).values()
    for question in answered_by_chance(task):
        item = choice_item(task, question)
        theirs = task.process_results(question.doc, [request.resps[0] for request in question.requests])
        shared = set(theirs) & set(item.scores)
        assert "acc" in shared
        assert {metric: item.scores[metric] for metric in shared} == {metric: theirs[metric] for metric in shared}
        assert item.gold is not None
        assert item.choices is not None
        assert item.loglikelihoods is not None
        bits, size = item.scores["bits_per_byte"]
        assert bits == pytest.approx(-item.loglikelihoods[item.gold] / np.log(2))
        assert size == len(item.choices[item.gold].encode())


def test_every_choice_task_has_all_four_metrics_and_a_chance_level(tmp_path):
    levels = {"boolq": 1 / 2, "cb": 1 / 3, "hellaswag": 1 / 4}
    for name, task in tasks_with(tmp_path, list(levels), 12).items():
        answers = ask(task, questions_of(task, Asking()), {}, model_that_knows_nothing(tmp_path), watch=lambda *_: None)
        assert {"acc", "acc_norm", "exact_match", "bits_per_byte"} <= set(answers.record.metrics)
        assert answers.record.metrics["acc"].chance == pytest.approx(levels[name])
        assert answers.record.headline == "acc"


def test_a_model_that_knows_nothing_is_at_chance_on_every_choice_task(tmp_path):
    lm = model_that_knows_nothing(tmp_path)
    for name, task in tasks_with(tmp_path, list(CHOICE_TASKS), 300).items():
        answers = ask(task, questions_of(task, Asking()), {}, lm, watch=lambda *_: None)
        for metric in {"acc", "acc_norm"} & set(answers.record.metrics):
            told, chance = estimate(answers, metric), answers.record.metrics[metric].chance
            assert told.stderr is not None
            assert chance is not None
            assert abs(told.value - chance) < 4 * told.stderr, (name, metric, told)


def model_that_knows_nothing(folder) -> RunLM:
    """A model as it was drawn, with a tokenizer of single characters."""
    path = folder / "characters"
    sentencepiece.SentencePieceTrainer.Train(
        sentence_iterator=iter(["the quick brown fox jumps over the lazy dog"] * 20),
        model_prefix=str(path), model_type="char", vocab_size=40, hard_vocab_limit=False, byte_fallback=False,
        add_dummy_prefix=False, normalization_rule_name="identity", minloglevel=2,
    )  # fmt: skip
    tokenizer = sentencepiece.SentencePieceProcessor(model_file=f"{path}.model")
    return RunLM(Transformer(CONFIG, key=jax.random.key(3)), tokenizer, mesh=data_mesh())


def test_an_item_without_a_right_answer_is_named(tmp_path):
    (task,) = tasks_with(tmp_path, ["piqa"], 3).values()
    question = answered_by_chance(task)[1]
    question.doc["label"] = -1
    with pytest.raises(UsageError, match="item 1 of `piqa` has no right answer"):
        choice_item(task, question)


def test_settings_tell_apart_what_was_asked_otherwise(tmp_path):
    (task,) = tasks_with(tmp_path, ["piqa"], 5).values()
    few = settings_of(task, questions_of(task, Asking(limit=3)), Asking(limit=3))
    whole = settings_of(task, questions_of(task, Asking()), Asking())
    assert (few["items"], whole["items"], whole["shots"]) == (3, 5, 0)
    assert few["asked"] != whole["asked"]
    assert settings_of(task, questions_of(task, Asking()), Asking(seed=1)) == whole
