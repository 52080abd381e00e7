"""The report in a real browser: it loads nothing, sorts, filters and copies by mouse and keyboard, and fits a phone."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from report_content import COMMANDS, HEAD, HOSTILE, LONG, written
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

SECTION_OF_RUNS = "#all-runs-2"


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    found = [shutil.which("chromium"), shutil.which("chromedriver")]
    if None in found:
        pytest.skip("no browser here; install one: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = str(found[0])
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    for argument in ("--headless=new", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)
    if os.geteuid() == 0:
        # Chromium has no sandbox for root; the page is our own.
        options.add_argument("--no-sandbox")
    driver = webdriver.Chrome(options=options, service=Service(found[1]))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("report"))


@pytest.fixture
def page(browser: webdriver.Chrome, report: Path) -> webdriver.Chrome:
    """The report, freshly opened on a screen of 1280 pixels, with nothing logged before."""
    seen_as(browser, width=1280, scheme="light")
    for log in ("browser", "performance"):
        browser.get_log(log)
    browser.get(report.as_uri())
    return browser


def seen_as(browser: webdriver.Chrome, *, width: int, scheme: str) -> None:
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})


def runs(page: webdriver.Chrome) -> list[str]:
    """The names of the runs that are shown, from top to bottom."""
    heads = page.find_elements(By.CSS_SELECTOR, f"{SECTION_OF_RUNS} tbody tr:not([hidden]) th")
    return [str(head.get_property("textContent")) for head in heads]


def head(page: webdriver.Chrome, title: str) -> WebElement:
    (found,) = [
        each
        for each in page.find_elements(By.CSS_SELECTOR, f"{SECTION_OF_RUNS} thead th")
        if each.text.startswith(title)
    ]
    return found


def press(page: webdriver.Chrome, *keys: str) -> None:
    webdriver.ActionChains(page).send_keys(*keys).perform()


def test_it_opens_complete_without_an_error_or_a_request(page, report):
    assert page.title == HEAD.title
    widths = page.execute_script("return [...document.images].map((each) => each.complete && each.naturalWidth)")
    assert len(widths) == 2
    assert all(width > 0 for width in widths)
    assert page.get_log("browser") == []
    events = [json.loads(entry["message"])["message"] for entry in page.get_log("performance")]
    asked = {each["params"]["request"]["url"] for each in events if each["method"] == "Network.requestWillBeSent"}
    assert report.as_uri() in asked
    assert {url.partition(":")[0] for url in asked} <= {"file", "data"}
    assert {url for url in asked if url.startswith("file:")} == {report.as_uri()}


def test_a_hostile_name_is_shown_and_does_nothing(page):
    assert HOSTILE in runs(page)
    assert page.title == HEAD.title


def test_the_page_may_not_load_or_run_anything_more(page):
    """The policy in the page holds: a script, a style and an image from elsewhere are refused by the browser."""
    page.execute_script(
        """
        const script = document.createElement("script");
        script.textContent = "document.title = 'taken'";
        const image = document.createElement("img");
        image.src = "http://127.0.0.1:9/picture.png";
        document.body.append(script, image);
        """
    )
    assert page.title == HEAD.title
    told = " ".join(entry["message"] for entry in page.get_log("browser"))
    assert "script-src" in told
    assert "img-src" in told


def test_a_click_sorts_by_number_and_the_next_reverses_with_the_missing_last(page):
    at_first = runs(page)
    assert at_first == ["code50", "code100", "code25", HOSTILE, LONG]
    loss = head(page, "loss")
    loss.find_element(By.TAG_NAME, "button").click()
    assert runs(page) == [HOSTILE, LONG, "code50", "code100", "code25"]
    assert loss.get_attribute("aria-sort") == "ascending"
    loss.find_element(By.TAG_NAME, "button").click()
    assert runs(page) == ["code100", "code50", LONG, HOSTILE, "code25"]
    assert loss.get_attribute("aria-sort") == "descending"


def test_equal_rows_keep_their_order_either_way_and_one_head_alone_is_marked(page):
    head(page, "loss").find_element(By.TAG_NAME, "button").click()
    seed = head(page, "seed")
    seed.find_element(By.TAG_NAME, "button").click()
    assert runs(page) == [HOSTILE, LONG, "code50", "code100", "code25"]
    seed.find_element(By.TAG_NAME, "button").click()
    assert runs(page) == ["code25", HOSTILE, LONG, "code50", "code100"]
    marked = page.find_elements(By.CSS_SELECTOR, f"{SECTION_OF_RUNS} thead [aria-sort]")
    assert [each.text.split()[0] for each in marked] == ["seed"]


def test_words_sort_as_people_count(page):
    head(page, "experiment").find_element(By.TAG_NAME, "button").click()
    assert runs(page) == [HOSTILE, LONG, "code25", "code50", "code100"]


def test_the_keyboard_reaches_a_head_and_sorts(page):
    page.find_element(By.CSS_SELECTOR, f"{SECTION_OF_RUNS} input").click()
    # From the box over the table itself, which scrolls by arrows, and its first two heads to the third.
    press(page, *[Keys.TAB] * 4)
    assert page.switch_to.active_element.text.startswith("scale")
    press(page, Keys.ENTER)
    assert runs(page)[0] == LONG
    press(page, Keys.SPACE)
    assert runs(page)[-1] == LONG
    assert page.switch_to.active_element.text.startswith("scale")


def test_the_filter_keeps_rows_with_every_word_and_counts_them(page):
    box = page.find_element(By.CSS_SELECTOR, f"{SECTION_OF_RUNS} input")
    box.send_keys("NANO code")
    assert runs(page) == ["code50", "code100", "code25", HOSTILE]
    box.send_keys("25")
    assert runs(page) == ["code25"]
    count = page.find_element(By.CSS_SELECTOR, f"{SECTION_OF_RUNS} output")
    assert count.text == "1 of 5 rows"
    box.send_keys(Keys.CONTROL, "a")
    box.send_keys(Keys.DELETE)
    assert len(runs(page)) == 5
    assert count.text == "5 of 5 rows"


def test_commands_are_copied_as_they_stand(page):
    button = page.find_element(By.CSS_SELECTOR, ".commands button")
    button.click()
    page.execute_async_script("const done = arguments[0]; setTimeout(done, 100)")
    assert button.text == "Copied"
    box = page.find_element(By.CSS_SELECTOR, f"{SECTION_OF_RUNS} input")
    box.send_keys(Keys.CONTROL, "v")
    # A box of one line takes the end of a line as nothing.
    assert box.get_property("value").replace(" ", "") == "".join(COMMANDS).replace(" ", "")


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_leaves_the_screen(page, width):
    seen_as(page, width=width, scheme="light")
    page.execute_script("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    wide = page.execute_script(
        """
        const boxes = ".scroll, .picture, pre";
        const free = [...document.querySelectorAll("body *")].filter((each) => !each.parentElement.closest(boxes));
        const outside = free.filter((each) => each.getBoundingClientRect().right > innerWidth + 0.5);
        return outside.map((each) => each.outerHTML.slice(0, 80));
        """
    )
    assert wide == []
    assert page.execute_script("return document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_the_page_and_pictures_stay_on_white(page, scheme):
    seen_as(page, width=1280, scheme=scheme)
    behind = page.find_element(By.TAG_NAME, "body").value_of_css_property("background-color")
    assert (luminance(behind) < 0.1) == (scheme == "dark")
    for place in (
        "h1",
        "p",
        ".question",
        "dt",
        "nav a",
        "figcaption",
        "ul.gaps",
        "summary",
        ".unit",
        ".commands button",
    ):
        colour = page.find_element(By.CSS_SELECTOR, place).value_of_css_property("color")
        dark, bright = sorted((luminance(colour), luminance(behind)))
        # WCAG 2.2, success criterion 1.4.3.
        assert (bright + 0.05) / (dark + 0.05) >= 4.5, place
    assert luminance(page.find_element(By.TAG_NAME, "img").value_of_css_property("background-color")) == 1.0


def luminance(colour: str) -> float:
    """Relative luminance of a CSS colour, by WCAG 2.2."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
