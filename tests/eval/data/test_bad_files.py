"""A file that is not of its form is told by its name, the place in it, and the field; never read halfway."""

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import published
import pytest

from eval.data.catalogue import DATA_SETS
from eval.data.finding import find
from eval.data.reading import TaskData, read
from mixsched.errors import UsageError


def reading(task: str, folder: Path) -> TaskData:
    found = find(task, folder)
    assert found is not None
    return read(found)


def told(task: str, folder: Path) -> str:
    with pytest.raises(UsageError) as caught:
        reading(task, folder)
    return str(caught.value)


def changed(task: str, **changes: Any) -> list[dict[str, Any]]:
    """The hub's rows of a task, the last of those that are asked with other values."""
    rows = [dict(row) for row in published.HUB_ROWS[task]]
    rows[2 if task == "mbpp" else -1].update(changes)
    return rows


@pytest.mark.parametrize(("task", "field"), [(task, field) for task, one in DATA_SETS.items() for field in one.fields])
def test_a_field_with_another_name_is_missed_by_its_own(task: str, field: str, tmp_path: Path) -> None:
    rows = changed(task)
    rows[-1]["renamed"] = rows[-1].pop(field)
    published.write(tmp_path / f"{task}.jsonl", rows)
    said = told(task, tmp_path)
    assert said.startswith(f"line {len(rows)} of '{tmp_path / task}.jsonl': field '{field}' is missing (there are: ")
    assert "renamed" in said
    assert f"'{task}'" in said
    assert DATA_SETS[task].title in said


@pytest.mark.parametrize(("task", "field"), [(task, field) for task, one in DATA_SETS.items() for field in one.fields])
def test_a_value_of_another_type_is_told_with_its_field(task: str, field: str, tmp_path: Path) -> None:
    published.write(tmp_path / f"{task}.jsonl", changed(task, **{field: 7.5}))
    assert f"field '{field}' is 7.5" in told(task, tmp_path)


@pytest.mark.parametrize(
    ("task", "changes", "said"),
    [
        ("boolq", {"label": 2}, "field 'label' is 2, not 0 or 1"),
        ("cb", {"label": 3}, "field 'label' is 3, not 0, 1 or 2"),
        ("copa", {"question": "why"}, "field 'question' is 'why', not 'cause' or 'effect'"),
        ("piqa", {"label": True}, "field 'label' is True, not 0 or 1"),
        ("social_iqa", {"label": "4"}, "field 'label' is '4', not '1', '2' or '3'"),
        ("storycloze_2016", {"answer_right_ending": 0}, "field 'answer_right_ending' is 0, not 1 or 2"),
        ("hellaswag", {"endings": ["a", "b", "c"]}, "field 'endings' has 3 entries, not 4"),
        ("hellaswag", {"endings": ["a", "b", "c", None]}, "field 'endings[3]' is None, not a text"),
        ("winogrande", {"sentence": "No gap."}, "field 'sentence' has no '_' where the option goes"),
        ("arc_easy", {"answerKey": "E"}, "field 'answerKey' is 'E' and no label of a choice, which are 1, 2, 3"),
        (
            "arc_easy",
            {"choices": {"text": ["a", "b", "c"], "label": ["1", "2"]}},
            "field 'choices' has not as many texts as labels",
        ),
        ("quac", {"questions": []}, "field 'questions' has 0 entries, not 1 or more"),
        ("quac", {"answers": {"texts": [[]]}}, "field 'answers.texts[0]' has 0 entries, not 1 or more"),
        ("quac", {"questions": ["One?", "Two?"]}, "field 'answers.texts' has not as many entries as `questions`"),
        ("nq_open", {"answer": []}, "field 'answer' has 0 entries, not 1 or more"),
        ("triviaqa", {"answer": {"value": "8"}}, "field 'answer.aliases' is missing (there are: value)"),
        ("mbpp", {"test_list": ["assert True"]}, "field 'test_list' has 1 entries, not 3 or more"),
    ],
)
def test_a_value_that_no_question_can_have_is_told(
    task: str, changes: Mapping[str, Any], said: str, tmp_path: Path
) -> None:
    published.write(tmp_path / f"{task}.jsonl", changed(task, **changes))
    assert said in told(task, tmp_path)


@pytest.mark.parametrize(
    ("task", "field", "unlabelled"),
    [("cb", "label", -1), ("hellaswag", "label", ""), ("winogrande", "answer", ""), ("boolq", "label", None)],
)
def test_a_test_set_without_labels_is_told(task: str, field: str, unlabelled: Any, tmp_path: Path) -> None:
    published.write(tmp_path / f"{task}.jsonl", changed(task, **{field: unlabelled}))
    assert f"field '{field}' is {unlabelled!r}: there is no label" in told(task, tmp_path)


