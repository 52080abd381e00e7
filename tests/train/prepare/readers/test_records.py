"""How a recipe's words pick a text, its provenance and whether it is wanted out of a record."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.corpora.document import Document
from train.prepare.readers import texts
from train.prepare.readers.jsonl import JsonLines
from train.prepare.readers.reader import Dropped
from train.prepare.readers.records import record_mapping
from train.prepare.readers.templates import MISSING, parse_path, parse_template


def made(record, **fields):
    return record_mapping(JsonLines(files=("a",), **fields)).to_document(record, source="s", origin="a@0")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a", 1),
        ("b.c", 2),
        ("b.d.e", None),
        ("b.x", MISSING),
        ("a.x", MISSING),
        ("x", MISSING),
        ("l[]", [1, 2]),
        ("o[].t", ["x", None]),
        ("o[].y", MISSING),
        ("n[].t", []),
        ("p[].q[].r", [["1", "2"], ["3"]]),
        ("b[]", MISSING),
        ("dot.ted", 3),
        ("b.d[].x", None),
    ],
)
def test_a_path_leads_to_a_field(path, value):
    record = {
        "a": 1,
        "b": {"c": 2, "d": None},
        "l": [1, 2],
        "o": [{"t": "x"}, {"t": None}, {}],
        "n": [],
        "p": [{"q": [{"r": "1"}, {"r": "2"}]}, {"q": [{"r": "3"}]}],
        "dot.ted": 3,
    }
    assert parse_path(path).find(record) == value


@pytest.mark.parametrize("path", ["", ".", "a.", "a..b", "[]", "a[]b", "a[][]", "[].a"])
def test_what_is_no_path_is_refused(path):
    with pytest.raises(ValueError, match="is no path of a field"):
        parse_path(path)


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("{a}: {b.c}", "x: y"),
        ("{{{a}}}", "{x}"),
        ("{m[].t}\n", "1\n\n2\n"),
        ("{none}-{missing}", "-"),
        ("{number}", "7"),
        ("a", "x"),
        ("=a {b}", "a {b}"),
    ],
)
def test_a_template_is_filled(template, filled):
    record = {"a": "x", "b": {"c": "y"}, "m": [{"t": "1"}, {"t": "2"}], "none": None, "number": 7}
    assert parse_template(template, between="\n\n").fill(record, numbers=True) == filled


@pytest.mark.parametrize("template", ["{", "}", "{a", "{a!r}", "{a:>3}", "{}", "{a..b}", "x}"])
def test_what_is_no_template_is_refused(template):
    with pytest.raises(ValueError, match=r"no template|no path|formats"):
        parse_template(template, between="")


def test_a_record_of_the_stack_becomes_a_document():
    record = {"content": "x = 1\n", "lang": "Python", "repo": "a/b", "path": "c.py", "licences": ["MIT", "Apache-2.0"]}
    fields = {"text": "content", "language": "lang", "licence": "licences", "origin": "{repo}/{path}", "group": "repo"}
    assert made(record, **fields) == Document("x = 1\n", "s", "a/b/c.py", "MIT AND Apache-2.0", "a/b", "Python")


def test_a_conversation_is_its_messages_with_empty_lines_between():
    record = {"messages": [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Yes."}]}
    assert made(record, text="messages[].content").text == "Hello?\n\nYes."


def test_constants_and_defaults_stand_where_a_record_says_nothing():
    document = made({"text": "t", "licence": None}, licence="=CC-BY-4.0", group="=one")
    assert (document.licence, document.group, document.origin, document.language) == ("CC-BY-4.0", "one", "a@0", "")
    document = made({"text": "t", "licence": None}, licence="licence", origin="{a}/{b}")
    assert (document.licence, document.origin) == ("unknown", "a@0")


@pytest.mark.parametrize(
    ("value", "where", "where_not"),
    [
        ("A", "", "where: meta.set is A"),
        ("C", "where: meta.set is C", ""),
        (["A", "B"], "", "where: meta.set is A"),
        (["A", "C"], "where: meta.set is C", "where: meta.set is A"),
        (["C"], "where: meta.set is C", ""),
        ([], "where: meta.set is missing", ""),
        (None, "where: meta.set is missing", ""),
        ({"x": 1}, "where: meta.set is {'x': 1}", ""),
        (True, "", "where: meta.set is True"),
        (1, "where: meta.set is 1", ""),
        (5.0, "", "where: meta.set is 5.0"),
        ("C" * 99, "where: meta.set is " + "C" * 60 + "...", ""),
    ],
)
def test_where_keeps_its_values_and_where_not_drops_them(value, where, where_not):
    values = ("A", "B", True, 5)
    for field, reason in (("where", where), ("where_not", where_not)):
        result = made({"text": "t", "meta": {"set": value}}, **{field: {"meta.set": values}})
        assert result == Dropped("a@0", reason) if reason else isinstance(result, Document)


def test_a_record_that_is_not_wanted_is_not_broken():
    assert made({"lang": "C", "text": 5}, where={"lang": ("Python",)}) == Dropped("a@0", "where: lang is C")


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"text": b"\xff"}, "not UTF-8"),
        ({"text": ["a", 1]}, "field 'text' is a number, not a string"),
        ({"text": "t", "licence": {"id": "MIT"}}, "field 'licence' is an object, not a string"),
        ({"text": "t", "licence": "\ud800"}, "not valid Unicode"),
        ({"licence": "MIT"}, "no field 'text'"),
    ],
)
def test_what_cannot_be_a_document_is_broken(record, reason):
    assert made(record, licence="licence") == Dropped("a@0", reason, broken=True)


def test_bytes_in_utf8_are_a_text():
    assert made({"text": "é".encode()}).text == "é"


def test_a_text_that_is_too_long_is_broken(monkeypatch):
    monkeypatch.setattr(texts, "MAX_DOCUMENT_BYTES", 10)
    assert made({"text": "é" * 5}).text == "é" * 5
    assert made({"text": "é" * 6}) == Dropped("a@0", texts.TOO_LONG, broken=True)


def test_a_notebook_in_a_field_becomes_its_cells():
    content = msgspec.json.encode(
        {"nbformat": 4, "cells": [{"cell_type": "code", "source": ["x = 1\n", "x"]}]}
    ).decode()
    document = made({"text": content}, format="notebook")
    assert (document.text, document.language) == ("```python\nx = 1\nx\n```", "Jupyter Notebook")
    assert made({"text": "{}"}, format="notebook") == Dropped("a@0", "not a Jupyter notebook", broken=True)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_nothing_but_line_ends_and_the_mark_is_changed(text):
    result = made({"text": text})
    if isinstance(result, Document):
        assert result.text == text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    else:
        assert result == Dropped("a@0", "empty")
        assert not text.removeprefix("\ufeff").strip()
