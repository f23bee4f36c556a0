"""The commands: one module each, named as it is typed."""

from __future__ import annotations

from pathlib import Path

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


def test_other_modules_of_the_room_have_no_command():
    modules = {path.stem for path in Path(cli.__file__).parent.glob("*.py")}
    assert modules - set(cli.COMMANDS) == {
        *("__init__", "after_dashes", "app", "console", "explain_files", "run_folder", "summary"),
    }
