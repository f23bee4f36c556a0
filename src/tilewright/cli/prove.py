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
    bundle: Annotated[
        Path | None,
        typer.Argument(metavar="[BUNDLE]", help="A layer: our whole core puts it out."),
    ] = None,
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
    rtl: Annotated[
        list[Path] | None,
        typer.Option("--rtl", metavar="FILE", help="Sources of an array of anybody; repeatable."),
    ] = None,
    streams: Annotated[
        Path | None,
        typer.Option("--streams", metavar="FILE.toml", help="Where its words stand in a run."),
    ] = None,
    vcd: Annotated[
        Path | None, typer.Option("--vcd", metavar="FILE.vcd", help="One run of it: its control.")
    ] = None,
    scope: Annotated[str, typer.Option("--scope", help="Its instance in the recording.")] = "",
    rtl_dir: Annotated[
        Path | None, typer.Option("--rtl-dir", help="The sources. Default: ours.")
    ] = None,
    certificate: Annotated[
        Path | None,
        typer.Option("--certificate", metavar="DIR", help="Of a proof, for others to check."),
    ] = None,
    is_json: JsonOption = False,
) -> None:
    """Prove that an array computes its sums for all activations and weights, under known control.

    Ours: --array RxC; a layer on our whole core: its bundle. One of anybody: --rtl its sources, --streams
    and --vcd. Exit status: 0 proved; 1 refuted (with the input that shows it) or undecided; 2 bad input.
    """
    if bundle is not None:
        _refuse_two_claims(bundle, rtl)
        from tilewright.prove.our_rtl import CORE_FILES, bundle_job, prove_layer, read_sources

        layer = bundle_job(bundle, is_overlapped=is_overlapped, stalls=stalls)
        sources = (
            read_sources(files=CORE_FILES) if rtl_dir is None else read_sources(rtl_dir, CORE_FILES)
        )
        verdicts = [prove_layer(sources, layer)]
    elif rtl:
        verdicts = [_prove_recorded(rtl, streams, vcd, scope)]
    elif array is not None:
        from tilewright.prove.array import MODES, ArrayJob
        from tilewright.prove.our_rtl import prove_array, read_sources

        rows, cols = _numbers(array, "--array", "x", 2)
        act_bits, weight_bits, column_bits = _numbers(bits, "--bits", "/", 3)
        sources = read_sources() if rtl_dir is None else read_sources(rtl_dir)
        jobs = [
            ArrayJob(
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
            for one in (MODES if mode == "all" else (mode,))
        ]
        folders = [certificate / job.mode if certificate else None for job in jobs]
        verdicts = [
            prove_array(sources, job, certificate=folder)
            for job, folder in zip(jobs, folders, strict=True)
        ]
    else:
        raise ConfigError(
            "what is to be proved must be named: give a bundle, --array RxC (for example 4x4), or --rtl, "
            "--streams and --vcd"
        )
    _end(verdicts, is_json=is_json)


def _refuse_two_claims(bundle: Path, rtl: list[Path] | None) -> None:
    if rtl:
        raise ConfigError(
            f"a bundle and --rtl are two claims, but {bundle} and --rtl are given: if it is a source, "
            f"repeat the option, --rtl {rtl[0]} --rtl {bundle}"
        )


def _prove_recorded(rtl: list[Path], streams: Path | None, vcd: Path | None, scope: str) -> Verdict:
    from tilewright.prove.any_array import prove_recorded
    from tilewright.prove.our_rtl import read_sources
    from tilewright.prove.streams import read_described

    if streams is None or vcd is None:
        raise ConfigError(
            "--rtl needs --streams FILE.toml and --vcd FILE.vcd: see docs/how-to/prove.md"
        )
    sources: dict[str, str] = {}
    for path in rtl:
        sources |= read_sources(path.parent, (path.name,))
    return prove_recorded(sources, read_described(streams), vcd, scope=scope)


def _end(verdicts: list[Verdict], *, is_json: bool) -> None:
    if is_json:
        print(json.dumps([verdict.to_facts() for verdict in verdicts], indent=2))
    else:
        for verdict in verdicts:
            print(verdict)
    raise typer.Exit(0 if all(verdict.answer == "proved" for verdict in verdicts) else FAILED)


def _numbers(text: str, option: str, between: str, count: int) -> list[int]:
    """Numbers from 1 to 64 with something between them."""
    words = text.split(between)
    if len(words) != count or not all(re.fullmatch(r"[1-9]\d?", word) for word in words):
        form = between.join("N" * count)
        raise ConfigError(f"{option} must be {form} with numbers from 1 to 99, not {text!r}")
    return [int(word) for word in words]
