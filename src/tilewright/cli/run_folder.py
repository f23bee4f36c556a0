"""Open a run folder, run stages in it, and end with their verdict."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from tilewright.cli.app import FAILED
from tilewright.cli.console import Console

if TYPE_CHECKING:
    from tilewright.facts import StageFacts, StageResult
    from tilewright.pipeline import RunFolder


def start_run(
    config: Path | None, out: Path, overrides: list[str] | None, *, is_restart: bool
) -> RunFolder:
    """The run folder `out`, new or taken up again with this configuration."""
    from tilewright.config import load_config
    from tilewright.pipeline import RunFolder

    folder = RunFolder(out)
    wanted = load_config(config, tuple(overrides or ()))
    if is_restart and out.exists():
        folder.remove()
    folder.start(wanted)
    return folder


def open_run(path: Path, stage: str = "", overrides: list[str] | None = None) -> RunFolder:
    """An existing run; `overrides` become its configuration from `stage` on."""
    from tilewright.pipeline import RunFolder

    folder = RunFolder(path)
    folder.config()
    if overrides:
        folder.reconfigure(stage, tuple(overrides))
    return folder


def run_stages(folder: RunFolder, stages: tuple[str, ...], *, is_json: bool) -> None:
    """Run `stages` one after the other, and end with the exit status of their checks."""
    from tilewright.pipeline import run_stage

    console = Console(is_json=is_json)
    results = []
    for stage in stages:
        console.announce(stage)
        results.append(run_stage(stage, folder, console))
    found = [result for result in results if result is not None]  # of several processes, one has it
    failed = [check for result in found for check in result.checks if not check.passed]
    if is_json and found:
        print(json.dumps(found[-1].to_json(), indent=2))
    for check in failed:
        print(f"FAILED {check.stage}: {check.evidence}", file=sys.stderr)
    raise typer.Exit(FAILED if failed else 0)


def finish(result: StageResult[StageFacts], *, is_json: bool) -> NoReturn:
    """Print the facts, and end with the exit status of the checks."""
    if is_json:
        facts = result.to_json() if result.is_recorded else result.facts.to_json()
        print(json.dumps(facts, indent=2))
    for check in result.checks:
        if not check.passed:
            print(f"FAILED {check.stage}: {check.evidence}", file=sys.stderr)
    raise typer.Exit(0 if result.passed else FAILED)
