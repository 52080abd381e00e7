"""Small files of benchmarks in the schemas in which they are published, with invented records.

Where each schema was seen: the data sets' own repositories and papers, their scripts in huggingface/datasets, and the
definitions of lm-eval that read the hub's rows.
"""

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from published_rows import (
    ARC,
    AYA,
    BOOLQ,
    CB,
    COPA,
    HELLASWAG,
    HUB_ROWS,
    HUMANEVAL,
    MBPP,
    NQ,
    PIQA,
    QUAC,
    SCIQ,
    SOCIAL_IQA,
    STORY,
    TRIVIA,
    WINOGRANDE,
)

Content = Sequence[Mapping[str, Any]] | Mapping[str, Any] | Sequence[str]
"""Records, a JSON document, or lines of text."""


def write(path: Path, content: Content) -> Path:
    """Write records in the format that the name's ending says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    name = path.name.removesuffix(".gz")
    if name.endswith(".parquet"):
        pq.write_table(pa.Table.from_pylist([dict(record) for record in content]), path)
        return path
    written = _text(name.rpartition(".")[2], content).encode()
    path.write_bytes(gzip.compress(written) if path.suffix == ".gz" else written)
    return path


def _text(kind: str, content: Any) -> str:
    match kind:
        case "jsonl":
            return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in content)
        case "json":
            return json.dumps(content, ensure_ascii=False, indent=4)
        case "lst":
            return "".join(f"{line}\n" for line in content)
        case _:
            stream = io.StringIO()
            writer = csv.DictWriter(stream, fieldnames=list(content[0]), quoting=csv.QUOTE_MINIMAL)
            writer.writeheader()
            writer.writerows(content)
            return stream.getvalue()


def _each(records: Sequence[Mapping[str, Any]], **changes: Any) -> list[dict[str, Any]]:
    """The records with some fields made anew, by functions of the record."""
    return [{**record, **{name: make(record) for name, make in changes.items()}} for record in records]


def _without(records: Sequence[Mapping[str, Any]], *names: str) -> list[dict[str, Any]]:
    return [{name: value for name, value in record.items() if name not in names} for record in records]


def _dialog(row: Mapping[str, Any]) -> dict[str, Any]:
    turns = zip(row["turn_ids"], row["questions"], row["answers"]["texts"], strict=True)
    qas = [
        {
            "id": turn,
            "question": question,
            "followup": "y",
            "yesno": "x",
            "answers": [{"text": text, "answer_start": 0} for text in texts],
            "orig_answer": {"text": texts[0], "answer_start": 0},
        }
        for turn, question, texts in turns
    ]
    return {
        "title": row["wikipedia_page_title"],
        "background": row["background"],
        "section_title": row["section_title"],
        "paragraphs": [{"context": row["context"], "id": row["dialogue_id"], "qas": qas}],
    }


def _trivia(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    data = [
        {
            "Answer": {
                "Aliases": row["answer"]["aliases"],
                "NormalizedAliases": row["answer"]["normalized_aliases"],
                "NormalizedValue": row["answer"]["normalized_value"],
                "Type": row["answer"]["type"],
                "Value": row["answer"]["value"],
            },
            "EntityPages": [],
            "Question": row["question"],
            "QuestionId": row["question_id"],
            "QuestionSource": row["question_source"],
            "SearchResults": [],
        }
        for row in rows
    ]
    return {"Data": data, "Domain": "Web", "Split": "dev", "VerifiedEval": False, "Version": 1.0}


def _story(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "InputStoryid": row["story_id"],
        **{f"InputSentence{number}": row[f"input_sentence_{number}"] for number in range(1, 5)},
        "RandomFifthSentenceQuiz1": row["sentence_quiz1"],
        "RandomFifthSentenceQuiz2": row["sentence_quiz2"],
        "AnswerRightEnding": row["answer_right_ending"],
    }


def _arc(row: Mapping[str, Any]) -> dict[str, Any]:
    choices = zip(row["choices"]["text"], row["choices"]["label"], strict=True)
    stem = {"stem": row["question"], "choices": [{"text": text, "label": label} for text, label in choices]}
    return {"id": row["id"], "question": stem, "answerKey": row["answerKey"]}


HUB_FILES: Mapping[str, tuple[str, ...]] = {
    "boolq": ("super_glue/boolq/validation-00000-of-00001.parquet",),
    "cb": ("aps/super_glue/cb/validation-00000-of-00001.parquet",),
    "copa": ("datasets--aps--super_glue/snapshots/3de24cf8022e94f4ee4b9d55a6f539891524d646/copa/"
             "validation-00000-of-00001.parquet",),
    "piqa": ("piqa/plain_text/validation-00000-of-00001.parquet",),
    "sciq": ("sciq/data/test-00000-of-00001.parquet",),
    "social_iqa": ("siqa/data/validation-00000-of-00001.parquet",),
    "storycloze_2016": ("story_cloze/2016/test-00000-of-00001.parquet",),
    "storycloze_2018": ("story_cloze/2018/validation-00000-of-00001.parquet",),
    "hellaswag": ("hellaswag/data/validation-00000-of-00001.parquet",),
    "winogrande": ("winogrande/winogrande_xl/validation-00000-of-00001.parquet",),
    "arc_easy": ("ai2_arc/ARC-Easy/test-00000-of-00002.parquet", "ai2_arc/ARC-Easy/test-00001-of-00002.parquet"),
    "quac": ("quac/plain_text/validation/0000.parquet",),
    "nq_open": ("nq_open/nq_open/validation-00000-of-00001.parquet",),
    "triviaqa": ("trivia_qa/rc.nocontext/validation-00000-of-00001.parquet",),
    "humaneval": ("openai_humaneval/openai_humaneval/test-00000-of-00001.parquet",),
    "mbpp": ("mbpp/full/test-00000-of-00001.parquet",),
    "dolly": ("aya_evaluation_suite/dolly_machine_translated/test-00000-of-00001.parquet",),
}  # fmt: skip
_LETTER = {"1": "A", "2": "B", "3": "C"}
_THREE_WAY = ("entailment", "contradiction", "neutral")
# By task, the files of each form in which its data were published, other than the hub's.
RELEASES: Mapping[str, Sequence[Mapping[str, Content]]] = {
    "boolq": (
        {
            "BoolQ/dev.jsonl": _without(
                _each(BOOLQ, answer=lambda row: bool(row["label"]), title=lambda row: "x"), "label", "idx"
            )
        },
        {"BoolQ/val.jsonl": _each(BOOLQ, label=lambda row: bool(row["label"]))},
    ),
    "cb": ({"CB/val.jsonl": _each(CB, label=lambda row: _THREE_WAY[row["label"]])},),
    "copa": ({"COPA/val.jsonl": COPA},),
    "piqa": (
        {
            "piqa/valid.jsonl": _without(PIQA, "label"),
            "piqa/valid-labels.lst": [str(row["label"]) for row in PIQA],
        },
        {
            "physicaliqa-train-dev/dev.jsonl": _each(_without(PIQA, "label"), id=lambda row: "x"),
            "physicaliqa-train-dev/dev-labels.lst": [str(row["label"]) for row in PIQA],
        },
    ),
    "sciq": ({"SciQ dataset-2 3/test.json": SCIQ},),
    "social_iqa": (
        {
            "socialiqa-train-dev/dev.jsonl": _without(SOCIAL_IQA, "label"),
            "socialiqa-train-dev/dev-labels.lst": [row["label"] for row in SOCIAL_IQA],
        },
        {"socialIQa_v1.4_dev.jsonl": _without(_each(SOCIAL_IQA, correct=lambda row: _LETTER[row["label"]]), "label")},
    ),
    "storycloze_2016": ({"cloze_test_test__spring2016 - cloze_test_ALL_test.csv": [_story(row) for row in STORY]},),
    "storycloze_2018": ({"cloze_test_val__winter2018-cloze_test_ALL_val - 1 - 1.csv": [_story(row) for row in STORY]},),
    "hellaswag": ({"hellaswag_val.jsonl": _each(HELLASWAG, label=lambda row: int(row["label"]))},),
    "winogrande": ({"winogrande_1.1/dev.jsonl": _each(WINOGRANDE, qID=lambda row: "3-1")},),
    "arc_easy": ({"ARC-V1-Feb2018-2/ARC-Easy/ARC-Easy-Test.jsonl": [_arc(row) for row in ARC]},),
    "quac": ({"val_v0.2.json": {"data": [_dialog(row) for row in QUAC]}},),
    "nq_open": ({"NQ-open.dev.jsonl": NQ}, {"NQ-open.efficientqa.dev.1.1.jsonl": NQ}),
    "triviaqa": (
        {"triviaqa-rc/qa/web-dev.json": _trivia(TRIVIA[:1]), "triviaqa-rc/qa/wikipedia-dev.json": _trivia(TRIVIA[1:])},
        {"triviaqa-unfiltered/unfiltered-web-dev.json": _trivia(TRIVIA)},
    ),
    "humaneval": ({"HumanEval.jsonl.gz": HUMANEVAL},),
    "mbpp": (
        {"mbpp.jsonl": MBPP},
        {
            "sanitized-mbpp.json": _without(
                _each(MBPP, prompt=lambda row: row["text"], test_imports=lambda row: [], source_file=lambda row: "x"),
                "text",
                "test_setup_code",
                "challenge_test_list",
            )
        },
    ),
    "dolly": (
        {"dolly.jsonl": AYA},
        {
            "databricks-dolly-15k.jsonl": [
                {"instruction": row["inputs"], "context": "", "response": row["targets"], "category": "open_qa"}
                for row in AYA
                if row["language"] == "eng"
            ]
        },
    ),
}


def write_release(folder: Path, files: Mapping[str, Content]) -> None:
    """All files of one form."""
    for name, content in files.items():
        write(folder / name, content)


def write_snapshot(folder: Path, task: str) -> None:
    """A task's rows as the hub's client leaves them, spread over as many files as there are names."""
    rows, names = HUB_ROWS[task], HUB_FILES[task]
    for number, name in enumerate(names):
        start, stop = (len(rows) * each // len(names) for each in (number, number + 1))
        write(folder / name, rows[start:stop])
