"""The program that the commands join, and the arguments that several of them take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

FAILED, BAD_INPUT, FAULT = 1, 2, 3
INTERRUPTED = 130
"""What typer makes of Ctrl-C."""

app = typer.Typer(
    name="tilewright",
    help="Train a quantized network, and prove, bit for bit, that a systolic array computes it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

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
GeometryOption = Annotated[
    str | None,
    typer.Option(
        "--geometry",
        metavar="KEY=VALUE,...",
        help="Sizes of files without a manifest: ic=8,oc=8,size=4,kernel=3,stride=1,padding=1,"
        "bits=4/4/16,rows=8,cols=8 (bits of activation/weight/psum; 4x5 is a pair, vertical first).",
    ),
]
ContainerOption = Annotated[
    str | None,
    typer.Option(
        "--container",
        metavar="mem|mif|coe|c|npz",
        help="Write the same words as memory files, a C header or numpy arrays, not as plain text.",
    ),
]
SubjectArgument = Annotated[
    Path, typer.Argument(metavar="PATH", help="A run folder, or a packed network (NAME.json).")
]
ImagesOption = Annotated[int, typer.Option("--images", help="Test images, from the first on.")]
ThreadsOption = Annotated[int, typer.Option("--threads", min=1, max=256)]
