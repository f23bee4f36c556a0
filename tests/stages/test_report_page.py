"""The report as a person meets it: one file, in a real browser, by keyboard, in both themes."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from tests.browser import Browser
from tests.chain import tilewright
from tests.vgg16_report import vgg16_page

STATE = "document.querySelector('#motion .says').textContent"
CHOSEN = "document.querySelector('#motion .registers').textContent"


@pytest.fixture(scope="module")
def report(finished):
    return finished / "report.html"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    one = Browser(tmp_path_factory.mktemp("chromium"))
    yield one
    one.close()


@pytest.fixture
def page(browser, report):
    browser.open(report)
    browser.wait_for("document.getElementById('motion').dataset.ready")
    return browser


class Marks(HTMLParser):
    """Elements that are open at the end, ids, and the targets of links within the page."""

    VOID = frozenset({"meta", "link", "img", "br", "rect", "line", "path", "circle"})

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.targets = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids += [found["id"]] if "id" in found else []
        if tag == "a":
            self.targets.append(found["href"])
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag, (tag, self.getpos())


def test_the_page_is_whole_and_says_what_was_run(report):
    text = report.read_text()
    assert len(text) < 3_000_000
    marks = Marks(text)
    assert (marks.open, len(marks.ids)) == ([], len(set(marks.ids)))
    assert {target.removeprefix("#") for target in marks.targets} - {"timeline.json"} <= set(
        marks.ids
    )
    events = json.loads((report.parent / "timeline.json").read_text())["traceEvents"]
    cycles = json.loads((report.parent / "summary.json").read_text())["sim"]["cycles"]
    assert events[-1]["ts"] + events[-1]["dur"] == cycles
    for words in (
        *("<h1>vgg_tiny on an array of 8x8 PEs</h1>", "digits, 7 layers, W4 A4"),
        *("Proved, for every input", "Compared, number by number", "Neither proved nor compared"),
        *("Test image 0: the network says", "choke: one tile", "weight codes of features.15"),
        *(
            "cycles of features.15: load 72, stream 324, drain 171",
            "tilewright run run/config.toml",
        ),
    ):
        assert words in text, words
    assert (
        text.count("data:image/png") == 1 + 7 + 1
    )  # the image, what each layer reads, one more sample


def test_no_message_no_request_and_ready_at_once(page):
    assert page.told == []
    assert page.asked == [page.ask("location.href")]
    assert page.ask("Number(document.getElementById('motion').dataset.ready)") < 1000 * 3


def test_the_browser_would_have_told(page):
    """What the two lists are made of does notice a message, and an image from elsewhere."""
    page.ask("console.error('told'); new Image().src = 'https://example.invalid/a.png'; 0")
    page.wait_for("true")
    assert any("told" in one for one in page.told)
    assert any("Content Security Policy" in one for one in page.told)


def test_every_control_is_reached_and_used_by_keyboard(page):
    before = page.ask(STATE)
    page.ask("document.querySelector('#motion input[type=radio]').focus(), 0")
    page.press("Tab", "Tab", "Tab")
    assert page.ask("document.activeElement.textContent") == "Step"
    page.press("Enter")
    assert page.ask(STATE) != before
    page.press("Tab", "Home")
    assert page.ask(STATE).startswith("Cycle 1 of ")
    page.press("ArrowRight")
    assert page.ask(STATE).startswith("Cycle 2 of ")
    page.press("Tab", "Tab")
    row, column = map(int, re.findall(r"\d+", page.ask(CHOSEN))[:2])
    page.press(*["ArrowUp"] * row, *["ArrowLeft"] * column)
    assert page.ask(CHOSEN).startswith("PE in row 0, column 0: ")
    page.press("ArrowDown", "ArrowRight", "ArrowRight")
    assert page.ask(CHOSEN).startswith("PE in row 1, column 2: ")


def test_it_plays_and_stops(page):
    page.ask("document.querySelector('#motion button').focus(), 0")
    before = page.ask(STATE)
    page.press(" ")
    assert page.ask("document.activeElement.textContent") == "Pause"
    page.wait_for(f"{STATE} !== {before!r}")
    page.press(" ")
    assert page.ask("document.activeElement.textContent") == "Play"


def test_each_dataflow_moves_and_its_sums_are_right(page):
    """What the page says of each PE is a sum, and in every one that it shows both sides are equal."""
    titles = page.ask(
        "[...document.querySelectorAll('#motion label')].map(one => one.textContent.trim())"
    )
    assert titles == ["weight stationary (this run)", "two-channel", "output stationary"]
    for place, name in enumerate(titles):
        title = name.removesuffix(" (this run)")
        page.ask(f"document.querySelectorAll('#motion input[type=radio]')[{place}].click(), 0")
        page.wait_for(f"document.getElementById('motion').dataset.dataflow === '{title}'")
        found = page.ask(
            "(() => { const said = [], scrub = document.querySelector('#motion input[type=range]');"
            "for (let at = 0; at <= scrub.max; at += 7) {"
            "scrub.value = at; scrub.dispatchEvent(new Event('input'));"
            "for (const pe of document.querySelectorAll('.pe')) { pe.click(); said.push("
            f"{CHOSEN}); }} }} return said; }})()"
        )
        sums = [re.search(r"psum (\S+) from [^+]*\+ (.*) = (\S+?)[;.]", one) for one in found]
        sums = [one.groups() for one in sums if one]
        assert len(sums) > 300
        for base, products, total in sums:
            text = f"{base} + {products} == {total}"
            text = text.replace("\N{MINUS SIGN}", "-").replace("\N{MULTIPLICATION SIGN}", "*")
            assert eval(text), text
        assert ("+" in sums[0][1]) == (place == 1)


def test_a_page_of_vgg16_is_ready_within_a_second_of_work(browser, tmp_path):
    """In time of the processor, so that other work on it does not count."""
    path = tmp_path / "vgg16.html"
    path.write_text(vgg16_page())
    assert path.stat().st_size < 3_000_000
    assert path.read_text().count("<article") == 14
    browser.call("Performance.disable")
    browser.call("Performance.enable", timeDomain="threadTicks")
    browser.open(path)
    browser.wait_for("document.getElementById('motion').dataset.ready")
    metrics = browser.call("Performance.getMetrics")["metrics"]
    spent = next(one["value"] for one in metrics if one["name"] == "TaskDuration")
    assert browser.told == []
    assert 0.01 < spent < 1.0


def test_the_page_fits_a_phone(page):
    page.call(
        "Emulation.setDeviceMetricsOverride",
        width=360,
        height=740,
        deviceScaleFactor=1,
        mobile=True,
    )
    try:
        assert page.ask("document.documentElement.scrollWidth") <= 360
    finally:
        page.call("Emulation.clearDeviceMetricsOverride")


def test_the_same_run_gives_the_same_page(run):
    before = (run / "report.html").read_bytes()
    assert tilewright("report", run).returncode == 0
    assert (run / "report.html").read_bytes() == before


def test_two_runs_are_compared(run, finished, tmp_path):
    same = tilewright("report", "--compare", finished, run)
    assert (same.returncode, same.stdout) == (0, "0 differences\n")
    words = ("--set", "array.psum_bits=24", "--set", "array.schedule=overlapped")
    assert tilewright("export", run, *words).returncode == 0
    assert tilewright("simulate", run).returncode == 0
    before = {path: path.stat().st_mtime_ns for path in finished.rglob("*")}
    page = tmp_path / "both.html"
    done = tilewright("report", "--compare", finished, run, "--json", "--out", page)
    found = {(one["where"], one["what"]): one for one in json.loads(done.stdout)["differences"]}
    assert found["configuration", "array.psum_bits"]["second"] == "24"
    assert found["result", "verdict"] == {
        "where": "result",
        "what": "verdict",
        "first": "pass",
        "second": "fail",
        "change": None,
    }
    cycles = found["features.15", "model cycles"]
    assert (cycles["first"], cycles["second"]) == ("567", "171")
    assert round(cycles["change"], 3) == round(171 / 567, 3)
    assert ("features.15", "folds") not in found
    assert Marks(page.read_text()).open == []
    assert "<td>array.psum_bits</td><td>20</td><td>24</td>" in page.read_text()
    assert "features.15" in tilewright("report", "--compare", finished, run).stdout
    assert {path: path.stat().st_mtime_ns for path in finished.rglob("*")} == before


@pytest.mark.parametrize("words", [("--compare",), (), ("--compare", "again")])
def test_a_comparison_takes_two_runs(finished, words):
    folders = (finished,) if "again" not in words and words else (finished, finished)
    done = tilewright("report", *[word for word in words if word != "again"], *folders)
    assert done.returncode == 2
    assert "compare" in done.stderr
