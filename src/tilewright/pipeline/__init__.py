"""The order of the stages; nothing else knows what comes next.

Stage modules are imported when they run: the integer half starts without torch, and ``--help`` at once.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from tilewright.errors import expect_packages
from tilewright.pipeline.run_folder import Listener, RunFolder, StageResult

ORDER = ("train", "evaluate", "recover", "verify", "tile", "export", "simulate", "cosim")
"""The stages, in the order in which `run_all` runs them."""

WITH_TORCH = ORDER[:3]


def run_stage(stage: str, run: RunFolder, listener: Listener, **options: Any) -> StageResult:
    """Run one stage; it reads the folders of the stages before it and writes its own.

    options: what only this stage takes, by keyword.
    """
    run.check_inputs(stage)
    expect_packages("torch" if stage in WITH_TORCH else "numba", "safetensors")
    run.withdraw_report()
    work: Callable[..., StageResult] = getattr(
        import_module(f"tilewright.pipeline.stages.{stage}"), stage
    )
    return work(run, listener, **options)


def make_report(run: RunFolder) -> dict[str, Any]:
    """Gather what the stages found so far; returns the summary."""
    from tilewright.pipeline.stages.report import report

    return report(run)


def run_all(run: RunFolder, listener: Listener, announce: Callable[[str], None]) -> dict[str, Any]:
    """The whole chain and its report; `announce` is told each stage as it begins.

    A failed check does not stop the chain: the later stages show how far the fault reaches.
    """
    from tilewright.vectors import load_layout

    load_layout(run.config().vectors.layout)  # an unknown one is better refused before training
    for stage in ORDER:
        announce(stage)
        run_stage(stage, run, listener)
    return make_report(run)


__all__ = ["ORDER", "Listener", "RunFolder", "StageResult", "make_report", "run_all", "run_stage"]
