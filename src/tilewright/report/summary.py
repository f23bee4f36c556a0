"""One verdict and its numbers, from the facts that the stages left."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

Facts = Mapping[str, Any]
"""JSON facts of one stage."""

REQUIRED = ("train", "evaluate", "recover", "verify", "tile", "export", "simulate", "cosim")
"""Stages without which there is no verdict "pass"."""
ELSEWHERE = ("train", "evaluate")
"""Stages that an imported network has behind it, in the tool that it comes from."""


def summarize(stages: Mapping[str, Facts], *, stale: Collection[str]) -> dict[str, Any]:
    """The content of ``summary.json``.

    stages: facts by stage name; a stage that has not run is absent. stale: stages that read something
    else than what lies in the run folder now. `verdict` is "pass" only if every stage ran, none is stale
    and every check holds; `reasons` says what stands against it. An imported network needs no training.
    """
    reasons = _reasons(stages, stale)
    evaluate, verify = stages.get("evaluate", {}), stages.get("verify", {})
    return {
        "verdict": "fail" if reasons else "pass",
        "reasons": reasons,
        "imported": stages.get("recover", {}).get("imported"),
        "checks": sum(len(facts.get("checks", ())) for facts in stages.values()),
        "accuracy": {
            "test": evaluate.get("accuracy"),
            "test_images": evaluate.get("images"),
            "test_correct": evaluate.get("correct"),
            "holdout": stages.get("train", {}).get("holdout_accuracy"),
        },
        "layers": [_layer(entry, stages) for entry in verify.get("layers", ())],
        "vectors": _pick(stages, "export", "files", "layout", "stimulus", "weights"),
        "sim": _pick(stages, "simulate", "cycles", "psums_compared", "mismatches"),
        "cosim": _pick(
            stages,
            "cosim",
            "simulator",
            "version",
            "rtl",
            "tiles",
            "psums_compared",
            "outputs_compared",
            "mismatches",
            "cycles",
            "corners",
        ),
        "array": stages.get("tile", {}).get("array"),
        "seconds": {name: facts.get("seconds") for name, facts in stages.items()},
        "provenance": stages.get("train", {}).get("provenance"),
    }


def _reasons(stages: Mapping[str, Facts], stale: Collection[str]) -> list[str]:
    done = {*stages, *(ELSEWHERE if "imported" in stages.get("recover", {}) else ())}
    reasons = [f"{name} has not run" for name in REQUIRED if name not in done]
    for name, facts in stages.items():
        if name in stale:
            reasons.append(f"{name} is stale: what it read has changed since; run it again")
        reasons += [
            f"{check['stage']}: {check['evidence']}"
            for check in facts.get("checks", ())
            if not check["passed"]
        ]
    return reasons


def _layer(entry: Facts, stages: Mapping[str, Facts]) -> dict[str, Any]:
    """Everything about one layer; cycles are of its first sample, counts of all samples."""
    name = entry["layer"]
    recovered = _entries(stages, "recover", name)
    plan, model, rtl = (_entries(stages, stage, name) for stage in ("tile", "simulate", "cosim"))
    return {
        "name": name,
        **{key: value for key, value in _first(recovered).items() if key != "layer"},
        **{key: value for key, value in entry.items() if key != "layer"},
        **{key: _first(plan).get(key) for key in ("itiles", "otiles", "taps", "folds", "macs")},
        "sim_cycles": _first(model).get("cycles"),
        "utilization": _first(model).get("utilization"),
        "sim_mismatches": _total(model, "mismatches"),
        "cosim_cycles": _first(rtl).get("cycles"),
        "cosim_psums_compared": _total(rtl, "psums_compared"),
        "cosim_mismatches": _total(rtl, "mismatches"),
    }


def _entries(stages: Mapping[str, Facts], stage: str, layer: str) -> list[Facts]:
    """What a stage says of a layer: one entry for each sample."""
    facts = stages.get(stage, {})
    return [
        entry for entry in facts.get("layers", facts.get("bundles", ())) if entry["layer"] == layer
    ]


def _first(entries: list[Facts]) -> Facts:
    return entries[0] if entries else {}


def _total(entries: list[Facts], key: str) -> int | None:
    return sum(entry[key] for entry in entries) if entries else None


def _pick(stages: Mapping[str, Facts], stage: str, *keys: str) -> dict[str, Any]:
    return {key: stages.get(stage, {}).get(key) for key in keys}
