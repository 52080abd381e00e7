"""From a task's documents to items with scores, on small tasks made here, whose figures are known by hand."""

import datasets
import pytest
from lm_eval.api.task import ConfigurableTask

from eval.answer_items import choice_item, other_item, program_item
from eval.asking import Asking
from eval.items import Item, Metric
from eval.loading import load_tasks
from eval.metrics import metrics_of
from eval.questions import questions_of, settings_of
from mixsched.errors import UsageError

CHOICE = {"output_type": "multiple_choice", "doc_to_text": "ask", "doc_to_choice": "choices", "doc_to_target": "gold"}
ACC = {"metric": "acc", "aggregation": "mean", "higher_is_better": True}
GENERATION = {"output_type": "generate_until", "doc_to_text": "ask", "doc_to_target": "gold"}
DOC = {"ask": "Which?", "choices": ["no", "yes!"], "gold": 1}


def task_of(docs, **config) -> ConfigurableTask:
    rows = {"test": datasets.Dataset.from_list(docs)}
    given = {"task": "made", "test_split": "test", "custom_dataset": lambda **_: rows, "metric_list": [ACC]}
    return ConfigurableTask(config=given | config)


def names(docs) -> list[str]:
    return [question.item for question in questions_of(task_of(docs, **CHOICE), Asking())]


def test_items_have_the_name_that_their_data_set_gives_all_of_them_and_else_their_place():
    assert names([DOC | {"id": "b", "idx": 7}, DOC | {"id": "a", "idx": 8}]) == ["b", "a"]
    assert names([DOC | {"id": "a", "idx": 7}, DOC | {"id": "a", "idx": 8}]) == ["7", "8"]
    assert names([DOC | {"id": "a"}, DOC | {"id": ""}]) == names([DOC, DOC]) == ["0", "1"]


def functions() -> ConfigurableTask:
    return load_tasks(["nano_functions"], data=None)[0]["nano_functions"]


def test_programs_are_asked_for_as_often_and_as_hot_as_wished_and_no_other_task():
    asking = Asking(limit=2, samples=3, temperature=0.7, seed=5)
    task = functions()
    questions = questions_of(task, asking)
    assert [len(question.requests) * question.requests[0].repeats for question in questions] == [3, 3]
    wishes = questions[0].requests[0].args[1]
    assert (wishes["do_sample"], wishes["temperature"], wishes["max_gen_toks"]) == (True, 0.7, 64)
    assert questions_of(functions(), Asking(limit=1))[0].requests[0].args[1]["do_sample"] is False
    other = task_of([DOC | {"gold": "yes!"}], **GENERATION, generation_kwargs={"until": ["."], "do_sample": False})
    (request,) = questions_of(other, asking)[0].requests
    assert (request.repeats, "temperature" in request.args[1]) == (1, False)


def test_settings_of_programs_tell_how_they_were_sampled_and_of_other_tasks_do_not():
    asking = Asking(limit=2, samples=3, temperature=0.7, seed=5)
    told = settings_of(functions(), questions_of(functions(), asking), asking)
    assert (told["samples"], told["temperature"], told["seed"], told["limit"]) == (3, 0.7, 5, 2)
    task = task_of([DOC], **CHOICE, metadata={"version": 2.5, "data": {"differs": "another split"}})
    told = settings_of(task, questions_of(task, asking), asking)
    assert not {"samples", "temperature", "seed"} & set(told)
    assert (told["task_version"], told["differs"]) == (2.5, "another split")
    assert told["lm_eval"]


def test_what_is_asked_is_told_apart_by_item_prompt_choices_and_right_answer():
    docs = [DOC, DOC | {"id": "x"}, DOC | {"ask": "Who?"}, DOC | {"choices": ["no", "yes"]}, DOC | {"gold": 0}]
    tasks = [task_of([doc], **CHOICE) for doc in docs]
    assert len({settings_of(task, questions_of(task, Asking()), Asking())["asked"] for task in tasks}) == len(docs)


def answered(task, *responses):
    """The last question with these responses to its requests."""
    *others, question = questions_of(task, Asking())
    for request in (request for other in others for request in other.requests):
        request.resps = [(-1.0, False)]
    for request, response in zip(question.requests, responses, strict=True):
        request.resps = [response]
    task.apply_filters()
    return question


