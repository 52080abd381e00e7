"""What is measured of a text: characters, lines, data, words and what a page shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.prepare.filters.characters import alphanumeric_share, byte_length, code_points, letter_share
from train.prepare.filters.encoded import data_share
from train.prepare.filters.lines import longest_line, mean_line_length, repeated_line_share
from train.prepare.filters.prose import lettered_word_share, mean_word_length, symbols_per_word
from train.prepare.filters.visible import is_html, visible_length

ANY_TEXT = st.text(st.characters(exclude_categories=())) | st.text(
    st.sampled_from("aZ09 _-\n\x00\ud800\u00bd\u0660\u00e9\u4e2d")
)
SHARES = (alphanumeric_share, letter_share, data_share, repeated_line_share)


@given(ANY_TEXT)
def test_shares_of_characters_are_exactly_those_of_python(text: str) -> None:
    assert alphanumeric_share(text) == sum(map(str.isalnum, text)) / max(1, len(text))
    assert letter_share(text) == sum(map(str.isalpha, text)) / max(1, len(text))


@given(ANY_TEXT)
def test_code_points_and_bytes_are_those_of_python(text: str) -> None:
    assert code_points(text).tolist() == list(map(ord, text))
    assert byte_length(text) == len(text.encode("utf-8", "surrogatepass"))


@given(ANY_TEXT)
def test_every_text_has_shares_from_0_to_1(text: str) -> None:
    assert all(0 <= share(text) <= 1 for share in SHARES)
    assert 0 <= lettered_word_share(text.split()) <= 1
    assert 0 <= visible_length(text) <= len(text)
    assert mean_line_length(text) <= longest_line(text) <= len(text)


def test_an_empty_text_has_none_of_anything() -> None:
    assert [share("") for share in SHARES] == [0, 0, 0, 0]
    assert (longest_line(""), mean_line_length("")) == (0, 0)
    assert (mean_word_length([]), symbols_per_word("", []), lettered_word_share([])) == (0, 0, 0)


def test_a_line_is_measured_without_its_end() -> None:
    assert longest_line("ab\r\nabc\r\n") == 3
    assert mean_line_length("ab\r\nabcd") == 3
    assert mean_line_length("\n\n") == 0


def test_lines_that_are_there_already_are_counted_but_blank_ones_are_not() -> None:
    assert repeated_line_share("a\nb\nc\n") == 0
    assert repeated_line_share("a\n\n\n\nb\n\ta \n") == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    "data",
    [
        "QUJD/x+9" * 8,
        "deadbeef" * 8 + "==",
        "\\x00" * 8,
        "\\u00e9" * 8,
        "1 2 3 4 5 6 7 8",
        "0.5, 1e-5, 3.25f, -7, 10UL, 0x1F, 1_000, 9",
        "7f 45 4c 46 de ad be ef",
        "1, 2], [3, 4], [5, 6], {7: 8",
        "2020-01-02 03:04:05; 17.5 | 18",
    ],
)
def test_a_run_of_data_is_counted_whole(data: str) -> None:
    assert data_share(f"x = {data}\n") * len(f"x = {data}\n") == pytest.approx(len(data))


@pytest.mark.parametrize(
    "text",
    [
        "A" * 63,
        "/" * 200,
        "=" * 200,
        "1 2 3 4 5 6 7",
        "\\x00" * 7,
        "for i in range(10): a[i] = b[i + 1] * 2 + c[3] - 4 * d[5] / 6 + 7 * e[8]\n",
        "apple\nbanana\ncherry\n" * 30,
        "In 1999 and 2001 a bee fed a cafe face 3 bad cabs added 5 dead decade 7 beef\n",
    ],
)
def test_code_and_prose_are_no_data(text: str) -> None:
    assert data_share(text) == 0


def test_only_the_runs_that_are_long_enough_are_counted() -> None:
    assert data_share("A" * 64 + " " + "B" * 63) == 0.5


def test_numbers_beside_base64_are_both_counted_and_once() -> None:
    assert data_share("A" * 64 + " " + "1234567890" * 7 + " 1 2 3 4 5 6 7 8") == pytest.approx(149 / 151)


def test_symbols_are_hash_signs_or_ellipses() -> None:
    for text in ("# # a b", "a... b\u2026 # d"):
        assert symbols_per_word(text, text.split()) == 0.5


def test_a_word_has_a_letter_in_any_script() -> None:
    assert lettered_word_share(["\u4e2d", "(x)", "12", "--", "_"]) == 0.4


def test_a_page_shows_no_tags_comments_scripts_or_styles() -> None:
    page = (
        "<!DOCTYPE html><style>p {a: b}</style><body class='c'><!-- <p>no</p> --><p>One\n  <b>two</b></p>"
        "<SCRIPT src=x>if (1 < 2) no();</SCRIPT >&lt;3</body><script>no"
    )
    assert visible_length(page) == len("One two &lt;3")


def test_less_than_is_no_tag() -> None:
    assert visible_length("1 < 2 and a <3 > 2") == len("1 < 2 and a <3 > 2")


def test_a_page_is_told_by_its_language_or_its_beginning() -> None:
    assert is_html("", "HTML")
    assert is_html("\n<!doctype HTML>", "")
    assert is_html("<!-- licence --> <html lang='en'>", "")
    assert not is_html("<html>", "PHP")
    assert not is_html("see <html>", "")
    assert not is_html("<htmlx>", "")
