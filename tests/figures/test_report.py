"""The report as a file: complete, escaped, well formed, the same for the same content, and refused where it must be."""

import base64
import math
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from report_content import COMMANDS, HEAD, HOSTILE, LONG, NUMBERS, RUNS, SVG, sections, written

from eval.results import Row
from figures.report.content import Cell, Column, Head, Section, Table, number, words
from figures.report.markup import addresses, escaped
from figures.report.numbers import facts_of, numbers_of, told
from figures.report.pictures import read_picture
from figures.report.write import write_report
from mixsched.errors import UsageError

VOID = {"meta", "link", "img", "input", "br"}


class Reader(HTMLParser):
    """The tags of a page with their attributes, and the text of the elements asked for; tags must close in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else "", data))

    def attributes(self, tag: str, name: str) -> list[str]:
        return [attributes[name] for found, attributes in self.tags if found == tag and name in attributes]


@pytest.fixture
def page(tmp_path) -> str:
    return written(tmp_path).read_text(encoding="utf-8")


def test_every_part_is_there_without_a_script(page):
    reader = Reader(page)
    texts = {text for _, text in reader.texts}
    assert {HEAD.title, "scale", "nano", "By share.", "How much code?", "All numbers of the figures", LONG} <= texts
    assert "\n".join(COMMANDS) in "".join(text for tag, text in reader.texts if tag == "code")
    assert f"no run of {LONG} yet" in texts
    assert "empty" not in texts
    rows = len(NUMBERS.rows) * 2 + len(NUMBERS.rows) * 2 + len(RUNS.rows)
    assert len(re.findall('<tr><th scope="row"', page)) == rows
    # What works by script alone is made by script alone.
    assert not {"button", "input"} & {tag for tag, _ in reader.tags}


def test_links_inside_the_page_lead_to_one_place_each(page):
    reader = Reader(page)
    places = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert len(places) == len(set(places))
    links = [link.removeprefix("#") for link in reader.attributes("a", "href")]
    assert len(links) == 8
    assert set(links) == set(places)


def test_nothing_is_loaded_from_elsewhere(page):
    reader = Reader(page)
    sources = [
        value for name in ("src", "href") for tag in ("img", "script", "link") for value in reader.attributes(tag, name)
    ]
    assert len(sources) == 3
    assert all(source.startswith("data:") for source in sources)
    assert "url(" not in page
    assert "@import" not in page


def test_whatever_a_name_holds_stays_text(page):
    assert HOSTILE not in page
    assert page.count("<script>") == 1
    reader = Reader(page)
    assert HOSTILE in "".join(text for tag, text in reader.texts if tag == "th")
    assert HOSTILE in reader.attributes("th", "data-key")


def test_what_html_has_no_character_for_is_replaced(tmp_path):
    assert escaped("a\x00b\ud800c\x1bd\te") == "a\ufffdb\ufffdc\ufffdd\te"
    out = write_report(tmp_path / "report.html", [], head=Head("half \ud83d of a pair"))
    assert "half \ufffd of a pair" in out.read_text(encoding="utf-8")


def test_pictures_are_inside_with_words_for_who_does_not_see_them(page):
    first, second = (attributes for tag, attributes in Reader(page).tags if tag == "img")
    assert first["alt"] == "25%, seeds 3: reasoning +3.2 ± 0.5 %. 100%, seeds 1: no number."
    assert second["alt"] == "A square of 40 by 20."
    data = first["src"].removeprefix("data:image/png;base64,")
    assert base64.b64decode(data) == Path("figures/readme/mixers.png").read_bytes()
    assert base64.b64decode(second["src"].removeprefix("data:image/svg+xml;base64,")) == SVG.encode()
    # An inch by half an inch, at 96 pixels an inch, 1.4 times as large as on paper.
    assert (second["width"], second["height"]) == ("134", "67")


def test_the_same_content_gives_the_same_bytes(tmp_path):
    first = written(tmp_path).read_bytes()
    assert written(tmp_path).read_bytes() == first


def test_numbers_of_all_figures_stand_in_one_table(tmp_path):
    table = numbers_of(sections(tmp_path))
    assert table is not None
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["Figure 4", "25%, seeds 3", "reasoning", "%", "+3.2 ± 0.5"],
        ["Figure 4", "100%, seeds 1", "reasoning", "%", "–"],  # noqa: RUF001
        ["Table 2", "25%, seeds 3", "reasoning", "%", "+3.2 ± 0.5"],
        ["Table 2", "100%, seeds 1", "reasoning", "%", "–"],  # noqa: RUF001
    ]
    assert [row[-1].key for row in table.rows] == [3.25, None, 3.25, None]
    assert numbers_of([Section("words alone")]) is None


def test_a_long_table_is_told_in_part():
    table = Table((Column("variant"), Column("loss")), tuple((words(f"v{n}"), number(n)) for n in range(14)))
    assert told(table).startswith("v0: loss 0. v1: loss 1.")
    assert told(table).endswith("v11: loss 11. The table has 2 more rows.")


def test_numbers_that_are_not_finite_have_no_place_in_an_order(tmp_path):
    table = Table((Column("run"), Column("loss")), ((words("a"), number(math.nan)), (words("b"), number(2.0))))
    page = write_report(tmp_path / "report.html", [], head=HEAD, runs=table).read_text()
    assert '<td class="number missing">nan</td>' in page
    assert '<td class="number" data-key="2.0">2.0</td>' in page


def test_facts_are_those_of_the_rows():
    rows = [
        Row(
            f"code25-nano-seed{seed}",
            "code25",
            "nano",
            seed,
            9,
            99,
            "t",
            "m",
            0.5,
            None,
            1,
            f"2026-11-0{day}T01:02",
            "0.1.0",
        )
        for seed, day in ((10, 3), (2, 1), (2, 2))
    ]
    assert dict(facts_of(rows)) == {
        "scale": "nano",
        "seeds": "2, 10",
        "experiments": "1",
        "runs": "2",
        "measured": "2026-11-01 to 2026-11-03",
        "version": "0.1.0",
    }
    assert dict(facts_of([]))["measured"] == "never"


def test_addresses_differ_even_where_one_looks_like_anothers_second():
    assert addresses(["a", "a 2", "a", "a"]) == ["a", "a-2", "a-3", "a-4"]


def test_a_table_refuses_rows_of_another_length_and_mixed_keys():
    with pytest.raises(UsageError, match=r"`rows`\[1\] has 1 cells; give one for each of the columns \['a', 'b'\]"):
        Table((Column("a"), Column("b")), ((words("x"), words("y")), (words("x"),)))
    with pytest.raises(UsageError, match="both numbers and words as keys of the column 'a'"):
        Table((Column("a"),), ((words("x"),), (Cell("1", 1.0),)))


def test_a_picture_without_words_is_refused(tmp_path):
    section = Section("Figure 4", picture=Path("figures/readme/mixers.png"))
    with pytest.raises(UsageError, match=r"'figures/readme/mixers.png' has no words; give `alt` or a `table`"):
        write_report(tmp_path / "report.html", [section], head=HEAD)


def test_a_picture_that_is_none_is_refused_by_name(tmp_path):
    cut = tmp_path / "cut.png"
    cut.write_bytes(Path("figures/readme/mixers.png").read_bytes()[:-40])
    text, drawing = tmp_path / "notes.txt", tmp_path / "drawing.svg"
    text.write_text("not a picture")
    drawing.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    for path in (cut, text, drawing):
        with pytest.raises(UsageError, match=f"'{re.escape(str(path))}' is no PNG or SVG picture"):
            read_picture(path)
    with pytest.raises(UsageError, match="is no file; draw it first"):
        read_picture(tmp_path)
