"""`mutate`: measure how many planted faults of a core the vectors notice."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tilewright.cli import after_dashes as given
from tilewright.cli.app import FAILED, JsonOption, WorkersOption, app
from tilewright.cli.console import Console
from tilewright.cli.option_groups import takes_groups
from tilewright.cli.reading import ReadingOptions
from tilewright.cli.unheeded import refuse_given
from tilewright.errors import ConfigError

if TYPE_CHECKING:
    from tilewright.mutation import Campaign
    from tilewright.studies.mutate import MutateOptions
    from tilewright.trials.command import Command
    from tilewright.trials.trial import Expected


@app.command(cls=given.CommandAfterDashes)
@takes_groups
def mutate(
    context: typer.Context,
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="RUN|BUNDLE...", help="A run with exported bundles, or bundles."),
    ],
    *,
    rtl_dir: Annotated[
        Path | None, typer.Option("--rtl-dir", help="The core to mutate. Default: ours.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="Mutants, chosen from all files and categories.")
    ] = 400,
    is_all: Annotated[bool, typer.Option("--all", help="Every mutant.")] = False,
    bundles: Annotated[
        int, typer.Option("--bundles", min=1, help="Bundles that are run, the smallest first.")
    ] = 3,
    has_corners: Annotated[
        bool, typer.Option("--corners/--no-corners", help="Add corner cases to what is given.")
    ] = True,
    has_modes: Annotated[
        bool | None,
        typer.Option(
            "--modes/--no-modes",
            help="Add layers that drive every mode, schedule and rule. Default: for our core.",
        ),
    ] = None,
    least: Annotated[
        float, typer.Option("--least", min=0, max=100, help="Fail below this score, in percent.")
    ] = 0.0,
    simulator: Annotated[
        str, typer.Option("--simulator", metavar="NAME", help="icarus, verilator or an added one.")
    ] = "icarus",
    timeout_s: Annotated[
        float, typer.Option("--timeout", min=0.1, help="Seconds for one build or run.")
    ] = 20.0,
    equivalents: Annotated[
        Path | None,
        typer.Option(
            "--equivalents", help="TOML with reasons. Default, for our core: those about it."
        ),
    ] = None,
    has_proofs: Annotated[
        bool,
        typer.Option("--prove/--no-prove", help="Decide about survivors, if yosys is installed."),
    ] = True,
    has_screen: Annotated[
        bool,
        typer.Option("--screen/--no-screen", help="Ask Verilator where to look first, if it pays."),
    ] = True,
    seed: Annotated[int, typer.Option("--seed", help="Of the choice, and of random codes.")] = 0,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Mutants at a time.")] = 1,
    log_file: Annotated[
        Path | None,
        typer.Option("--log", help="Keep outcomes there as they come, and go on from those in it."),
    ] = None,
    workers: WorkersOption = "",
    running: given.CommandOptions,
    judging: given.JudgingOptions,
    reading: ReadingOptions,
    files: Annotated[
        list[str] | None,
        typer.Option("--files", metavar="GLOB", help="Of the project, to plant faults in."),
    ] = None,
    is_json: JsonOption = False,
) -> None:
    """Plant faults in the core, one at a time, and count which of them the vectors notice.

    A core with ports of its own: --project DIR, and after -- the command that runs it, as for `try`.
    """
    from tilewright.studies.mutate import MutateOptions
    from tilewright.studies.mutate import mutate as plant

    options = MutateOptions(
        rtl_dir=rtl_dir,
        limit=None if is_all else limit,
        bundles=bundles,
        has_corners=has_corners,
        has_modes=has_modes,
        simulator=simulator,
        timeout_s=timeout_s,
        equivalents=equivalents,
        has_proofs=has_proofs,
        seed=seed,
        jobs=jobs,
        log=log_file,
        workers=workers,
        has_screen=has_screen,
    )
    console = Console(is_json=is_json)
    is_ours = not given.words_after_dashes(context) and running.project is None
    if not is_ours:
        _expect_heeded(context, is_ours=False)
        command = running.command(context, timeout_s=timeout_s)
        expected = judging.expected(reading.reading())
        campaign = _plant_in_project(paths, command, expected, options, console, files=files)
    else:
        _expect_unused(running, judging, reading)
        _expect_heeded(context, is_ours=True)
        campaign = plant(paths, options, console)
    is_enough = 100 * campaign.score() >= least
    if is_json:
        print(json.dumps({"passed": is_enough} | campaign.to_facts(), indent=2))
    else:
        _print_campaign(campaign, is_ours=is_ours)
    if not is_enough:
        print(
            f"FAILED mutation score: {100 * campaign.score():.2f} %, must be at least {least:g} %",
            file=sys.stderr,
        )
    raise typer.Exit(0 if is_enough else FAILED)


def _expect_heeded(context: typer.Context, *, is_ours: bool) -> None:
    """Refuse what one of the two ways does not look at; to leave out what it never does is no matter."""
    if is_ours:
        refuse_given(context, ["files"], "a project, with --project")
        return
    flags = ("has_modes", "has_proofs", "has_screen")
    asked = (name for name in flags if context.params[name])
    alone = ("rtl_dir", "simulator", "equivalents", "workers", *asked)
    refuse_given(context, alone, "a core with our ports: your command runs another one, here")


def _expect_unused(*groups: Any) -> None:
    """Refuse options of a core with ports of its own, where ours is meant."""
    if any(group != type(group)() for group in groups):
        raise ConfigError(
            "--build, --dump and options of their kind are of a core with ports of its own: give the "
            "command that runs it after --"
        )


def _plant_in_project(
    paths: list[Path],
    command: Command,
    expected: Expected,
    options: MutateOptions,
    console: Console,
    *,
    files: list[str] | None,
) -> Campaign:
    from tilewright.trials.mutants import MutantOptions, mutate_project

    chosen = MutantOptions(
        files=tuple(files or ()),
        limit=options.limit,
        bundles=options.bundles,
        has_corners=options.has_corners,
        seed=options.seed,
        jobs=options.jobs,
        log=options.log,
    )
    return mutate_project(
        paths, command, expected, chosen, say=console.say, progress=console.progress
    )


NOTHING_NOTICED = (
    "note: no fault was noticed: does the command run what is built from these sources (--build COMMAND), "
    "and is what it leaves judged (--dump FILE)?"
)


def _print_campaign(campaign: Campaign, *, is_ours: bool) -> None:
    for outcome in campaign.survivors:
        print(f"SURVIVED {outcome.mutant}{'; ' * bool(outcome.evidence)}{outcome.evidence}")
    for outcome in campaign.outcomes:
        if outcome.status == "equivalent":
            print(f"equivalent {outcome.mutant}; {outcome.evidence}")
    for file in campaign.unnoticed_files:
        print(
            f"note: no fault in {file} was noticed: is it part of what runs? --files leaves others out"
        )
    facts = campaign.to_facts()
    if facts["survived"] and not (facts["killed"] or is_ours):
        print(NOTHING_NOTICED)
    print(
        f"{facts['mutants']:,} mutants: {facts['killed']:,} killed, {facts['survived']:,} survived, "
        f"{facts['equivalent']:,} equivalent, {facts['not_built']:,} did not build"
    )
    print(f"{'category':16}{'killed':>8}{'survived':>10}{'equivalent':>12}{'not built':>11}")
    for category, line in facts["categories"].items():
        counts = [line.get(name, 0) for name in ("killed", "survived", "equivalent", "not built")]
        print(f"{category:16}{counts[0]:8}{counts[1]:10}{counts[2]:12}{counts[3]:11}")
    print("vectors, one set after the other, and the score (killed of those not equivalent):")
    for one in facts["sets"]:
        print(
            f"  {one['name']:10}{one['bundles']:3} bundles {one['killed']:6,} killed   "
            f"{100 * one['score']:6.2f} %"
        )
    for one in facts["sets"][1:]:
        if one["killed"]:
            print(f"add {one['how']}: {one['killed']} more")
    print(f"mutation score: {100 * facts['score']:.2f} %, in {facts['seconds']:.0f} s")