def test_of_several_right_choices_each_is_right_and_bits_are_the_firsts():
    task = task_of([DOC | {"choices": ["ab", "äé", "abcd"], "gold": [1, 2], "cluster": "c"}], **CHOICE)
    item = choice_item(task, answered(task, (-3.0, True), (-4.0, False), (-2.0, True)))
    assert [item.scores[metric] for metric in ("acc", "acc_norm", "exact_match")] == [1.0, 1.0, 1.0]
    assert (item.gold, item.target, bool(item.cluster)) == (1, ["äé", "abcd"], True)
    assert item.scores["bits_per_byte"] == [pytest.approx(4 / 0.693147, rel=1e-5), len(" äé".encode())]
    item = choice_item(task, answered(task, (-3.0, True), (-4.0, False), (-9.0, False)))
    assert (item.scores["acc"], item.scores["exact_match"]) == (0.0, 0.0)


# lm-eval divides by the length of the empty choice too.
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
def test_acc_norm_divides_by_characters_and_a_choice_may_be_empty():
    # By bytes the second, by characters the first is likelier.
    task = task_of([DOC, DOC | {"choices": ["ab", "äéü", ""], "gold": 0}], **CHOICE)
    item = choice_item(task, answered(task, (-2.0, False), (-3.6, False), (-9.0, False)))
    assert item.scores["acc_norm"] == 1.0
    assert item.target == "ab"


def test_mutual_information_asks_for_every_choice_twice_and_the_second_time_is_no_choice():
    task = task_of([DOC], **CHOICE | {"metric_list": [ACC, ACC | {"metric": "acc_mutual_info"}]})
    # After its prompt the second choice is likelier, and yet it gains less by it.
    item = choice_item(task, answered(task, (-2.0, False), (-1.0, True), (-9.0, False), (-0.5, False)))
    assert (item.choices, item.loglikelihoods) == ([" no", " yes!"], [-2.0, -1.0])
    assert (item.scores["acc"], item.scores["acc_mutual_info"]) == (1.0, 0.0)


@pytest.mark.parametrize("gold", [-1, 2])
def test_a_right_choice_that_is_not_among_them_is_refused(gold):
    task = task_of([DOC, DOC | {"gold": gold}], **CHOICE)
    with pytest.raises(UsageError, match=rf"has no right answer \({gold} of 2 choices\)"):
        choice_item(task, answered(task, (-1.0, False), (-2.0, False)))


def test_generated_answers_have_the_scores_of_every_filter_the_first_by_its_plain_name():
    take = [{"function": "take_first"}]
    last = [{"function": "regex", "regex_pattern": r"(\w+)$"}, *take]
    filters = [{"name": "strict", "filter": take}, {"name": "last", "filter": last}]
    metric = {"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}
    task = task_of([DOC | {"gold": "yes", "cluster": "c"}], **GENERATION, metric_list=[metric], filter_list=filters)
    item = other_item(task, answered(task, "I say yes"))
    assert item.scores == {"exact_match": 0.0, "exact_match,last": 1.0}
    assert {type(score) for score in item.scores.values()} == {float}
    assert (item.prompt, item.target, item.outputs) == ("Which?", "yes", ["I say yes"])
    assert item.cluster is not None
    assert set(metrics_of(task, "generation", [item])) == set(item.scores)


def test_an_open_ended_task_has_answers_and_no_scores():
    bypass = {"metric": "bypass", "aggregation": "bypass", "higher_is_better": True}
    task = task_of([DOC | {"gold": ""}], **GENERATION, metric_list=[bypass])
    assert other_item(task, answered(task, "Well.")).scores == {}


def test_pass_at_k_is_told_for_all_k_that_were_drawn():
    question = questions_of(functions(), Asking(limit=1))[0]
    for samples, ks in ((1, [1]), (99, [1, 10]), (100, [1, 10, 100])):
        item = program_item(functions(), question, ["return 0"] * samples, ["passed"] * samples)
        assert item.scores == {f"pass@{k}": 1.0 for k in ks}


def test_metrics_know_their_direction_their_aggregation_and_chance():
    lower = {"metric": "perplexity", "aggregation": "perplexity", "higher_is_better": False}
    task = task_of([DOC], **CHOICE, metric_list=[ACC, lower])
    scores = {"acc": 1.0, "acc_norm": 1.0, "bits_per_byte": [1.0, 2.0], "perplexity": -1.0, "perplexity,raw": -1.0}
    items = [Item(str(n), "", "", scores, choices=["a"] * n) for n in (2, 4)]
    found = metrics_of(task, "choice", items)
    assert found["acc"] == found["acc_norm"] == Metric("mean", True, chance=(1 / 2 + 1 / 4) / 2)
    assert found["bits_per_byte"] == Metric("ratio", higher_is_better=False)
    assert found["perplexity"] == found["perplexity,raw"] == Metric("perplexity", higher_is_better=False)
    assert metrics_of(task, "generation", items)["acc"].chance is None