def test_the_place_within_a_published_record_is_told(tmp_path: Path) -> None:
    dialog = {"id": "C_1_0", "context": "", "qas": [{"question": "Who?", "answers": [{"answer_start": 3}]}]}
    section = {"title": "", "section_title": "", "paragraphs": [dialog]}
    published.write(tmp_path / "val_v0.2.json", {"data": [section]})
    assert "record 1 of" in told("quac", tmp_path)
    assert "field 'paragraphs[0].qas[0].answers[0].text' is missing" in told("quac", tmp_path)


def test_the_row_of_a_parquet_file_is_told(tmp_path: Path) -> None:
    rows = changed("sciq", support=None)
    published.write(tmp_path / "sciq" / "data" / "test-00000-of-00001.parquet", rows)
    assert "row 2 of" in told("sciq", tmp_path)
    assert "field 'support' is None, not a text" in told("sciq", tmp_path)


def test_labels_that_do_not_fit_their_records_are_told(tmp_path: Path) -> None:
    published.write_release(tmp_path, published.RELEASES["piqa"][0])
    published.write(tmp_path / "piqa/valid-labels.lst", ["0"])
    assert "has 1 labels for the 2 records of" in told("piqa", tmp_path)
    published.write(tmp_path / "piqa/valid-labels.lst", ["0", "2"])
    assert told("piqa", tmp_path).startswith(f"line 2 of '{tmp_path}/piqa/valid-labels.lst': field 'label' is '2'")
    (tmp_path / "piqa/valid-labels.lst").unlink()
    with pytest.raises(UsageError, match=r"'valid-labels\.lst' beside it is missing"):
        find("piqa", tmp_path)


def test_one_of_two_files_is_told(tmp_path: Path) -> None:
    published.write_release(tmp_path, published.RELEASES["triviaqa"][0])
    (tmp_path / "triviaqa-rc/qa/wikipedia-dev.json").unlink()
    with pytest.raises(UsageError, match=r"'wikipedia-dev\.json' beside it is missing; both are needed"):
        find("triviaqa", tmp_path)


def test_a_download_that_lacks_a_file_is_told(tmp_path: Path) -> None:
    published.write_snapshot(tmp_path, "arc_easy")
    (tmp_path / "ai2_arc/ARC-Easy/test-00000-of-00002.parquet").unlink()
    with pytest.raises(UsageError, match="holds 1 of 2 files of its split"):
        find("arc_easy", tmp_path)


def test_a_split_that_is_there_twice_is_told(tmp_path: Path) -> None:
    published.write_snapshot(tmp_path, "sciq")
    published.write(tmp_path / "sciq/default/test/0000.parquet", published.SCIQ)
    with pytest.raises(UsageError, match=r"holds the test split more than once .*'sciq\.parquet'"):
        find("sciq", tmp_path)


def test_another_config_of_the_same_repository_is_not_taken(tmp_path: Path) -> None:
    published.write_snapshot(tmp_path, "boolq")
    assert find("cb", tmp_path) is None


def test_a_name_that_many_data_sets_use_is_not_taken_from_the_top_of_the_folder(tmp_path: Path) -> None:
    published.write(tmp_path / "dev.jsonl", published.WINOGRANDE)
    assert not [task for task in DATA_SETS if find(task, tmp_path)]


@pytest.mark.parametrize(
    ("name", "written", "said"),
    [
        ("copa.jsonl", b'{"premise": "a"}\n{"premise"\n', "line 1 of"),
        ("copa.jsonl", b'\n{"premise"\n', r"line 2 of '.*copa\.jsonl' is no JSON .*; get the file again"),
        ("copa.jsonl", b"[1]\n", r"line 1 of .*: the record is \[1\], not an object with fields"),
        ("copa.jsonl", b"", r"copa\.jsonl' holds no record"),
        ("copa.jsonl", b"\xff\xfe", "can't be read as text"),
        ("copa.jsonl.gz", gzip.compress(b"{}")[:-4], "can't be read as text"),
        ("copa.jsonl.gz", b"plain", "can't be read as text"),
        ("copa.parquet", b"PAR1", "is no Parquet file"),
    ],
)
def test_a_file_that_is_not_of_its_format_is_told(name: str, written: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(written)
    with pytest.raises(UsageError, match=said):
        reading("copa", tmp_path)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b"[1, 2", r"val_v0\.2\.json' is no JSON"),
        (b'{"version": 1}', "lacks the field 'data' that holds its records"),
        (b'{"data": {}}', "should hold a list of records"),
        (b'{"data": []}', "holds no record"),
        (b'{"data": ["x"]}', "record 1 of .*: the record is 'x', not an object"),
    ],
)
def test_a_json_document_that_is_another_is_told(written: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "val_v0.2.json").write_bytes(written)
    with pytest.raises(UsageError, match=said):
        reading("quac", tmp_path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a-3,Too short.", "field 'InputSentence2' is None, not a text"),
        ("a-3,1,2,3,4,5,6,1,Too long.", "has more values than the first line has names"),
    ],
)
def test_a_line_of_csv_with_too_few_or_too_many_values_is_told(line: str, said: str, tmp_path: Path) -> None:
    ((name, records),) = published.RELEASES["storycloze_2016"][0].items()
    path = published.write(tmp_path / name, records)
    path.write_text(f"{path.read_text()}{line}\n")
    assert told("storycloze_2016", tmp_path).startswith("line 4 of")
    assert said in told("storycloze_2016", tmp_path)


