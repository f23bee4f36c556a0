"""`prove`: for all inputs, or the input that shows the fault."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tilewright.cli.app import FAILED, JsonOption, app
from tilewright.errors import ConfigError

if TYPE_CHECKING:
    from tilewright.prove.verdict import Verdict


@app.command()
def prove(
    array: Annotated[
        str | None, typer.Option("--array", metavar="RxC", help="Our array, of this size.")
    ] = None,
    mode: Annotated[
        str, typer.Option("--mode", metavar="ws|2ch|os|all", help="How the array is used.")
    ] = "all",
    bits: Annotated[
        str, typer.Option("--bits", metavar="A/W/P", help="Activation, weight and column bits.")
    ] = "4/4/16",
    vectors: Annotated[
        int, typer.Option("--vectors", min=1, help="Activations of a lane in a fold, or steps.")
    ] = 4,
    folds: Annotated[int, typer.Option("--folds", min=1, help="One after the other.")] = 2,
    saturates: Annotated[
        bool, typer.Option("--saturate/--wrap", help="What becomes of a sum that does not fit.")
    ] = False,
    is_overlapped: Annotated[
        bool, typer.Option("--overlapped/--serial", help="Whether folds wait for one another.")
    ] = True,
    stalls: Annotated[
        int, typer.Option("--stalls", min=0, help="The stream stands still every so many cycles.")
    ] = 0,
    rtl_dir: Annotated[
        Path | None, typer.Option("--rtl-dir", help="The sources. Default: ours.")
    ] = None,
    is_json: JsonOption = False,
) -> None:
    """Prove that an array computes its sums for all activations and weights, under known control.

    Exit status: 0 proved; 1 refuted (with the input that shows it) or undecided; 2 bad input.
    """
    from tilewright.prove.array import MODES, ArrayJob
    from tilewright.prove.our_rtl import prove_array, read_sources

    if array is None:
        raise ConfigError("what is to be proved must be named: give --array RxC (for example 4x4)")
    rows, cols = _numbers(array, "--array", "x", 2)
    act_bits, weight_bits, column_bits = _numbers(bits, "--bits", "/", 3)
    sources = read_sources() if rtl_dir is None else read_sources(rtl_dir)
    verdicts = []
    for one in MODES if mode == "all" else (mode,):
        job = ArrayJob(
            rows=rows,
            cols=cols,
            mode=one,
            vectors=vectors,
            folds=folds,
            act_bits=act_bits,
            weight_bits=weight_bits,
            column_bits=column_bits,
            is_saturating=saturates,
            is_overlapped=is_overlapped,
            stalls=stalls,
        )
        verdicts.append(prove_array(sources, job))
        if not is_json:
            print(verdicts[-1])
    _end(verdicts, is_json=is_json)


def _end(verdicts: list[Verdict], *, is_json: bool) -> None:
    if is_json:
        print(json.dumps([verdict.to_facts() for verdict in verdicts], indent=2))
    raise typer.Exit(0 if all(verdict.answer == "proved" for verdict in verdicts) else FAILED)


def _numbers(text: str, option: str, between: str, count: int) -> list[int]:
    """Numbers from 1 to 64 with something between them."""
    words = text.split(between)
    if len(words) != count or not all(re.fullmatch(r"[1-9]\d?", word) for word in words):
        form = between.join("N" * count)
        raise ConfigError(f"{option} must be {form} with numbers from 1 to 99, not {text!r}")
    return [int(word) for word in words]
