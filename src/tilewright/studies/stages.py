"""Stages of the chain on a run folder, from a program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tilewright.errors import UnknownNameError
from tilewright.facts import StageFacts, StageResult
from tilewright.pipeline import DRAFTS, ORDER, run_stage
from tilewright.pipeline.run_folder import SECTIONS, Listener, RunFolder, Silent
from tilewright.pipeline.run_lock import locked_run

Found = dict[str, StageResult[StageFacts]]
"""Stage to what it found: `passed`, and `checks` with the evidence of each."""


@dataclass(frozen=True, slots=True)
class Told:
    """A listener that gives every line to a function, such as `print`."""

    tell: Callable[[str], object]

    def say(self, line: str) -> None:
        """Take a line that stays."""
        self.tell(line)

    def progress(self, line: str) -> None:
        """Take a line that the next one replaces."""
        self.tell(line)


def run_stages(
    path: Path | str,
    *stages: str,
    settings: tuple[str, ...] = (),
    listener: Listener | Callable[[str], object] | None = None,
) -> Found:
    """Run `stages` (verify, export, simulate, cosim, ..) in the run folder `path`, in the order given.

    settings: ``section.key=value``, as behind ``--set``; each is taken by the first of the stages that may
    change its section. listener: gets the lines of progress, for example `print`. Raises `UnknownNameError`
    for no stage, and what the stages raise: a stage that finds a difference raises nothing, its result has
    not `passed`.
    """
    for stage in stages:
        if stage not in ORDER:
            raise UnknownNameError.among("stage", stage, ORDER)
    run, found = RunFolder(Path(path)), Found()
    hearer = listener or Silent()
    hearer = Told(hearer) if callable(hearer) else hearer
    run.config()
    with locked_run(run.root, " ".join(("run_stages", *stages))):
        order = _with_tiles(stages)
        for stage, mine in _shared_out(order, settings):
            if mine:
                run.reconfigure(stage, mine)
            result = run_stage(stage, run, hearer, is_draft=stage in DRAFTS)
            if result is not None:  # of several processes, one has it
                found[stage] = result
    return found


def _shared_out(
    stages: list[str], settings: tuple[str, ...]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each stage with the settings that it takes; what no stage takes is of the first, which refuses it."""
    left = list(settings)
    for number, stage in enumerate(stages):
        later = {section for other in stages[number + 1 :] for section in SECTIONS[other]}
        mine = [
            one
            for one in left
            if (section := one.split(".")[0]) in SECTIONS[stage]
            or (number == 0 and section not in later)
        ]
        left = [one for one in left if one not in mine]
        yield stage, tuple(mine)


def _with_tiles(stages: tuple[str, ...]) -> list[str]:
    """`stages`, with the plan of tiles before the files that follow from it."""
    done = list[str]()
    for stage in stages:
        if stage == "export" and "tile" not in done:
            done.append("tile")
        done.append(stage)
    return done
