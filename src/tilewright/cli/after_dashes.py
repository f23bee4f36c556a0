"""What several commands take that run a user's own command: it, after ``--``, and how it is judged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from tilewright.errors import ConfigError

if TYPE_CHECKING:
    from tilewright.judge import Sampling
    from tilewright.trials.command import Command
    from tilewright.trials.trial import Expected, Trial

KEY = "tilewright.after_dashes"


class CommandAfterDashes(TyperCommand):
    """A command whose arguments after the first ``--`` are words of another command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Keep what follows ``--`` for `words_after_dashes`, and parse the rest."""
        has_dashes = "--" in args
        place = args.index("--") if has_dashes else len(args)
        ctx.meta[KEY] = tuple(args[place + 1 :])
        try:
            return super().parse_args(ctx, args[:place])
        except Exception as error:
            if has_dashes or type(error).__name__ != "NoSuchOption":
                raise
            raise ConfigError(
                f"tilewright {ctx.info_name} has no option {error.option_name}; "  # type: ignore[attr-defined]
                "words of your own command stand after --: "
                f"tilewright {ctx.info_name} BUNDLE --dump FILE -- COMMAND"
            ) from None


def words_after_dashes(context: typer.Context) -> tuple[str, ...]:
    """The words after ``--``."""
    words: tuple[str, ...] = context.meta[KEY]
    return words


DumpOption = Annotated[
    list[str] | None,
    typer.Option(
        "--dump", metavar="FILE", help="A file that the command writes: its numbers are judged."
    ),
]
PatternOption = Annotated[
    str | None,
    typer.Option(
        "--pattern",
        metavar="REGEX|NAME",
        help="How numbers stand in the log (or dump): a group (?P<value>..) and its place.",
    ),
]
KindOption = Annotated[str | None, typer.Option("--kind", metavar="psum|output|tap_psum|tile_psum")]
OrderOption = Annotated[
    str | None,
    typer.Option("--order", metavar="AXES", help="Of a list: oc oh ow, the last fastest."),
]
RadixOption = Annotated[str | None, typer.Option("--radix", metavar="decimal|hex|binary")]
RestOption = Annotated[
    bool, typer.Option("--rest-expected", help="What a log does not name is as expected.")
]
MustOption = Annotated[
    str | None, typer.Option("--pass-if", metavar="REGEX", help="A line of the log must match.")
]
MustNotOption = Annotated[
    str | None, typer.Option("--fail-if", metavar="REGEX", help="No line of the log must match.")
]
ProjectOption = Annotated[
    Path | None,
    typer.Option(
        "--project",
        metavar="DIR",
        help="Copy this folder first, so that the command runs as in it.",
    ),
]
BuildOption = Annotated[
    str | None,
    typer.Option("--build", metavar="COMMAND", help="Run first; it must end with status 0."),
]
PlaceOption = Annotated[
    str,
    typer.Option("--at", metavar="DIR", help="Where the bundle's files are put, in its folder."),
]
TimeoutOption = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", help="Of one run of the command.")
]
MostOption = Annotated[
    int, typer.Option("--max-output", metavar="BYTES", help="That a run may print.")
]
DumpLayoutOption = Annotated[
    str | None,
    typer.Option(
        "--dump-layout", metavar="NAME|FILE.toml", help="Of the dumps. Default: the bundle's."
    ),
]

BusOption = Annotated[
    list[str] | None,
    typer.Option(
        "--bus", metavar="NAME", help="Dumps are VCD files: numbers of this bus; repeat it to join."
    ),
]
ClockOption = Annotated[
    str, typer.Option("--clock", metavar="NAME", help="Buses are read before its rising edges.")
]
WhenOption = Annotated[
    list[str] | None,
    typer.Option(
        "--when", metavar="NAME", help="... at which this signal is 1; repeat it: all are."
    ),
]
AddressOption = Annotated[
    str, typer.Option("--address", metavar="NAME", help="This bus is named beside each difference.")
]


def make_sampling(
    buses: list[str] | None, clock: str, when: list[str] | None, address: str = ""
) -> Sampling | None:
    """How buses of a wave file are read; None if no wave file is meant; raises `ConfigError`."""
    from tilewright.judge import Sampling

    if not (buses or clock):
        if when or address:
            raise ConfigError(
                "--when and --address are of a wave file: name --bus and --clock, too"
            )
        return None
    return Sampling(tuple(buses or ()), clock, tuple(when or ()), address)


def make_command(
    context: typer.Context,
    *,
    build: str | None,
    project: Path | None,
    place: str = ".",
    timeout_s: float,
    most_bytes: int = 64 << 20,
) -> Command:
    """The command after ``--``; raises `ConfigError` or `ToolError` if it cannot be run."""
    import shlex

    from tilewright.trials.command import Command

    try:
        words = tuple(shlex.split(build or ""))
    except ValueError as error:
        raise ConfigError(
            f"--build must be the words of a command, not {build!r}: {error}"
        ) from None
    return Command(
        words_after_dashes(context),
        here=Path.cwd(),
        build=words,
        project=project,
        place=place,
        timeout_s=timeout_s,
        most_bytes=most_bytes,
    )


def make_expected(
    dumps: list[str] | None,
    *,
    must: str | None,
    must_not: str | None,
    layout: str | None = None,
    is_rest_expected: bool = False,
    **reading: Any,
) -> Expected:
    """What a run must leave; raises `ConfigError`."""
    from tilewright.trials.trial import Expected, Reading
    from tilewright.vectors import load_layout

    form = None if layout is None else load_layout(layout)
    how = Reading(layout=form, layout_name=layout, is_rest_expected=is_rest_expected, **reading)
    return Expected(tuple(dumps or ()), how, must, must_not)


def next_steps(trial: Trial, expected: Expected, *, has_cause: bool = True) -> tuple[str, ...]:
    """What leads from a trial that did not pass to its cause: the cause itself, and where to read more."""
    from tilewright.trials.finding import more, trial_cause
    from tilewright.trials.trial import LOG

    if trial.failing is None:
        return (f"its log: {trial.folder / LOG}",)
    cause = (f"cause: {trial_cause(trial, trial.bundle)}",) if has_cause else ()
    return (*cause, more(trial.bundle, trial.failing, expected.reading))
