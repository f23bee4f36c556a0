"""The commands: one module each, named as it is typed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import tilewright
from tilewright import cli

SHARED = {"recover", "verify", "simulate", "cosim"}
"""Stages of the chain, which are all run in one way."""

KEYWORDS = {"try": "try_core"}
"""A keyword of Python is no name of a module."""


def test_each_command_has_a_module_of_its_name():
    found = {}
    for command in cli.app.registered_commands:
        name = command.name or command.callback.__name__
        found[name] = command.callback.__module__.removeprefix("tilewright.cli.")
    usual = {name: "stages" if name in SHARED else name.replace("-", "_") for name in found}
    assert found == usual | KEYWORDS
    assert set(found.values()) == set(cli.COMMANDS)


def test_help_lists_them_in_the_order_of_their_modules():
    modules = [command.callback.__module__ for command in cli.app.registered_commands]
    assert list(dict.fromkeys(modules)) == [f"tilewright.cli.{name}" for name in cli.COMMANDS]


def test_help_groups_every_command_and_loads_no_rich(tmp_path):
    """Plain text with headings; both spellings; the examples' commands exist."""
    found = [
        subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "tilewright", option],
            capture_output=True, text=True, check=True, cwd=tmp_path,
        )
        for option in ("-h", "--help")
    ]  # fmt: skip
    assert found[0].stdout == found[1].stdout
    assert not re.search(r"\| +(rich|pydantic|numpy|torch)\b", found[0].stderr)
    page = found[0].stdout
    places = [page.index(f"\n{title}:\n") for title in cli.GROUPS]
    assert places == sorted(places)
    names = {command.name or command.callback.__name__ for command in cli.app.registered_commands}
    assert set(re.findall(r"^  ([a-z][a-z-]*) {2}", page, re.MULTILINE)) == names
    assert {line.split()[1] for line in page.splitlines() if line[:13] == "  tilewright "} < names


def test_the_version_is_the_package_s(run_command):
    assert run_command("--version") == (0, f"tilewright {tilewright.__version__}\n", "")


def test_a_misspelt_command_is_met_with_the_near_one(run_command):
    status, out, err = run_command("paln")
    assert (status, out) == (2, "")
    assert err == "error: No such command 'paln'. Did you mean 'plan'? (see --help)\n"


def test_other_modules_of_the_room_have_no_command():
    modules = {path.stem for path in Path(cli.__file__).parent.glob("*.py")}
    assert modules - set(cli.COMMANDS) == {
        *("__init__", "after_dashes", "app", "console", "explain_files", "run_folder", "summary"),
    }
