"""Notebooks become what people wrote in them."""

import json

import pytest

from train.prepare.readers import notebooks
from train.prepare.readers.notebooks import NOT_A_NOTEBOOK, NOTEBOOK, Notebooks, notebook_text
from train.prepare.readers.reader import Dropped


def read_all(reader, data):
    return [each for part in reader.parts(data) for each in reader.read(data, part, source="s")]


def cell(kind, source, **fields):
    return {"cell_type": kind, "source": source, **fields}


def text_of(cells, **fields):
    return notebook_text(json.dumps({"nbformat": 4, "cells": cells, **fields}).encode())


def test_cells_stand_in_order_without_outputs():
    output = {"output_type": "stream", "text": ["secret"]}
    cells = [
        cell("markdown", ["# Title\n", "words"]),
        cell("code", "x = 1\nx\n", outputs=[output], execution_count=1),
        cell("raw", "raw"),
        cell("code", []),
        cell("markdown", "\n"),
        cell("code", ["print(x)"], outputs=[]),
    ]
    assert text_of(cells) == "# Title\nwords\n\n```python\nx = 1\nx\n```\n\n```python\nprint(x)\n```"


@pytest.mark.parametrize(
    ("metadata", "language"),
    [
        ({"language_info": {"name": "R"}}, "r"),
        ({"kernelspec": {"language": "julia", "name": "x"}}, "julia"),
        ({"language_info": {"name": "scala"}, "kernelspec": {"language": "x"}}, "scala"),
        ({"language_info": None, "kernelspec": []}, "python"),
        ({"language_info": {"name": 5}}, "python"),
        ({"language_info": {"name": "a\nb"}}, "python"),
        ({}, "python"),
    ],
)
def test_fences_name_the_language_of_the_kernel(metadata, language):
    assert text_of([cell("code", "x")], metadata=metadata) == f"```{language}\nx\n```"


def test_a_fence_is_longer_than_those_within():
    assert text_of([cell("code", 'print("````")')]) == '`````python\nprint("````")\n`````'


def test_nbformat_3_has_worksheets_inputs_and_headings():
    cells = [
        {"cell_type": "heading", "level": 2, "source": ["Title"]},
        {"cell_type": "code", "input": ["x <- 1\n", "x"], "language": "r", "outputs": [{"text": "no"}]},
        {"cell_type": "markdown", "source": "words"},
    ]
    content = json.dumps({"nbformat": 3, "metadata": {"name": ""}, "worksheets": [{"cells": cells}, {}]})
    assert notebook_text(content) == "## Title\n\n```r\nx <- 1\nx\n```\n\nwords"


def test_odd_numbers_in_outputs_and_a_byte_order_mark_do_no_harm():
    content = (
        b'\xef\xbb\xbf{"cells": [{"cell_type": "code", "source": "x", "outputs": [{"data": NaN}]}], "metadata": {}}'
    )
    assert notebook_text(content) == "```python\nx\n```"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"{",
        b"\xff",
        b'{"cells": 5}',
        b'{"cells": [{"source": "x"}]}',
        b'{"cells": [{"cell_type": "code", "source": {"x": 1}}]}',
        b'{"cells": null}',
        b"[" * 200_000,
    ],
)
def test_what_is_no_notebook_is_refused(content):
    with pytest.raises(ValueError, match=NOT_A_NOTEBOOK):
        notebook_text(content)


def test_files_become_documents_and_bad_ones_cost_only_themselves(tmp_path, monkeypatch):
    monkeypatch.setattr(notebooks, "MAX_DOCUMENT_BYTES", 2_000)
    good = json.dumps({"cells": [cell("markdown", "words")], "metadata": {}})
    (tmp_path / "deep").mkdir()
    (tmp_path / ".ipynb_checkpoints").mkdir()
    for name, content in {
        "deep/a.ipynb": good,
        "b.ipynb": "{",
        "c.ipynb": '{"cells": []}',
        "d.ipynb": good + " " * 2_000,
        "da.ipynb": json.dumps({"cells": [cell("markdown", "\ud800")]}),
        "gone.ipynb": good,
        ".ipynb_checkpoints/a.ipynb": good,
    }.items():
        (tmp_path / name).write_text(content)
    reader = Notebooks(licence="MIT")
    (part,) = reader.parts(tmp_path)
    (tmp_path / "gone.ipynb").unlink()
    *dropped, document, gone = list(reader.read(tmp_path, part, source="s"))
    assert dropped == [
        Dropped("b.ipynb", NOT_A_NOTEBOOK, broken=True),
        Dropped("c.ipynb", "empty"),
        Dropped("d.ipynb", "longer than 16 MB", broken=True),
        Dropped("da.ipynb", "not valid Unicode", broken=True),
    ]
    assert (document.text, document.licence, document.language) == ("words", "MIT", NOTEBOOK)
    assert document.origin == "deep/a.ipynb"
    assert gone == Dropped("gone.ipynb", "cannot be read", broken=True)
