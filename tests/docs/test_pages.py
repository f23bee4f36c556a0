"""Pages that are made, links that lead somewhere, and a README that is read at once."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
ANCHORED = re.compile(r"\]\(([^)#\s]*)#([^)\s]+)\)")


def _benchmark(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "benchmarks" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_figures_is_what_its_command_writes():
    figures = _benchmark("figures")
    assert figures.PAGE.read_text() == figures.page(figures.read_figures())


def test_an_entry_without_a_day_is_refused(monkeypatch, tmp_path):
    figures = _benchmark("figures")
    monkeypatch.setattr(figures, "LEDGER", tmp_path / "figures.toml")
    figures.LEDGER.write_text('[[figure]]\ntopic = "t"\nwhat = "w"\nresult = "r"\ncommand = "c"\n')
    with pytest.raises(ValueError, match=r"^an entry must have the keys .*'day'"):
        figures.read_figures()


def test_the_page_of_recipes_is_what_its_command_writes():
    recipes = _benchmark("recipes")
    assert recipes.PAGE.read_text() == recipes.page(recipes.read_recipes())


def test_a_recipe_that_changed_after_it_was_fixed_is_refused(monkeypatch, tmp_path):
    recipes = _benchmark("recipes")
    monkeypatch.setattr(recipes, "ROOT", tmp_path)
    (tmp_path / "configs").mkdir()
    for path in (ROOT / "configs").glob("vgg16_w*.toml"):
        (tmp_path / "configs" / path.name).write_text(path.read_text() + "# later\n")
    with pytest.raises(ValueError, match=r"must stay as it was fixed"):
        recipes.read_recipes()


def test_a_line_of_the_ledger_that_belongs_to_no_recipe_is_refused(monkeypatch, tmp_path):
    recipes = _benchmark("recipes")
    line = json.loads(recipes.LEDGER.read_text().splitlines()[0]) | {"recipe": "0" * 64}
    monkeypatch.setattr(recipes, "LEDGER", tmp_path / "ledger.jsonl")
    recipes.LEDGER.write_text(json.dumps(line) + "\n")
    with pytest.raises(ValueError, match=r"must hold runs of recipes\.toml only"):
        recipes.read_recipes()


def test_the_readme_has_at_most_900_words():
    assert len((ROOT / "README.md").read_text().split()) <= 900


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_repository_leads_to_a_file(page):
    targets = [link for link in LINK.findall(page.read_text()) if "://" not in link]
    missing = [link for link in targets if not (page.parent / link).exists()]
    assert not missing


def anchors(text):
    """The anchors of a page's headings, as GitHub makes them."""
    found = []
    for heading in re.findall(r"^#+ (.*)$", FENCE.sub("", text), re.MULTILINE):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        anchor = re.sub(r"[^\w\- ]", "", shown).strip().replace(" ", "-")
        again = sum(re.fullmatch(rf"{re.escape(anchor)}(-\d+)?", one) is not None for one in found)
        found.append(f"{anchor}-{again}" if again else anchor)
    return set(found)


def lost_anchors(page):
    """Links of a page to headings that are not there."""
    for link, anchor in ANCHORED.findall(FENCE.sub("", page.read_text())):
        target = page.parent / link if link else page
        if (
            "://" not in link
            and target.suffix == ".md"
            and anchor not in anchors(target.read_text())
        ):
            yield f"{link}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_anchor_is_that_of_a_heading(page):
    assert not list(lost_anchors(page))


def test_an_anchor_that_no_heading_has_would_be_seen(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "# One, two `three`\n# A\n# A\n```\n# no heading\n```\n"
        "[1](#one-two-three) [2](#a-1) [3](page.md#a) [4](#no-heading) [5](page.md#b)\n"
    )
    assert list(lost_anchors(page)) == ["#no-heading", "page.md#b"]


@pytest.mark.parametrize("name", ["options.md", "configuration.md", "api.md"])
def test_the_reference_is_what_the_code_says(name):
    """``python benchmarks/reference.py`` writes it."""
    reference = _benchmark("reference")
    assert (reference.FOLDER / name).read_text() == reference.PAGES[name]()


def test_an_option_that_the_reference_lacks_would_be_seen(monkeypatch):
    reference = _benchmark("reference")
    before, commands = reference.options_page(), reference.Commands()
    command = commands["pack"]
    command.params.pop()
    monkeypatch.setattr(reference, "Commands", lambda: {**commands, "pack": command})
    assert reference.options_page() != before


def test_every_page_is_in_the_index():
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / link).resolve() for link in LINK.findall(index.read_text())}
    assert {page for page in (ROOT / "docs").rglob("*.md") if page != index} <= linked


def test_the_workflow_calls_targets_that_make_has():
    workflow = (ROOT / ".github" / "workflows" / "test.yml").read_text()
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    called = set(re.findall(r"make (?:--no-print-directory )?([a-z]+)$", workflow + hooks, re.M))
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    assert {"test", "demo", "format", "lint"} <= called <= targets
