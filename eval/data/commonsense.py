"""The data sets of common sense: PIQA, SocialIQA, StoryCloze, HellaSwag and Winogrande."""

from eval.data.dataset import DataSet, Release, Row, Split
from eval.data.schema import Mismatch, label, several, text, whole

_LETTERS = ("A", "B", "C")
_PIQA_TEXTS = {"goal": text, "sol1": text, "sol2": text}
_SOCIAL_TEXTS = {"context": text, "question": text, "answerA": text, "answerB": text, "answerC": text}
# As StoryCloze's own files call the fields, and as the hub does.
_STORY_TEXTS = {
    "InputStoryid": "story_id",
    "InputSentence1": "input_sentence_1",
    "InputSentence2": "input_sentence_2",
    "InputSentence3": "input_sentence_3",
    "InputSentence4": "input_sentence_4",
    "RandomFifthSentenceQuiz1": "sentence_quiz1",
    "RandomFifthSentenceQuiz2": "sentence_quiz2",
}


def _piqa(record: Row) -> list[Row]:
    return [record | {"label": int(record["label"])}]


def _social_iqa_of_letters(record: Row) -> list[Row]:
    return [record | {"label": str(_LETTERS.index(record["correct"]) + 1)}]


def _story(record: Row) -> list[Row]:
    texts = {ours: record[theirs] for theirs, ours in _STORY_TEXTS.items()}
    return [texts | {"answer_right_ending": int(record["AnswerRightEnding"])}]


def _hellaswag(record: Row) -> list[Row]:
    return [record | {"label": str(record["label"])}]


def _has_gap(row: Row) -> None:
    if "_" not in row["sentence"]:
        raise Mismatch("sentence", "has no '_' where the option goes")


def _story_cloze(year: str, split: Split, file: str) -> DataSet:
    return DataSet(
        f"storycloze_{year}",
        "StoryCloze",
        split,
        hub="LSDSem/story_cloze",
        config=year,
        fields=dict.fromkeys(_STORY_TEXTS.values(), text) | {"answer_right_ending": label(1, 2)},
        releases=(
            Release(
                paths=(file, f"storycloze/{file}", f"story_cloze/{file}"),
                needs=dict.fromkeys(_STORY_TEXTS, text) | {"AnswerRightEnding": label("1", "2")},
                rows=_story,
            ),
        ),
    )


COMMONSENSE = (
    DataSet(
        "piqa",
        "PIQA",
        "validation",
        hub="baber/piqa",
        fields=_PIQA_TEXTS | {"label": label(0, 1)},
        releases=(
            Release(
                paths=("piqa/valid.jsonl", "PIQA/valid.jsonl", "physicaliqa-train-dev/dev.jsonl"),
                needs=_PIQA_TEXTS | {"label": label("0", "1")},
                rows=_piqa,
                labels=True,
            ),
        ),
    ),
    DataSet(
        "social_iqa",
        "SocialIQA",
        "validation",
        hub="lighteval/siqa",
        fields=_SOCIAL_TEXTS | {"label": label("1", "2", "3")},
        releases=(
            Release(
                paths=("socialiqa-train-dev/dev.jsonl", "social_iqa/dev.jsonl", "siqa/dev.jsonl"),
                labels=True,
            ),
            Release(
                paths=("socialIQa_v1.4_dev.jsonl", "socialIQa_v1.4/socialIQa_v1.4_dev.jsonl"),
                needs=_SOCIAL_TEXTS | {"correct": label(*_LETTERS)},
                rows=_social_iqa_of_letters,
            ),
        ),
    ),
    _story_cloze("2016", "test", "cloze_test_test__spring2016 - cloze_test_ALL_test.csv"),
    _story_cloze("2018", "validation", "cloze_test_val__winter2018-cloze_test_ALL_val - 1 - 1.csv"),
    DataSet(
        "hellaswag",
        "HellaSwag",
        "validation",
        hub="Rowan/hellaswag",
        fields={
            "ind": whole,
            "activity_label": text,
            "ctx_a": text,
            "ctx_b": text,
            "endings": several(text, count=4),
            "label": label("0", "1", "2", "3"),
        },
        releases=(
            Release(
                paths=("hellaswag_val.jsonl", "hellaswag/hellaswag_val.jsonl"),
                needs={
                    "ind": whole,
                    "activity_label": text,
                    "ctx_a": text,
                    "ctx_b": text,
                    "endings": several(text, count=4),
                    "label": label(0, 1, 2, 3),
                },
                rows=_hellaswag,
            ),
        ),
    ),
    DataSet(
        "winogrande",
        "Winogrande",
        "validation",
        hub="allenai/winogrande",
        config="winogrande_xl",
        fields={"sentence": text, "option1": text, "option2": text, "answer": label("1", "2")},
        sound=_has_gap,
        releases=(Release(paths=("winogrande_1.1/dev.jsonl", "winogrande/dev.jsonl")),),
    ),
)
