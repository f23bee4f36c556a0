"""Open a run folder for one command, run stages in it, and end with their verdict."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from tilewright.cli.app import FAILED
from tilewright.cli.console import Console, suggest

if TYPE_CHECKING:
    from tilewright.facts import StageFacts, StageResult
    from tilewright.pipeline.run_folder import RunFolder


NEXT = {
    "train": "tilewright evaluate {run}",
    "recover": "tilewright verify {run}",
    "verify": "tilewright export {run}",
    "export": "tilewright simulate {run}",
    "simulate": "tilewright cosim {run}",
    "cosim": "tilewright report {run}",
}
"""The command after a stage that went well."""

HELD = ExitStack()
"""The folders that the command holds; it is closed when the command ends."""


@contextmanager
def started_run(
    config: Path | None, out: Path, overrides: list[str] | None, *, is_restart: bool
) -> Iterator[RunFolder]:
    """The run folder `out`, new or taken up again with this configuration.

    With `is_restart`, the folder of a new run, which takes the place of `out` when the context ends well.
    """
    from tilewright.config import load_config
    from tilewright.pipeline.restart import restarted
    from tilewright.pipeline.run_folder import RunFolder

    wanted = load_config(config, tuple(overrides or ()))
    folder = RunFolder(out)
    if is_restart and out.exists():
        folder.check_removable()
        hold(out)
        with restarted(folder, wanted) as fresh:
            yield fresh
    else:
        folder.start(wanted)
        hold(out)
        folder.start(wanted)  # another command may have begun a run in the meantime
        yield folder


def hold(root: Path) -> None:
    """Hold the run folder `root` until the command ends; `ArtifactError` if another command does."""
    from tilewright.pipeline.run_lock import locked_run

    HELD.enter_context(locked_run(root, shlex.join(sys.argv[1:])))


def hold_folder(folder: Path) -> None:
    """Hold any folder that the command writes until it ends; `ArtifactError` if another command does."""
    from tilewright.store.folder_lock import locked_folder

    HELD.enter_context(locked_folder(folder, shlex.join(sys.argv[1:])))


def expect_network(path: Path) -> None:
    """Refuse what is no network, at once, before torch is loaded; raises `ConfigError`."""
    from tilewright.errors import ConfigError
    from tilewright.spec import find_packed

    if not path.is_dir() and find_packed(path) is None:
        raise ConfigError(
            f"{path} must be a run folder or a packed network (NAME.json), but is neither: "
            "give the path of one"
        )


def open_run(path: Path, stage: str = "", overrides: list[str] | None = None) -> RunFolder:
    """An existing run, held until the command ends; `overrides` become its configuration from `stage` on."""
    from tilewright.pipeline.run_folder import RunFolder

    folder = RunFolder(path)
    folder.config()
    hold(path)
    if overrides:
        folder.reconfigure(stage, tuple(overrides))
    return folder


def run_stages(
    folder: RunFolder, stages: tuple[str, ...], *, is_json: bool, **options: Any
) -> None:
    """Run `stages` one after the other, and end with the exit status of their checks.

    options: what only the last stage takes, by keyword.
    """
    from tilewright.pipeline import DRAFTS, run_stage

    console = Console(is_json=is_json)
    results = []
    for stage in stages:
        console.announce(stage)
        own = options if stage == stages[-1] else {}
        results.append(run_stage(stage, folder, console, is_draft=stage in DRAFTS, **own))
    found = [result for result in results if result is not None]  # of several processes, one has it
    failed = [check for result in found for check in result.checks if not check.passed]
    if is_json and found:
        print(json.dumps(found[-1].to_json(), indent=2))
    for check in failed:
        print(f"FAILED {check.stage}: {check.evidence}", file=sys.stderr)
    if not is_json and not failed:
        suggest(NEXT[stages[-1]].format(run=shlex.quote(str(folder.root))))
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
