"""Scores of items: lm-eval's own where it has them, chance for a model that knows nothing."""

import dataclasses
import importlib.util
import json

import datasets
import jax
import numpy as np
import pytest
import sentencepiece
from lm_eval.api.instance import Instance
from lm_eval.api.task import ConfigurableTask
from random_items import CHOICE_TASKS, choice_records

from eval.answer_items import choice_item, other_item
from eval.asking import Asking
from eval.items import Item
from eval.lm.model import RunLM
from eval.loading import load_tasks
from eval.metrics import metrics_of
from eval.questions import Question, questions_of, settings_of
from eval.statistics import estimate
from eval.task_answers import ask
from mixsched.errors import UsageError
from model.config import ModelConfig
from model.sharding import device_mesh
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


def test_with_several_right_choices_guessing_finds_one_more_often():
    item = Item("0", "", ["a", "b"], {"acc": 1.0}, choices=["a", "b", "c", "d"], gold=0)
    single = dataclasses.replace(item, target="a")
    (task,) = load_tasks(["nano_kinds"], data=None)[0].values()
    assert metrics_of(task, "choice", [item, single])["acc"].chance == pytest.approx((1 / 2 + 1 / 4) / 2)


def model_that_knows_nothing(folder) -> RunLM:
    """A model as it was drawn, with a tokenizer of single characters."""
    path = folder / "characters"
    sentencepiece.SentencePieceTrainer.Train(
        sentence_iterator=iter(["the quick brown fox jumps over the lazy dog"] * 20),
        model_prefix=str(path), model_type="char", vocab_size=40, hard_vocab_limit=False, byte_fallback=False,
        add_dummy_prefix=False, normalization_rule_name="identity", minloglevel=2,
    )  # fmt: skip
    tokenizer = sentencepiece.SentencePieceProcessor(model_file=f"{path}.model")
    return RunLM(Transformer(CONFIG, key=jax.random.key(3)), tokenizer, mesh=device_mesh())


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


def settings_now(task) -> dict:
    return settings_of(task, questions_of(task, Asking()), Asking())


def test_settings_tell_apart_answers_that_are_held_against_something_else(tmp_path):
    (task,) = tasks_with(tmp_path, ["winogrande"], 4).values()
    before = settings_now(task)
    task.dataset["validation"] = task.dataset["validation"].map(lambda doc: {"answer": str(3 - int(doc["answer"]))})
    assert settings_now(task)["asked"] != before["asked"]
    (functions,) = load_tasks(["nano_functions"], data=None)[0].values()
    before = settings_now(functions)
    functions.dataset["test"] = functions.dataset["test"].map(lambda doc: {"tests": doc["tests"][:1]})
    assert settings_now(functions)["asked"] != before["asked"]


def test_settings_tell_apart_other_definitions_of_the_same_requests(tmp_path):
    (task,) = tasks_with(tmp_path, ["piqa"], 3).values()
    plain = settings_now(task)
    task.set_config("metric_list", [{"metric": "acc"}])
    assert settings_now(task)["definition"] != plain["definition"]
    assert settings_now(task)["asked"] == plain["asked"]

    def scored_by(helper: str) -> dict:
        file = tmp_path / "scoring.py"
        file.write_text(f"def helper(doc):\n    return {helper}\n\ndef scores(doc, results):\n    return helper(doc)\n")
        spec = importlib.util.spec_from_file_location("scoring", file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        task.set_config("process_results", module.scores)
        return settings_now(task)

    assert scored_by("1") == scored_by("1")
    assert scored_by("1")["definition"] != scored_by("2")["definition"]


def test_white_space_that_is_scored_with_a_continuation_counts_among_its_bytes():
    (task,) = load_tasks(["nano_solutions"], data=None)[0].values()
    question = questions_of(task, Asking(limit=1))[0]
    prompt, solution = question.requests[0].args
    assert prompt.endswith('"""\n')
    question.requests[0].resps = [(-7.0, False)]
    task.apply_filters()
    assert other_item(task, question).scores["bits_per_byte"] == [7 / np.log(2), len("\n" + solution)]


def test_a_text_read_in_windows_has_the_bytes_of_its_definition_or_its_own():
    """WikiText's bits per byte are by the bytes of the text as published, and another text is scored."""

    def published(doc, results):
        return {"bits_per_byte": (results[0], len(doc["page"]))}

    doc = {"page": "a  long  x", "text": "a long"}
    rows = {"test": datasets.Dataset.from_list([doc])}
    config = {"task": "pages", "output_type": "loglikelihood_rolling", "test_split": "test", "doc_to_text": ""}
    config |= {"doc_to_target": "text", "custom_dataset": lambda **_: rows}
    for metric, scored, size in (("bits_per_byte", published, 10), ("bypass", None, 6)):
        task = ConfigurableTask(config=config | {"metric_list": [{"metric": metric}], "process_results": scored})
        request = Instance("loglikelihood_rolling", doc, ("a long",), 0, ("pages", 0, 1))
        request.resps, request.filtered_resps = [-7.0], {"none": -7.0}
        item = other_item(task, Question("0", doc, [request]))
        assert item.scores["bits_per_byte"] == [7 / np.log(2), size]


def test_requests_of_every_type_are_answered_as_often_as_wished_and_cuts_are_counted_by_task(shards):
    tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(shards / "tokenizer.model"))
    lm = RunLM(Transformer(CONFIG, key=jax.random.key(3)), tokenizer, mesh=device_mesh())
    bypass = {"metric": "bypass", "aggregation": "bypass", "higher_is_better": True}

    def answers_to(text: str, output_type: str, **config):
        rows = {"test": datasets.Dataset.from_list([{"text": text, "gold": "dog"}])}
        given = {"task": "made", "test_split": "test", "custom_dataset": lambda **_: rows, "metric_list": [bypass]}
        given |= {"doc_to_text": "text", "doc_to_target": "gold", "output_type": output_type}
        task = ConfigurableTask(config=given | config)
        told = []
        found = ask(task, questions_of(task, Asking()), {}, lm, watch=lambda doing, *_: told.append(doing))
        return found.record, found.items[0], set(told)

    until = {"until": ["x"], "max_gen_toks": 4, "do_sample": True, "temperature": 1.0}
    record, item, told = answers_to("the fox " * 20, "generate_until", generation_kwargs=until, repeats=3)
    assert (record.kind, record.headline, record.truncated > 0, told) == ("generation", "", True, {"generating"})
    assert item.outputs is not None
    assert len(set(item.outputs)) == len(item.outputs) == 3
    exact = {"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}
    record, item, _ = answers_to("the fox", "generate_until", generation_kwargs=until, metric_list=[exact])
    assert (record.headline, record.truncated, item.scores) == ("exact_match", 0, {"exact_match": 0.0})
    perplexity = {"metric": "bits_per_byte", "aggregation": "bits_per_byte", "higher_is_better": False}
    config = {"doc_to_text": "", "doc_to_target": "text", "metric_list": [perplexity]}
    scored = {"process_results": lambda doc, results: {"bits_per_byte": (results[0], len(doc["text"]))}}
    record, item, told = answers_to("the lazy dog", "loglikelihood_rolling", **config, **scored)
    assert (record.kind, record.headline, record.truncated, told) == (
        "likelihood", "bits_per_byte", 0, {"scoring"},
    )  # fmt: skip
    assert (item.prompt, item.target) == ("", "the lazy dog")
    record, item, _ = answers_to("the lazy", "loglikelihood")
    assert (record.headline, item.prompt, item.target) == ("bits_per_byte", "the lazy", "dog")
