"""docs/how-to/add.md shows the package as it is: all of it, and what it says is registered is."""

from __future__ import annotations

import re
import shlex
import shutil

import pytest

from tests.chain import tilewright
from tests.extension.conftest import EXTENSION, PACKAGE, REGISTRIES, entry_points
from tilewright.cores import SIMULATORS

PAGE = EXTENSION.parents[1] / "docs" / "how-to" / "add.md"
BLOCK = re.compile(r"^`([^`\n]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DECLARED = re.compile(
    r"^Register it: `\[project\.entry-points\.\"(\S+)\"\]`, `(\S+) = \"(\S+)\"`\.$", re.MULTILINE
)


COMMAND = re.compile(r"^    (tilewright .*)$", re.MULTILINE)


def differences(page: str) -> list[str]:
    """What differs between the blocks of a page and the files of the package."""
    shown = dict(BLOCK.findall(page))
    files = {EXTENSION / "pyproject.toml", *(EXTENSION / PACKAGE).glob("*.*")}
    names = {str(file.relative_to(EXTENSION)) for file in files} - {f"{PACKAGE}/__init__.py"}
    wrong = [name for name in names & shown.keys() if (EXTENSION / name).read_text() != shown[name]]
    return sorted([*wrong, *(names ^ shown.keys())])


def test_the_page_shows_every_file_of_the_package_as_it_is():
    page = PAGE.read_text()
    assert page.count("\n```") == 2 * len(BLOCK.findall(page))  # no block stands without its name
    assert not differences(page), "show these files in docs/how-to/add.md as they are"


def test_a_page_that_has_grown_old_is_found():
    page = PAGE.read_text()
    assert differences(page.replace("BEFORE = (", "BEFORE = [")) == [f"{PACKAGE}/simulator.py"]
    assert differences(page.replace(f"`{PACKAGE}/op.py`:", "The op:")) == [f"{PACKAGE}/op.py"]


@pytest.mark.rtl
def test_every_command_of_the_page_does_what_it_says(extras, extended, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(SIMULATORS, "_things", {"polite-icarus": SIMULATORS.get("polite-icarus")})
    commands = [shlex.split(line)[1:] for line in COMMAND.findall(PAGE.read_text())]
    assert len(commands) == 15
    for words in commands:
        if words[0] == "run":  # it is the same run but for what the page adds below
            shutil.copytree(extended, words[words.index("--out") + 1])
            continue
        done = tilewright(*words)
        if words[0] != "doctor":  # which judges everything else on this machine too
            assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr


def test_what_the_page_declares_is_declared():
    declared = DECLARED.findall(PAGE.read_text())
    assert len(declared) == 5
    for group, name, at in declared:
        assert entry_points()[group][name] == at
    words = PAGE.read_text()
    for group in entry_points():
        assert f"tilewright.{group.removeprefix('tilewright.')}" in words


def test_the_package_adds_to_every_registry_that_takes_things_from_outside(extras):
    groups = {registry.group: registry for registry in REGISTRIES}
    assert groups.keys() == entry_points().keys()
    for group, points in entry_points().items():
        for name in points:
            assert name in groups[group]
            assert type(groups[group].get(name)).__name__ != "EntryPoint"


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.kind)
def test_nothing_is_registered_for_longer_than_a_test(registry):
    assert not {name for points in entry_points().values() for name in points} & {*registry.names()}
