"""The data sets of questions: SciQ, ARC-Easy, QuAC, NaturalQuestions-Open and TriviaQA."""

from eval.data.dataset import DataSet, Release, Row
from eval.data.schema import Mismatch, fields, several, text

_SOME_TEXTS = several(text, least=1)
_ARC_CHOICE = fields({"text": text, "label": text})
_QUAC_TURN = fields({"question": text, "answers": several(fields({"text": text}), least=1)})
_QUAC_DIALOG = fields({"id": text, "context": text, "qas": several(_QUAC_TURN, least=1)})
_NQ_FIELDS = {"question": text, "answer": _SOME_TEXTS}
_TRIVIA_FIELDS = {"QuestionId": text, "Question": text, "Answer": fields({"Aliases": _SOME_TEXTS, "Value": text})}
_SCIQ_TEXTS = ("support", "question", "distractor1", "distractor2", "distractor3", "correct_answer")


def _arc(record: Row) -> list[Row]:
    question = record["question"]
    choices = {name: [choice[name] for choice in question["choices"]] for name in ("text", "label")}
    return [record | {"question": question["stem"], "choices": choices}]


def _answer_is_a_choice(row: Row) -> None:
    if row["answerKey"] not in row["choices"]["label"]:
        labels = ", ".join(row["choices"]["label"])
        raise Mismatch("answerKey", f"is {row['answerKey']!r} and no label of a choice, which are {labels}")
    if len(row["choices"]["text"]) != len(row["choices"]["label"]):
        raise Mismatch("choices", "has not as many texts as labels")


def _quac(section: Row) -> list[Row]:
    """One row a dialog, with all of its turns."""
    return [
        {
            "dialogue_id": dialog["id"],
            "wikipedia_page_title": section["title"].strip(),
            "section_title": section["section_title"].strip(),
            "context": dialog["context"].strip(),
            "questions": [turn["question"] for turn in dialog["qas"]],
            "answers": {"texts": [[answer["text"].strip() for answer in turn["answers"]] for turn in dialog["qas"]]},
        }
        for dialog in section["paragraphs"]
    ]


def _turns_are_answered(row: Row) -> None:
    if len(row["questions"]) != len(row["answers"]["texts"]):
        raise Mismatch("answers.texts", "has not as many entries as `questions`")


def _trivia(record: Row) -> list[Row]:
    answer = record["Answer"]
    return [
        {
            "question_id": record["QuestionId"],
            "question": record["Question"].strip(),
            "answer": {"aliases": [alias.strip() for alias in answer["Aliases"]], "value": answer["Value"].strip()},
        }
    ]


QUESTIONS = (
    DataSet(
        "sciq",
        "SciQ",
        "test",
        hub="allenai/sciq",
        fields=dict.fromkeys(_SCIQ_TEXTS, text),
        releases=(Release(paths=("SciQ dataset-2 3/test.json", "SciQ/test.json", "sciq/test.json")),),
    ),
    DataSet(
        "arc_easy",
        "ARC-Easy",
        "test",
        hub="allenai/ai2_arc",
        config="ARC-Easy",
        fields={
            "id": text,
            "question": text,
            "choices": fields({"text": several(text, least=2), "label": several(text, least=2)}),
            "answerKey": text,
        },
        sound=_answer_is_a_choice,
        releases=(
            Release(
                paths=(
                    "ARC-Easy-Test.jsonl",
                    "ARC-Easy/ARC-Easy-Test.jsonl",
                    "ARC-V1-Feb2018-2/ARC-Easy/ARC-Easy-Test.jsonl",
                ),
                needs={
                    "id": text,
                    "question": fields({"stem": text, "choices": several(_ARC_CHOICE, least=2)}),
                    "answerKey": text,
                },
                rows=_arc,
            ),
        ),
    ),
    DataSet(
        "quac",
        "QuAC",
        "validation",
        hub="allenai/quac",
        config="plain_text",
        fields={
            "dialogue_id": text,
            "wikipedia_page_title": text,
            "section_title": text,
            "context": text,
            "questions": _SOME_TEXTS,
            "answers": fields({"texts": several(_SOME_TEXTS, least=1)}),
        },
        sound=_turns_are_answered,
        releases=(
            Release(
                paths=("val_v0.2.json", "quac/val_v0.2.json", "QuAC/val_v0.2.json"),
                within="data",
                needs={"title": text, "section_title": text, "paragraphs": several(_QUAC_DIALOG, least=1)},
                rows=_quac,
            ),
        ),
    ),
    DataSet(
        "nq_open",
        "NaturalQuestions-Open",
        "validation",
        hub="google-research-datasets/nq_open",
        config="nq_open",
        fields=_NQ_FIELDS,
        releases=(
            Release(paths=("NQ-open.dev.jsonl", "nq_open/NQ-open.dev.jsonl")),
            Release(
                paths=("NQ-open.efficientqa.dev.1.1.jsonl", "nq_open/NQ-open.efficientqa.dev.1.1.jsonl"),
                differs="the 1,800 questions of EfficientQA's dev set, where lm-eval asks the 3,610 of NQ-open's",
            ),
        ),
    ),
    DataSet(
        "triviaqa",
        "TriviaQA",
        "validation",
        hub="mandarjoshi/trivia_qa",
        config="rc.nocontext",
        fields={"question_id": text, "question": text, "answer": fields({"aliases": _SOME_TEXTS, "value": text})},
        releases=(
            Release(
                # In the hub's order.
                paths=("qa/web-dev.json", "triviaqa-rc/qa/web-dev.json", "triviaqa/web-dev.json"),
                beside=("wikipedia-dev.json",),
                within="Data",
                needs=_TRIVIA_FIELDS,
                rows=_trivia,
            ),
            Release(
                paths=("unfiltered-web-dev.json", "triviaqa-unfiltered/unfiltered-web-dev.json"),
                within="Data",
                needs=_TRIVIA_FIELDS,
                rows=_trivia,
                differs="TriviaQA's 11,313 unfiltered questions, where lm-eval asks 17,944 of its other edition",
            ),
        ),
    ),
)
