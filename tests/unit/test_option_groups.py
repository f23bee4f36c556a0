"""A dataclass among the arguments of a command: typer sees its fields, the command gets it whole."""

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from tilewright.cli.option_groups import takes_groups


@dataclass(frozen=True, slots=True)
class Paint:
    color: Annotated[str, typer.Option("--color", help="Of the wall.")] = "white"
    coats: Annotated[int, typer.Option("--coats")] = 2


@dataclass(frozen=True, slots=True)
class Brush:
    width: Annotated[int, typer.Option("--width")]


@pytest.fixture
def program():
    app, seen = typer.Typer(rich_markup_mode=None), []

    @app.command()
    @takes_groups
    def paint(
        wall: Annotated[str, typer.Argument()],
        *,
        is_dry: Annotated[bool, typer.Option("--dry")] = False,
        paint: Paint,
        brush: Brush,
    ) -> None:
        """Paint a wall."""
        seen.append((wall, is_dry, paint, brush))

    return app, seen


def test_a_command_gets_its_groups_whole(program):
    app, seen = program
    assert CliRunner().invoke(app, ["north", "--width", "5"]).exit_code == 0
    words = ["south", "--dry", "--coats", "3", "--width", "1"]
    assert CliRunner().invoke(app, words).exit_code == 0
    assert seen == [
        ("north", False, Paint(), Brush(5)),
        ("south", True, Paint(coats=3), Brush(1)),
    ]


def test_help_lists_the_fields_where_the_group_stands(program):
    said = CliRunner().invoke(program[0], ["--help"]).output
    places = [
        said.index(name) for name in ("--dry", "--color", "Of the wall.", "--coats", "--width")
    ]
    assert places == sorted(places)


def test_a_field_without_a_default_is_required(program):
    assert CliRunner().invoke(program[0], ["north"]).exit_code == 2