def test_a_space_before_a_quoted_text_of_csv_is_no_part_of_it(tmp_path: Path) -> None:
    ((name, records),) = published.RELEASES["storycloze_2016"][0].items()
    path = published.write(tmp_path / name, records)
    path.write_text(f'{path.read_text()}a-3, "One, two.", 2, 3, 4, 5, 6, 1\n')
    row = reading("storycloze_2016", tmp_path).rows[2]
    assert row["input_sentence_1"] == "One, two."
    assert row["answer_right_ending"] == 1


@pytest.mark.parametrize(("task", "change"), [("mbpp", {"task_id": 5}), ("dolly", {"language": "fra"})])
def test_a_file_of_another_split_or_language_is_told(task: str, change: Mapping[str, Any], tmp_path: Path) -> None:
    published.write(tmp_path / f"{task}.jsonl", [dict(row) | change for row in published.HUB_ROWS[task]])
    assert f"holds nothing of the test split that '{task}' asks" in told(task, tmp_path)


def test_a_text_may_hold_what_others_take_for_the_end_of_a_line(tmp_path: Path) -> None:
    published.write(tmp_path / "boolq.jsonl", [dict(published.BOOLQ[0]) | {"passage": "one\u2028two\x85three"}])
    assert reading("boolq", tmp_path).rows[0]["passage"] == "one\u2028two\x85three"


def test_a_mark_of_byte_order_is_no_part_of_the_data(tmp_path: Path) -> None:
    path = published.write(tmp_path / "cb.jsonl", published.CB)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert reading("cb", tmp_path).rows[0]["hypothesis"] == "she slept"


def test_the_fingerprint_is_of_all_files(tmp_path: Path) -> None:
    published.write_release(tmp_path, published.RELEASES["piqa"][0])
    before = reading("piqa", tmp_path).sha256
    assert reading("piqa", tmp_path).sha256 == before
    published.write(tmp_path / "piqa/valid-labels.lst", ["1", "1"])
    assert reading("piqa", tmp_path).sha256 != before


def test_a_gzipped_file_that_is_damaged_within_is_told(tmp_path: Path) -> None:
    path = tmp_path / "piqa.jsonl.gz"
    published.write(tmp_path / "piqa.jsonl", published.HUB_ROWS["piqa"] * 50)
    packed = bytearray(gzip.compress((tmp_path / "piqa.jsonl").read_bytes()))
    (tmp_path / "piqa.jsonl").unlink()
    packed[15:40] = bytes(each ^ 0x5A for each in packed[15:40])
    path.write_bytes(packed)
    assert told("piqa", tmp_path).startswith(f"'{path}' can't be read as text (")


def test_a_parquet_file_that_is_damaged_within_is_told(tmp_path: Path) -> None:
    path = tmp_path / "piqa.parquet"
    published.write(path, published.HUB_ROWS["piqa"] * 50)
    whole = bytearray(path.read_bytes())
    whole[4:80] = bytes(76)
    path.write_bytes(whole)
    assert told("piqa", tmp_path).startswith(f"'{path}' is no Parquet file (")


def test_a_table_with_a_field_beyond_all_bounds_is_told(tmp_path: Path) -> None:
    path = tmp_path / "cloze_test_test__spring2016 - cloze_test_ALL_test.csv"
    path.write_text("InputStoryid,InputSentence1\n1," + "a" * 200_000 + "\n")
    assert told("storycloze_2016", tmp_path) == (
        f"line 1 of '{path}' is no CSV (field larger than field limit (131072)); get it again"
    )
