"""`prove`: for all inputs, or the input that shows the fault."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from tilewright.cli.app import FAILED, JsonOption, WorkersOption, app
from tilewright.cli.console import Console
from tilewright.cli.unheeded import refuse_given
from tilewright.errors import ConfigError

if TYPE_CHECKING:
    from tilewright.prove.verdict import Verdict

OF_ONE_ARRAY = ("mode", "bits", "vectors", "folds", "saturates", "certificate")
OF_TIMING = ("is_overlapped", "stalls")
OF_A_RECORDING = ("streams", "vcd", "scope")


@app.command()
def prove(
    context: typer.Context,
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="[RUN|NETWORK|BUNDLE]",
            help="A run folder or a packed network: our array computes every tile of its layers. A bundle: "
            "our whole core puts out its layer.",
        ),
    ] = None,
    array: Annotated[
        str | None,
        typer.Option(
            "--array",
            metavar="RxC",
            help="Our array, of this size; a network on it.",
        ),
    ] = None,
    mode: Annotated[
        str,
        typer.Option(
            "--mode",
            metavar="ws|simd|os|all",
            help="How the array is used; simd is called 2ch in answers.",
        ),
    ] = "all",
    bits: Annotated[
        str,
        typer.Option(
            "--bits",
            metavar="[s]A/W/P",
            help="Activation, weight and column bits; s: activations are signed.",
        ),
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
    workers: WorkersOption = "",
    is_json: JsonOption = False,
) -> None:
    """Prove that an array computes its sums for all activations and weights, under known control.

    Ours: --array RxC, or a run's on all its layers; the whole core on the layer of a bundle. One of
    anybody: --rtl its sources, --streams and --vcd. Exit status: 0 proved; 1 refuted (with the input that
    shows it) or undecided; 2 bad input.
    """
    _expect_one_claim(context, path, rtl)
    if path is not None:
        timing = is_overlapped, stalls
        _prove_path(path, array, rtl_dir, timing, workers=workers, is_json=is_json)
    if rtl:
        verdicts = [_prove_recorded(rtl, streams, vcd, scope)]
    elif array is not None:
        from tilewright.prove.array import ArrayJob
        from tilewright.prove.our_rtl import prove_array, sources_of

        rows, cols = _numbers(array, "--array", "x", 2)
        act_bits, weight_bits, column_bits = _numbers(bits.removeprefix("s"), "--bits", "/", 3)
        sources = sources_of("tw_array", rtl_dir)
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
                is_act_signed=bits.startswith("s"),
            )
            for one in _modes(mode)
        ]
        folders = [certificate / job.mode if certificate else None for job in jobs]
        verdicts = [
            prove_array(sources, job, certificate=folder)
            for job, folder in zip(jobs, folders, strict=True)
        ]
    else:
        raise ConfigError(
            "what is to be proved must be named: give a run folder, a packed network or a bundle, --array "
            "RxC (for example 4x4), or --rtl, --streams and --vcd"
        )
    _end(verdicts, is_json=is_json)


def _modes(mode: str) -> tuple[str, ...]:
    """Modes as proofs call them; the two-channel one is asked for as in a configuration, too."""
    from tilewright.prove.array import MODES
    from tilewright.tile import TWO_CHANNELS

    if mode == "all":
        return MODES
    return ("2ch" if mode == TWO_CHANNELS.name else mode,)


def _expect_one_claim(context: typer.Context, path: Path | None, rtl: list[Path] | None) -> None:
    """Refuse what says nothing of the claim: of a path's, of sources', or of an array's alone."""
    from tilewright.vectors import MANIFEST

    if rtl and path is not None:
        raise ConfigError(
            f"a PATH and --rtl are two claims, but {path} and --rtl are given: if it is a source, "
            f"repeat the option, --rtl {rtl[0]} --rtl {path}"
        )
    if rtl:
        ours = ("array", *OF_ONE_ARRAY, *OF_TIMING, "rtl_dir", "workers")
        refuse_given(context, ours, "our array, not for --rtl")
        return
    refuse_given(context, OF_A_RECORDING, "an array of anybody, with --rtl")
    if path is None:
        refuse_given(context, ["workers"], "a network")
    elif (path / MANIFEST).is_file():
        others = ("array", "workers", *OF_ONE_ARRAY)
        refuse_given(
            context, others, f"an array or a network, and {path} is a bundle, which says it"
        )
    else:
        others = (*OF_ONE_ARRAY, *OF_TIMING)
        refuse_given(
            context, others, f"--array alone, and {path} is a network, whose layers say it"
        )


