"""The order of the stages; it is stated only here.

Stage modules are imported when they run: the integer half starts without torch, and ``--help`` at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tilewright.errors import ConfigError, expect_packages

if TYPE_CHECKING:
    from tilewright.facts import StageFacts, StageResult
    from tilewright.pipeline.run_folder import Listener, RunFolder
    from tilewright.report import Summary

ORDER = ("train", "evaluate", "recover", "verify", "tile", "export", "simulate", "cosim")
"""The stages, in the order in which `run_all` runs them."""

WITH_TORCH = ORDER[:3]
DRAFTS = ("tile",)
"""Stages whose result is kept only once the next one has accepted the configuration."""


def run_stage(
    stage: str, run: RunFolder, listener: Listener, *, is_draft: bool = False, **options: Any
) -> StageResult[StageFacts] | None:
    """Run one stage; it reads the folders of the stages before it and writes its own.

    is_draft: the result is kept only once the next stage begins to write. options: what only this stage
    takes, by keyword. Of several processes that train together, the first has the result and the others
    None.
    """
    run.check_inputs(stage)
    _refuse_imported(stage, run)
    expect_packages("torch" if stage in WITH_TORCH else "numba", "safetensors")
    work: Callable[..., StageResult[StageFacts] | None] = getattr(
        import_module(f"tilewright.pipeline.stages.{stage}"), stage
    )
    since, inputs = time.monotonic(), run.fingerprint(stage)
    result = work(run, listener, **options)
    if result is None:
        return None
    return run.record(result, since=since, inputs=inputs, is_draft=is_draft)


def _refuse_imported(stage: str, run: RunFolder) -> None:
    """What needs the training or the images of a network that came from elsewhere, and has none, says so."""
    if stage not in ("evaluate", "recover") or run.has_result("train"):
        return
    if not run.has_result("recover"):
        return
    from tilewright.facts import RecoverFacts
    from tilewright.pipeline.own_images import OwnImages

    imported = run.result(RecoverFacts).facts.imported
    has_images = stage == "evaluate" and OwnImages.load(run) is not None
    if imported is None or has_images:
        return
    advice = {
        "evaluate": "no images with classes here: tilewright verify compares its codes and sums, and "
        "tilewright.Engine(tilewright.load_network(RUN)) computes images of yours, given as codes",
        "recover": "no training here, and its integers are recovered already: go on with tilewright verify",
    }
    raise ConfigError(
        f"{run.root} holds a network from elsewhere, {imported}, which has {advice[stage]}"
    )


def make_report(run: RunFolder) -> Summary:
    """Gather what the stages found so far; returns the summary."""
    from tilewright.pipeline.stages.report import report

    return report(run)


def run_all(run: RunFolder, listener: Listener, announce: Callable[[str], None]) -> Summary:
    """The whole chain and its report; `announce` is called with each stage as it begins.

    A failed check does not stop the chain: the later stages show how far the fault reaches.
    """
    _require_layout(run.config().vectors.layout)
    for stage in ORDER:
        announce(stage)
        run_stage(stage, run, listener, is_draft=stage in DRAFTS)
    return make_report(run)


def _require_layout(name: str) -> None:
    """Better refused before training than when cosim is to read the files."""
    from tilewright.cores.run_list import is_readable
    from tilewright.vectors import CORE_LAYOUTS, load_layout

    if name and not is_readable(load_layout(name)):
        raise ConfigError(
            f"vectors.layout must be one that the RTL testbench reads ({', '.join(CORE_LAYOUTS)}, or one of "
            f"them packed), because the chain ends with it, not {name}: leave it out here, and then "
            "'tilewright export RUN --set vectors.layout=...' writes the files of another bench"
        )


__all__ = ["ORDER", "make_report", "run_all", "run_stage"]
