"""`reduce`: the smallest bundle on which a core of one's own still fails."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tilewright.cli import after_dashes as given
from tilewright.cli.app import JsonOption, app
from tilewright.cli.console import Console
from tilewright.cli.option_groups import takes_groups
from tilewright.cli.reading import ReadingOptions
from tilewright.cli.run_folder import hold_folder
from tilewright.errors import ConfigError, counted

if TYPE_CHECKING:
    from tilewright.spec import ConvShape
    from tilewright.trials.reduce import Reduction
    from tilewright.trials.trial import Expected


@app.command("reduce", cls=given.CommandAfterDashes)
@takes_groups
def reduce_core(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="BUNDLE", help="On which the command fails.")],
    judging: given.JudgingOptions,
    reading: ReadingOptions,
    running: given.CommandOptions,
    timeout_s: given.TimeoutOption = 60.0,
    keeps_sizes: Annotated[
        bool, typer.Option("--keep-sizes", help="Numbers become 0, but the layer keeps its sizes.")
    ] = False,
    budget_s: Annotated[
        float, typer.Option("--budget", min=0, metavar="SECONDS", help="Of the whole search.")
    ] = 180.0,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Gets bundle/ and run/, its last run.")
    ] = Path("tilewright-reduced"),
    is_json: JsonOption = False,
) -> None:
    """Make the layer of BUNDLE as small as COMMAND (after --) still fails on: channels, pixels, values.

    COMMAND is that of `try`. The array and its number formats stay.
    """
    from tilewright.trials.finding import trial_cause
    from tilewright.trials.reduce import reduce_bundle
    from tilewright.trials.several import find_bundles

    command = running.command(context, timeout_s=timeout_s)
    expected = judging.expected(reading.reading())
    bundle, *others = find_bundles([folder]).values()
    if others:
        raise ConfigError(
            f"one bundle is reduced, but {folder} holds {1 + len(others)}: name one, for example "
            f"{others[0].folder}"
        )
    hold_folder(out)
    found = reduce_bundle(
        bundle,
        command,
        expected,
        out=out,
        keeps_sizes=keeps_sizes,
        budget_s=budget_s,
        progress=Console(is_json=is_json).progress,
    )
    cause = trial_cause(found.first, bundle)
    if is_json:
        print(json.dumps(found.to_json() | {"cause": cause}, indent=2))
    else:
        _print(found, expected, cause)


def _padding(shape: ConvShape) -> str:
    """Vertical by horizontal; where there is another one below and right, that too."""
    edges = (*shape.padding, *(shape.padding_after or ()))
    return "x".join(map(str, edges))


def _print(found: Reduction, expected: Expected, cause: str) -> None:
    for name, one in (("before", found.before), ("after", found.after)):
        shape = one.shape
        print(
            f"{name + ':':7} {shape.ic} -> {shape.oc} channels, {shape.ih}x{shape.iw} to "
            f"{shape.oh}x{shape.ow} pixels, {shape.kh}x{shape.kw} taps, stride {shape.stride[0]}x"
            f"{shape.stride[1]}, padding {_padding(shape)}; "
            f"{counted(int((one.weight != 0).sum()), 'weight')} and "
            f"{counted(int((one.codes != 0).sum()), 'code')} are not 0"
        )
    for note in found.notes:
        print(f"note: {note}")
    print(f"{found.runs} runs in {found.seconds:.1f} s; {found.trial.bundle.folder}:")
    print(f"  {found.trial.evidence}")
    for line in given.next_steps(found.trial, expected, has_cause=False):
        print(f"  {line}")
    if cause:
        print(f"cause, from the whole layer: {cause}")