def _prove_path(
    path: Path,
    array: str | None,
    rtl_dir: Path | None,
    timing: tuple[bool, int],
    *,
    workers: str,
    is_json: bool,
) -> NoReturn:
    """A network, or the layer of a bundle; ends the command. timing: is_overlapped, stalls."""
    from tilewright.prove.our_rtl import bundle_job, prove_layer, sources_of
    from tilewright.vectors import MANIFEST

    if not (path / MANIFEST).is_file():
        _prove_network(path, array, rtl_dir, workers=workers, is_json=is_json)
    layer = bundle_job(path, is_overlapped=timing[0], stalls=timing[1])
    sources = sources_of("tw_core", rtl_dir)
    _end([prove_layer(sources, layer)], is_json=is_json)


def _prove_network(
    path: Path, array: str | None, rtl_dir: Path | None, *, workers: str, is_json: bool
) -> NoReturn:
    """Every tile of every layer; ends the command."""
    from tilewright.prove.layers import ONLY_COMPARED, LayerProof, prove_layers
    from tilewright.prove.our_rtl import sources_of
    from tilewright.studies.prove import layer_runs

    console = Console(is_json=is_json)

    def tell(one: LayerProof) -> None:
        if not is_json:
            console.clear()
            print(one, flush=True)

    size = None
    if array is not None:
        rows, cols = _numbers(array, "--array", "x", 2)
        size = rows, cols
    layers = layer_runs(path, size=size)
    sources = sources_of("tw_array", rtl_dir)
    found = prove_layers(sources, layers, hear=tell, progress=console.progress, workers=workers)
    console.clear()
    if is_json:
        print(json.dumps({"passed": found.is_proved} | found.to_facts(), indent=2))
    else:
        for name, why in found.left_out.items():
            print(f"NOT ASKED {name}: {why}")
        print(f"only compared: {ONLY_COMPARED}")
    raise typer.Exit(0 if found.is_proved else FAILED)


def _prove_recorded(rtl: list[Path], streams: Path | None, vcd: Path | None, scope: str) -> Verdict:
    from tilewright.prove.any_array import prove_recorded, read_files
    from tilewright.prove.streams import read_described

    if streams is None or vcd is None:
        raise ConfigError(
            "--rtl needs --streams FILE.toml and --vcd FILE.vcd: see docs/how-to/prove.md"
        )
    return prove_recorded(read_files(rtl), read_described(streams), vcd, scope=scope)


def _end(verdicts: list[Verdict], *, is_json: bool) -> NoReturn:
    is_proved = all(verdict.answer == "proved" for verdict in verdicts)
    if is_json:
        proofs = [verdict.to_facts() for verdict in verdicts]
        print(json.dumps({"passed": is_proved, "proofs": proofs}, indent=2))
    else:
        for verdict in verdicts:
            print(verdict)
    raise typer.Exit(0 if is_proved else FAILED)


def _numbers(text: str, option: str, between: str, count: int) -> list[int]:
    """Numbers from 1 to 64 with something between them."""
    words = text.split(between)
    if len(words) != count or not all(re.fullmatch(r"[1-9]\d?", word) for word in words):
        form = between.join("N" * count)
        raise ConfigError(f"{option} must be {form} with numbers from 1 to 99, not {text!r}")
    return [int(word) for word in words]
