"""The commands of whole integer networks: evaluate, pack, certify."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from tilewright.cli.app import FAILED, DataDirOption, JsonOption, RunArgument, app
from tilewright.cli.console import Console

if TYPE_CHECKING:
    from tilewright.facts import StageFacts, StageResult
    from tilewright.verify import Certificate


@app.command()
def evaluate(
    path: Annotated[
        Path,
        typer.Argument(metavar="PATH", help="A run folder, or a packed network (NAME.json)."),
    ],
    data_dir: DataDirOption = None,
    engine: Annotated[
        str | None,
        typer.Option(
            "--engine",
            metavar="auto|int8|blas|int64",
            help="How a packed network is computed; the integers are the same.",
        ),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option("--threads", min=1, max=256, help="For a packed network; default: one."),
    ] = None,
    is_json: JsonOption = False,
) -> None:
    """Count the test images that a trained run or a packed network recognizes."""
    from tilewright.errors import ConfigError
    from tilewright.spec import find_packed

    console = Console(is_json=is_json)
    stem = find_packed(path)
    if stem is not None:
        from tilewright.engine import ENGINE_KINDS
        from tilewright.studies.packed import evaluate_packed

        kinds = {kind: kind for kind in ENGINE_KINDS}
        if engine is not None and engine not in kinds:
            raise ConfigError(f"--engine must be {', '.join(ENGINE_KINDS)}, not {engine!r}")
        kind = kinds[engine or "auto"]
        finish(
            evaluate_packed(stem, console, data_dir=data_dir, kind=kind, threads=threads or 1),
            is_json=is_json,
        )
    if engine is not None or threads is not None:
        raise ConfigError("--engine and --threads are for packed networks: leave them out")
    from tilewright.pipeline import RunFolder, run_stage

    folder = RunFolder(path)
    if not path.is_dir():
        raise ConfigError(
            f"{path} must be a run folder or a packed network (NAME.json), but is neither: "
            "give the path of one"
        )
    folder.config()
    result = run_stage("evaluate", folder, console, data_dir=data_dir)
    assert result is not None  # noqa: S101 -- only training has processes without a result
    finish(result, is_json=is_json)


@app.command()
def pack(
    folder: RunArgument,
    out: Annotated[
        Path, typer.Option("--out", metavar="NAME", help="Writes NAME.json and NAME.npz.")
    ],
    data_dir: DataDirOption = None,
    is_json: JsonOption = False,
) -> None:
    """Write a trained run as one small pair of files that numpy alone reads."""
    from tilewright.pipeline import RunFolder
    from tilewright.studies.packed import pack as pack_run

    run = RunFolder(folder)
    run.config()
    facts = pack_run(run, out, Console(is_json=is_json), data_dir=data_dir)
    if is_json:
        print(json.dumps(facts, indent=2))


@app.command()
def certify(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="PATH",
            help="A run folder or a packed network; with --check, the one that FILE names.",
        ),
    ] = None,
    checked: Annotated[
        Path | None,
        typer.Option(
            "--check", metavar="FILE", help="Make this certificate again, and compare the two."
        ),
    ] = None,
    images: Annotated[
        int, typer.Option("--images", help="Test images whose every code and sum is compared.")
    ] = 100,
    naive: Annotated[
        int, typer.Option("--naive", help="Test images for the naive int64 reference.")
    ] = 2,
    onnx: Annotated[
        int, typer.Option("--onnx", help="Test images for ONNX Runtime and onnx; 0: not asked.")
    ] = 2,
    rtl: Annotated[
        list[str] | None,
        typer.Option("--rtl", metavar="LAYER", help="Run this layer through the RTL; repeatable."),
    ] = None,
    threads: Annotated[int, typer.Option("--threads", min=1, max=256)] = 1,
    data_dir: DataDirOption = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Where to write; default: beside the network."),
    ] = None,
    is_json: JsonOption = False,
) -> None:
    """State why a network's integers are exact, who agrees, and what is not proved."""
    from tilewright.errors import ConfigError
    from tilewright.studies.certify import (
        Effort,
        effort_of,
        open_subject,
        read_certificate,
        write_certificate,
    )
    from tilewright.studies.certify import certify as make

    since, console = time.monotonic(), Console(is_json=is_json)
    if checked is not None:
        before, source = read_certificate(checked)
        subject = open_subject(path or source, data_dir=data_dir)
        again = make(subject, effort_of(before, checked), console, threads=threads)
        _compare(before, again, is_json=is_json)
    if path is None:
        raise ConfigError("certify needs a run folder or a packed network, or --check FILE")
    subject = open_subject(path, data_dir=data_dir)
    effort = Effort(images, naive, onnx, tuple(rtl or ()))
    made = make(subject, effort, console, threads=threads)
    result = write_certificate(subject, made, out, since=since)
    if not is_json:
        _tell(made)
    finish(result, is_json=is_json)


def _tell(certificate: Certificate) -> None:
    for duty in certificate.obligations:
        print(f"{'holds' if duty.holds else 'FAILS'}   {duty.name}: {duty.evidence}")
    for oracle in certificate.oracles:
        print(f"{'agrees' if oracle.agrees else 'DIFFERS':7} {oracle}")
    for name, reason in certificate.absent.items():
        print(f"absent  {name}: {reason}")
    for sentence in certificate.not_proved:
        print(f"not proved: {sentence}")
    print(f"verdict: {'exact' if certificate.passed else 'not exact'}")


def _compare(before: Certificate, again: Certificate, *, is_json: bool) -> NoReturn:
    """End with 0 if both say the same and nothing fails."""
    differences = list(before.differences(again))
    if is_json:
        facts = {"confirmed": not differences and again.passed, "differences": differences}
        print(json.dumps(facts | {"certificate": again.to_json()}, indent=2))
    else:
        _tell(again)
        print("confirmed" if not differences else "not confirmed")
    for difference in differences:
        print(f"FAILED certify: {difference}", file=sys.stderr)
    raise typer.Exit(0 if again.passed and not differences else FAILED)


def finish(result: StageResult[StageFacts], *, is_json: bool) -> NoReturn:
    """Print the facts, and end with the exit status of the checks."""
    if is_json:
        facts = result.to_json() if result.is_recorded else result.facts.to_json()
        print(json.dumps(facts, indent=2))
    for check in result.checks:
        if not check.passed:
            print(f"FAILED {check.stage}: {check.evidence}", file=sys.stderr)
    raise typer.Exit(0 if result.passed else FAILED)
