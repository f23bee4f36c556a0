"""What several commands take that run a user's own command: it, after ``--``, and what it must leave."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from tilewright.errors import ConfigError

if TYPE_CHECKING:
    from tilewright.trials.command import Command
    from tilewright.trials.trial import Expected, Reading, Trial

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


@dataclass(frozen=True, slots=True)
class CommandOptions:
    """How a user's own command is run."""

    project: Annotated[
        Path | None,
        typer.Option(
            "--project",
            metavar="DIR",
            help="Copy this folder first, so that the command runs as in it.",
        ),
    ] = None
    build: Annotated[
        str | None,
        typer.Option("--build", metavar="COMMAND", help="Run first; it must end with status 0."),
    ] = None
    place: Annotated[
        str,
        typer.Option(
            "--at", metavar="DIR", help="Where the bundle's files are put, in its folder."
        ),
    ] = "."
    most_bytes: Annotated[
        int, typer.Option("--max-output", metavar="BYTES", help="That a run may print.")
    ] = 64 << 20

    def command(self, context: typer.Context, *, timeout_s: float) -> Command:
        """The command after ``--``; raises `ConfigError` or `ToolError` if it cannot be run."""
        from tilewright.trials.command import Command

        try:
            build = tuple(shlex.split(self.build or ""))
        except ValueError as error:
            raise ConfigError(
                f"--build must be the words of a command, not {self.build!r}: {error}"
            ) from None
        return Command(
            words_after_dashes(context),
            here=Path.cwd(),
            build=build,
            project=self.project,
            place=self.place,
            timeout_s=timeout_s,
            most_bytes=self.most_bytes,
        )


@dataclass(frozen=True, slots=True)
class JudgingOptions:
    """What a command must leave."""

    dumps: Annotated[
        list[str] | None,
        typer.Option(
            "--dump",
            metavar="FILE",
            help="A file that the command writes: its numbers are judged.",
        ),
    ] = None
    must: Annotated[
        str | None, typer.Option("--pass-if", metavar="REGEX", help="A line of the log must match.")
    ] = None
    must_not: Annotated[
        str | None,
        typer.Option("--fail-if", metavar="REGEX", help="No line of the log must match."),
    ] = None

    def expected(self, reading: Reading) -> Expected:
        """With dumps that are read so; raises `ConfigError`."""
        from tilewright.trials.trial import Expected

        return Expected(tuple(self.dumps or ()), reading, self.must, self.must_not)


TimeoutOption = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", help="Of one run of the command.")
]


def next_steps(trial: Trial, expected: Expected, *, has_cause: bool = True) -> tuple[str, ...]:
    """What leads from a trial that did not pass to its cause: the cause itself, and where to read more."""
    from tilewright.trials.finding import more, trial_cause
    from tilewright.trials.trial import LOG

    if trial.failing is None:
        return (f"its log: {trial.folder / LOG}",)
    cause = (f"cause: {trial_cause(trial, trial.bundle)}",) if has_cause else ()
    return (*cause, more(trial.bundle, trial.failing, expected.reading))
