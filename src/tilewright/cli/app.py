"""The program that the commands join, and the arguments that several of them take."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from typer.core import TyperGroup
from typer.main import get_command
from typer.models import CommandInfo

from tilewright.cli.commands import GROUPS, MODULES
from tilewright.cli.console import Console
from tilewright.cli.examples import epilog
from tilewright.errors import ConfigError

if TYPE_CHECKING:
    from tilewright.bundles import Geometry
    from tilewright.vectors import Layout

FAILED, BAD_INPUT, FAULT = 1, 2, 3
INTERRUPTED = 130
"""What typer makes of Ctrl-C."""

EXAMPLES = """\
Examples:
  tilewright run configs/digits_w4a4.toml --out runs/first     the whole chain, RTL included
  tilewright plan vgg16 --array 8x8                            what a network costs on an array
  tilewright lint sim/ --testbench tb.v                        does this bench read these files?
  tilewright try runs/first/05_vectors -- ./simulate.sh        your core, judged and explained
  tilewright explain BUNDLE psum.txt                           where it is wrong, and why

Exit status: 0 all checks hold, 1 one does not, 2 bad input, 3 a fault of tilewright."""


class Commands(Mapping[str, Any]):
    """Every command by name. A command's module is loaded when it is asked for, and no other one."""

    def __getitem__(self, name: str) -> Any:
        """The command, as typer builds it."""
        import_module(f"tilewright.cli.{MODULES[name]}")
        alone = typer.Typer(
            add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
        )
        alone.registered_commands = [
            one for one in app.registered_commands if name in (one.name, _function(one))
        ]
        command = get_command(alone)
        command.epilog = epilog(name)
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(MODULES)

    def __len__(self) -> int:
        return len(MODULES)


def _function(command: CommandInfo) -> str:
    return getattr(command.callback, "__name__", "")


class GroupedCommands(TyperGroup):
    """The list of commands by what they are for, under the headings of `GROUPS`."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes | {"commands": None})
        self.commands = cast("Any", Commands())

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """The names, in the order of --help."""
        return list(self.commands)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Write each group with the first sentence of its commands."""
        for title, commands in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl(list(commands.items()))

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Write the examples as they are."""
        formatter.write(f"\n{EXAMPLES}\n")


app = typer.Typer(
    name="tilewright",
    cls=GroupedCommands,
    help="Train a quantized network, and prove, bit for bit, that a systolic array computes it.",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain text reads well in a log, and rich takes a third of a second
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        import tilewright

        print(f"tilewright {tilewright.__version__}")
        raise typer.Exit


@app.callback()
def _global_options(
    is_version: Annotated[  # noqa: ARG001 -- its callback acts
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
    is_quiet: Annotated[
        bool,
        typer.Option(
            "--quiet",
            "-q",
            help="Say only what fails, the verdict, and what was asked for: 'tilewright -q run'.",
        ),
    ] = False,
    is_verbose: Annotated[
        bool,
        typer.Option(
            "--verbose",
            "-v",
            help="Say when each thing was done, more often how far it is, what the command took, and "
            "where an error was raised.",
        ),
    ] = False,
) -> None:
    if is_quiet and is_verbose:
        raise ConfigError("--quiet and --verbose say opposite things: give one of them")
    Console.is_quiet, Console.is_verbose = is_quiet, is_verbose
    Console.began = time.monotonic()


RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print the facts as JSON; progress goes to stderr.")
]
DataDirOption = Annotated[
    Path | None,
    typer.Option(
        "--data-dir", metavar="DIR", help="Folder of the data set's files, each .bin or .bin.xz."
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a configuration key; repeatable."),
]


def given_layout(name: str | None) -> Layout | None:
    """The layout of an option that may be left out."""
    if not name:
        return None
    from tilewright.vectors import load_layout

    return load_layout(name)


def given_geometry(text: str | None) -> Geometry | None:
    """The sizes that `GeometryOption` states, if it is given."""
    if not text:
        return None
    from tilewright.bundles import Geometry

    return Geometry.parse(text)


GeometryOption = Annotated[
    str | None,
    typer.Option(
        "--geometry",
        metavar="KEY=VALUE,...",
        help="Sizes of files without a manifest: ic=8,oc=8,size=4,kernel=3,rows=8,cols=8 with stride=1, "
        "padding=1 and bits=4/4/16 (activation/weight/psum); 4x5 is a pair, vertical first, and "
        "padding=0x0x1x1 says top, left, bottom, right.",
    ),
]
ContainerOption = Annotated[
    str | None,
    typer.Option(
        "--container",
        metavar="mem|mif|coe|c|npz|npy|json|c-arrays|ihex|ihex-little|ihex-words|raw|raw-little",
        help="Write the same words as memory files, a C header or arrays, not as plain text.",
    ),
]
SubjectArgument = Annotated[
    Path, typer.Argument(metavar="PATH", help="A run folder, or a packed network (NAME.json).")
]


def _reached(address: str) -> str:
    """The address of a cluster, looked at before anything is begun."""
    if address:
        from tilewright.programs.jobs import expect_workers

        expect_workers(address)
    return address


WorkersOption = Annotated[
    str,
    typer.Option(
        "--workers",
        metavar="URL",
        callback=_reached,
        help="A Dask scheduler, whose workers do the jobs: tcp://HOST:8786.",
    ),
]
ImagesOption = Annotated[int, typer.Option("--images", help="Test images, from the first on.")]
ThreadsOption = Annotated[int, typer.Option("--threads", min=1, max=256)]
