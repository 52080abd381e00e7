"""Invented records of benchmarks in the schemas of the hub's rows."""

from collections.abc import Mapping
from typing import Any

BOOLQ = [
    {"passage": "The kettle is older than the stove.", "question": "is the stove older", "idx": 0, "label": 0},
    {"passage": "Rain fell on Monday.", "question": "did it rain on monday", "idx": 1, "label": 1},
]
CB = [
    {"premise": "It was late. I think she slept.", "hypothesis": "she slept", "idx": 0, "label": 0},
    {"premise": "Nobody said he left.", "hypothesis": "he left", "idx": 1, "label": 2},
]
COPA = [
    {
        "premise": "The glass fell off the table.",
        "choice1": "It broke.",
        "choice2": "It floated.",
        "question": "effect",
        "idx": 0,
        "label": 0,
    },
    {
        "premise": "The street was wet.",
        "choice1": "The sun shone.",
        "choice2": "It had rained.",
        "question": "cause",
        "idx": 1,
        "label": 1,
    },
]
PIQA = [
    {"goal": "To keep bread soft,", "sol1": "store it in a box.", "sol2": "leave it in the sun.", "label": 0},
    {"goal": "To open a jar,", "sol1": "freeze it.", "sol2": "warm its lid.", "label": 1},
]
SCIQ = [
    {
        "question": "What do plants take in?",
        "distractor3": "helium",
        "distractor1": "iron",
        "distractor2": "glass",
        "correct_answer": "carbon dioxide",
        "support": " Plants take in carbon dioxide.",
    },
    {
        "question": "What is ice?",
        "distractor3": "salt",
        "distractor1": "sand",
        "distractor2": "steam",
        "correct_answer": "frozen water",
        "support": "",
    },
]
SOCIAL_IQA = [
    {
        "context": "Ada lent Ben a book.",
        "question": "How would Ben feel?",
        "answerA": "grateful",
        "answerB": "angry",
        "answerC": "hungry",
        "label": "1",
    },
    {
        "context": "Cy missed the bus.",
        "question": "What will Cy do next?",
        "answerA": "sing",
        "answerB": "sleep",
        "answerC": "walk",
        "label": "3",
    },
]
STORY = [
    {
        "story_id": "a-1",
        "input_sentence_1": "Ada planted a seed.",
        "input_sentence_2": 'She said, "Grow!"',
        "input_sentence_3": "She watered it daily.",
        "input_sentence_4": "Weeks went by.",
        "sentence_quiz1": "A flower bloomed.",
        "sentence_quiz2": "The train was late.",
        "answer_right_ending": 1,
    },
    {
        "story_id": "a-2",
        "input_sentence_1": "Ben was cold.",
        "input_sentence_2": "He looked for his coat.",
        "input_sentence_3": "It was not in the hall.",
        "input_sentence_4": "It hung in the car.",
        "sentence_quiz1": "He went for a swim.",
        "sentence_quiz2": "He fetched it.",
        "answer_right_ending": 2,
    },
]
HELLASWAG = [
    {
        "ind": 24,
        "activity_label": "Roof shingle removal",
        "ctx_a": "A man is sitting on a roof.",
        "ctx_b": "he",
        "ctx": "A man is sitting on a roof. he",
        "endings": ["is using wrap.", "is [step] ripping  tiles.", "holds a cube.", "starts pulling up roofing."],
        "source_id": "activitynet~v_1",
        "split": "val",
        "split_type": "indomain",
        "label": "3",
    },
    {
        "ind": 25,
        "activity_label": "Baking",
        "ctx_a": "A bowl stands there.",
        "ctx_b": "a cook",
        "ctx": "A bowl stands there. a cook",
        "endings": ["stirs.", "flies.", "melts.", "sleeps."],
        "source_id": "activitynet~v_2",
        "split": "val",
        "split_type": "zeroshot",
        "label": "0",
    },
]
WINOGRANDE = [
    {
        "sentence": "The cup did not fit in the bag because _ was too big.",
        "option1": "the cup",
        "option2": "the bag",
        "answer": "1",
    },
    {"sentence": "Ada thanked Bea, since _ had helped.", "option1": "Ada", "option2": "Bea", "answer": "2"},
]
ARC = [
    {
        "id": "Mercury_1",
        "question": "Which of these is a star?",
        "choices": {"text": ["Mars", "the Moon", "the Sun", "a comet"], "label": ["A", "B", "C", "D"]},
        "answerKey": "C",
    },
    {
        "id": "MCAS_2",
        "question": "What melts?",
        "choices": {"text": ["ice", "light", "sound"], "label": ["1", "2", "3"]},
        "answerKey": "1",
    },
]
QUAC = [
    {
        "dialogue_id": "C_1_0",
        "wikipedia_page_title": "Ada Lovelace",
        "background": "Ada Lovelace was a mathematician.",
        "section_title": "First program",
        "context": "She wrote notes in 1843. CANNOTANSWER",
        "turn_ids": ["C_1_0_q#0", "C_1_0_q#1"],
        "questions": ["What did she write?", "When?"],
        "followups": [0, 1],
        "yesnos": [2, 2],
        "answers": {
            "texts": [["She wrote notes", "notes in 1843", "CANNOTANSWER"], ["in 1843"]],
            "answer_starts": [[0, 10, 25], [16]],
        },
        "orig_answers": {"texts": ["She wrote notes", "in 1843"], "answer_starts": [0, 16]},
    },
    {
        "dialogue_id": "C_2_0",
        "wikipedia_page_title": "Ben",
        "background": "Ben is a name.",
        "section_title": "Origin",
        "context": "It is short for Benjamin. CANNOTANSWER",
        "turn_ids": ["C_2_0_q#0"],
        "questions": ["Who was the first?"],
        "followups": [1],
        "yesnos": [2],
        "answers": {"texts": [["CANNOTANSWER"]], "answer_starts": [[26]]},
        "orig_answers": {"texts": ["CANNOTANSWER"], "answer_starts": [26]},
    },
]
NQ = [
    {"question": "who wrote the first program", "answer": ["Ada Lovelace", "Lovelace"]},
    {"question": "when was the war of 1812", "answer": ["1812"]},
]
TRIVIA = [
    {
        "question": "Which planet is the red one?",
        "question_id": "tc_1",
        "question_source": "http://example.org/",
        "entity_pages": {"title": ["Mars"]},
        "answer": {
            "aliases": ["Mars", "The Red Planet"],
            "normalized_aliases": ["mars", "red planet"],
            "normalized_value": "mars",
            "type": "WikipediaEntity",
            "value": "Mars",
        },
    },
    {
        "question": "How many legs has a spider?",
        "question_id": "tc_2",
        "question_source": "http://example.org/",
        "entity_pages": {"title": ["Spider"]},
        "answer": {
            "aliases": ["8", "eight"],
            "normalized_aliases": ["8", "eight"],
            "normalized_value": "8",
            "type": "Numerical",
            "value": "8",
        },
    },
]
HUMANEVAL = [
    {
        "task_id": "HumanEval/0",
        "prompt": 'def double(x):\n    """Twice x."""\n',
        "entry_point": "double",
        "canonical_solution": "    return 2 * x\n",
        "test": "def check(candidate):\n    assert candidate(2) == 4\n",
    },
    {
        "task_id": "HumanEval/1",
        "prompt": "def zero():\n",
        "entry_point": "zero",
        "canonical_solution": "    return 0\n",
        "test": "def check(candidate):\n    assert candidate() == 0\n",
    },
]
MBPP = [
    {
        "task_id": number,
        "text": f"Write a function to add {number}.",
        "code": f"def add(x):\r\n  return x + {number}",
        "test_list": [f"assert add({x}) == {x + number}" for x in range(3)],
        "test_setup_code": "",
        "challenge_test_list": [],
    }
    for number in (10, 11, 510, 511)
]
AYA = [
    {
        "id": number,
        "inputs": inputs,
        "targets": targets,
        "language": language,
        "script": "Latn",
        "source_id": 7 * number,
    }
    for number, (inputs, targets, language) in enumerate(
        [
            ("Qu'est-ce que le th\u00e9 ?", "Une boisson.", "fra"),
            ("What is tea?", "A drink.", "eng"),
            ("Name a bird.", "The wren.", "eng"),
        ]
    )
]

HUB_ROWS: Mapping[str, list[dict[str, Any]]] = {
    "boolq": BOOLQ,
    "cb": CB,
    "copa": COPA,
    "piqa": PIQA,
    "sciq": SCIQ,
    "social_iqa": SOCIAL_IQA,
    "storycloze_2016": STORY,
    "storycloze_2018": STORY,
    "hellaswag": HELLASWAG,
    "winogrande": WINOGRANDE,
    "arc_easy": ARC,
    "quac": QUAC,
    "nq_open": NQ,
    "triviaqa": TRIVIA,
    "humaneval": HUMANEVAL,
    "mbpp": MBPP,
    "dolly": AYA,
}
