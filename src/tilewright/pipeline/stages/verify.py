"""Judge every layer's psums, next codes and psum width against the reference."""

from __future__ import annotations

import time
from typing import Any

from tilewright.pipeline.run_folder import Listener, RunFolder, StageResult
from tilewright.spec import Check
from tilewright.verify import Comparison, LayerVerdict, check_layer


def verify(run: RunFolder, listener: Listener) -> StageResult:
    """Compare what the training forward computed with the naive int64 reference, layer by layer."""
    since = time.monotonic()
    stimulus, psum_bits = run.stimulus(), run.config().array.psum_bits
    verdicts = []
    for layer in run.network().layers:
        link = layer.requantization
        verdict = check_layer(
            layer,
            stimulus.codes[layer.name],
            stimulus.psums[layer.name],
            stimulus.codes[link.consumer] if link is not None else None,
            psum_bits=psum_bits,
        )
        verdicts.append(verdict)
        for check in _checks(verdict):
            listener.say(check.evidence)
    checks = tuple(check for verdict in verdicts for check in _checks(verdict))
    facts = {"samples": len(stimulus.samples), "layers": [_facts(verdict) for verdict in verdicts]}
    return run.record(StageResult("verify", checks, facts), since=since)


def _checks(verdict: LayerVerdict) -> list[Check]:
    name, width = verdict.layer, verdict.width
    checks = [Check("verify", f"{name}: psums", verdict.psums.passed, str(verdict.psums))]
    if verdict.next_codes is not None:
        codes = verdict.next_codes
        checks.append(Check("verify", f"{name}: next codes", codes.passed, str(codes)))
    checks.append(Check("verify", f"{name}: psum width", width.passed, f"{name}: {width}"))
    return checks


def _facts(verdict: LayerVerdict) -> dict[str, Any]:
    psums, codes, width = verdict.psums, verdict.next_codes, verdict.width
    return {
        "layer": verdict.layer,
        **_counts("psum", psums),
        **(_counts("next_code", codes) if codes is not None else _counts("next_code")),
        "unlinked": verdict.unlinked,
        "psum_bits_needed": width.bits_needed,
        "psum_bits_by_type": width.bits_by_type,
        "psum_bits": width.bits,
        "psum_reachable": width.reachable,
        "psum_observed": width.observed,
    }


def _counts(noun: str, comparison: Comparison | None = None) -> dict[str, int]:
    return {
        f"{noun}s_compared": comparison.compared if comparison else 0,
        f"{noun}_mismatches": comparison.mismatches if comparison else 0,
    }
