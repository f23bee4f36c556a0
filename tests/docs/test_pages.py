"""Pages that are made, links that lead somewhere, and a README that is read at once."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def _figures():
    spec = importlib.util.spec_from_file_location("figures", ROOT / "benchmarks" / "figures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_figures_is_what_its_command_writes():
    figures = _figures()
    assert figures.PAGE.read_text() == figures.page(figures.read_figures())


def test_an_entry_without_a_day_is_refused(monkeypatch, tmp_path):
    figures = _figures()
    monkeypatch.setattr(figures, "LEDGER", tmp_path / "figures.toml")
    figures.LEDGER.write_text('[[figure]]\ntopic = "t"\nwhat = "w"\nresult = "r"\ncommand = "c"\n')
    with pytest.raises(ValueError, match=r"^an entry must have the keys .*'day'"):
        figures.read_figures()


def test_the_readme_has_at_most_900_words():
    assert len((ROOT / "README.md").read_text().split()) <= 900


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_repository_leads_to_a_file(page):
    targets = [link for link in LINK.findall(page.read_text()) if "://" not in link]
    missing = [link for link in targets if not (page.parent / link).exists()]
    assert not missing


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
