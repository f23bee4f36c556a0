"""`try`: run a core of one's own, by any command, on any number of bundles, and judge what it leaves."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tilewright.cli import after_dashes as given
from tilewright.cli.app import FAILED, GeometryOption, JsonOption, app, given_geometry, given_layout
from tilewright.cli.console import Console
from tilewright.cli.option_groups import takes_groups
from tilewright.cli.reading import ReadingOptions
from tilewright.cli.run_folder import hold_folder
from tilewright.errors import ConfigError
from tilewright.programs.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tilewright.trials.several import Trials
    from tilewright.trials.trial import Expected, Trial
    from tilewright.vectors import Bundle


@app.command("try", cls=given.CommandAfterDashes)
@takes_groups
def try_core(
    context: typer.Context,
    paths: Annotated[
        list[Path], typer.Argument(metavar="BUNDLE...", help="Bundles, or folders that hold some.")
    ],
    judging: given.JudgingOptions,
    reading: ReadingOptions,
    running: given.CommandOptions,
    layout: Annotated[
        str | None,
        typer.Option("--layout", metavar="NAME|FILE.toml", help="Of bundles without a manifest."),
    ] = None,
    geometry: GeometryOption = None,
    skipped: Annotated[
        list[str] | None,
        typer.Option("--skip", metavar="GLOB", help="Leave out bundles whose name matches."),
    ] = None,
    timeout_s: given.TimeoutOption = 60.0,
    jobs: Annotated[int, typer.Option("--jobs", min=1, max=256, help="Bundles at a time.")] = 1,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where the command runs, bundle by bundle.")
    ] = Path("tilewright-try"),
    is_kept: Annotated[
        bool, typer.Option("--keep", help="Keep the folders of runs that pass, too.")
    ] = False,
    most_causes: Annotated[
        int, typer.Option("--causes", min=0, help="Of how many failures a cause is searched.")
    ] = 3,
    junit: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML, too.")
    ] = None,
    is_json: JsonOption = False,
) -> None:
    """Run COMMAND (after --) on every bundle, each in a folder of its own, and judge what it leaves.

    In COMMAND, {bundle}, {out}, {here}, {layer}, {ic}, {oc}, {oh}, {ow}, {kh}, {kw} and other sizes are
    filled in; the environment has them as TILEWRIGHT_BUNDLE and so on.
    """
    from tilewright.store.artifact import expect_file
    from tilewright.trials.several import find_bundles, try_bundles

    if junit is not None:
        expect_file(junit)
    command = running.command(context, timeout_s=timeout_s)
    expected = judging.expected(reading.reading(bundle_words=_opening(layout, geometry)))
    if geometry is not None and layout is None:
        raise ConfigError("--geometry is for files without a manifest: give their --layout, too")
    bundles = find_bundles(
        paths,
        layout=given_layout(layout),
        geometry=given_geometry(geometry),
        skipped=skipped or (),
    )
    screen = _Screen(expected, len(bundles), is_json=is_json, most_causes=most_causes)
    hold_folder(out)
    try:
        found = try_bundles(
            bundles, command, expected, out=out, jobs=jobs, is_kept=is_kept, listener=screen.show
        )
    finally:  # a time limit of CI, too, leaves what was judged until then
        if junit is not None:
            _write_junit(junit, command.text, screen, list(bundles.values()))
    screen.end(found)
    raise typer.Exit(0 if found.passed else FAILED)


def _opening(layout: str | None, geometry: str | None) -> tuple[str, ...]:
    """The options that open bundles without a manifest."""
    return ("--layout", layout, "--geometry", geometry) if layout and geometry else ()


class _Screen:
    """One line for each trial as it ends, and the next step for one that failed."""

    def __init__(
        self, expected: Expected, bundles: int, *, is_json: bool, most_causes: int
    ) -> None:
        self._expected = expected
        self._pace = Pace(bundles, "bundles")
        self._causes_left = most_causes
        self._is_json = is_json
        self._console = Console(is_json=is_json)
        self.causes: dict[str, str] = {}
        self.trials: list[Trial] = []

    def show(self, name: str, trial: Trial) -> None:
        mark = {"pass": "pass", "fail": "FAIL", "error": "ERROR"}[trial.status]
        self._console.say(f"{mark:5} {name}: {trial.evidence} ({trial.seconds:.1f} s)")
        if trial.status != "pass":
            self._show_next_steps(trial)
        self.trials.append(trial)
        self._console.progress(self._pace.line(len(self.trials)))

    def _show_next_steps(self, trial: Trial) -> None:
        steps = given.next_steps(trial, self._expected, has_cause=self._causes_left > 0)
        self._causes_left -= trial.failing is not None
        self.causes[str(trial.bundle.folder)] = "\n".join(steps)
        for step in steps:
            self._console.say(f"      {step}")

    def end(self, found: Trials) -> None:
        if self._is_json:
            print(json.dumps(found.to_json() | {"causes": self.causes}, indent=2))
        else:
            compared = sum(one.compared for one in found.trials)
            differ = sum(one.differ for one in found.trials)
            counts = ", ".join(f"{found.count(name)} {name}" for name in ("pass", "fail", "error"))
            some = "s" * (len(found.trials) != 1)
            print(
                f"{len(found.trials)} bundle{some}: {counts}; {compared:,} numbers compared, "
                f"{differ:,} differ, in {found.seconds:.1f} s"
            )
            print(f"verdict: {'pass' if found.passed else 'fail'}")
        for one in found.trials:
            if one.status != "pass":
                print(f"FAILED {one.bundle.folder}: {one.evidence}", file=sys.stderr)


def _write_junit(path: Path, command: str, screen: _Screen, bundles: Sequence[Bundle]) -> None:
    from tilewright.store.artifact import write_bytes
    from tilewright.trials.junit import trials_junit

    text = trials_junit(command, screen.trials, screen.causes, left=bundles[len(screen.trials) :])
    write_bytes(path, text.encode())
