"""`doctor`: say what this computer can do."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tilewright.cli.app import FAILED, JsonOption, app
from tilewright.errors import EXTRAS

if TYPE_CHECKING:
    from tilewright.doctor import Finding


def _what_is_ready(findings: list[Finding]) -> str:
    missing = {finding.name for finding in findings if finding.is_needed and not finding.is_present}
    if missing <= EXTRAS.keys():
        return "not ready for training and its stages: see MISSING above; files and cores need none of it"
    return "not ready: see MISSING above"


@app.command()
def doctor(
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="Where CIFAR-10's binary files should be.")
    ] = None,
    is_json: JsonOption = False,
) -> None:
    """Say what this computer can do, and how to install what is missing."""
    from tilewright.doctor import examine

    findings = []
    for finding in examine(data_dir=data_dir):
        findings.append(finding)
        if not is_json:
            mark = "ok" if finding.is_present else ("MISSING" if finding.is_needed else "-")
            print(f"{mark:8}{finding.name:20}{finding.detail}", flush=True)
            if finding.remedy and not finding.is_present:
                print(f"{'':28}{finding.remedy}")
    is_ready = all(finding.is_present or not finding.is_needed for finding in findings)
    if is_json:
        print(
            json.dumps(
                {
                    "passed": is_ready,
                    "ready": is_ready,
                    "findings": [asdict(item) for item in findings],
                },
                indent=2,
            )
        )
    else:
        print("ready" if is_ready else _what_is_ready(findings))
    raise typer.Exit(0 if is_ready else FAILED)
