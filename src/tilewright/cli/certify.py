"""`certify`: state why a network's integers are exact."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from tilewright.cli.app import FAILED, DataDirOption, JsonOption, app
from tilewright.cli.console import Console
from tilewright.cli.run_folder import expect_network, finish, hold
from tilewright.cli.unheeded import refuse_given

if TYPE_CHECKING:
    from tilewright.verify import Certificate


EFFORT = ("images", "naive", "onnx", "rtl", "proves", "out")


@app.command()
def certify(
    context: typer.Context,
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="PATH",
            help="A run folder or a packed network; with --check, the network that FILE names.",
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
    proves: Annotated[
        bool, typer.Option("--prove", help="Prove the RTL array on every tile, for all inputs.")
    ] = False,
    threads: Annotated[int, typer.Option("--threads", min=1, max=256)] = 1,
    data_dir: DataDirOption = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Where to write; default: beside the network."),
    ] = None,
    is_json: JsonOption = False,
) -> None:
    """State why a network's integers are exact, which oracles agree, and what is not proved."""
    from tilewright.errors import ConfigError
    from tilewright.spec import find_packed

    if path is None and checked is None:
        raise ConfigError("certify needs a run folder or a packed network, or --check FILE")
    if path is not None:
        expect_network(path)
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
        refuse_given(context, EFFORT, f"a new certificate, and --check does what {checked} says")
        before, source = read_certificate(checked)
        subject = open_subject(path or source, data_dir=data_dir)
        again = make(subject, effort_of(before, checked), console, threads=threads)
        _compare(before, again, is_json=is_json)
    assert path is not None  # noqa: S101 -- _compare ends the command
    if out is None and find_packed(path) is None and path.is_dir():
        hold(path)
    subject = open_subject(path, data_dir=data_dir)
    effort = Effort(images, naive, onnx, tuple(rtl or ()), proves=proves)
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
        is_confirmed = not differences and again.passed
        facts = {"passed": is_confirmed, "confirmed": is_confirmed, "differences": differences}
        print(json.dumps(facts | {"certificate": again.to_json()}, indent=2))
    else:
        _tell(again)
        print("confirmed" if not differences else "not confirmed")
    for difference in differences:
        print(f"FAILED certify: {difference}", file=sys.stderr)
    raise typer.Exit(0 if again.passed and not differences else FAILED)
