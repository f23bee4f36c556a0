"""Judge every layer's psums, next codes and psum width against the reference."""

from __future__ import annotations

import time
from typing import Any

from tilewright.pipeline.run_folder import Listener, RunFolder, StageResult
from tilewright.spec import Check
from tilewright.verify import Comparison, NodeVerdict, WidthClaim, check_node


def verify(run: RunFolder, listener: Listener) -> StageResult:
    """Compare what the training forward computed with the naive int64 reference, layer by layer."""
    since = time.monotonic()
    stimulus, psum_bits = run.stimulus(), run.config().array.psum_bits
    verdicts = []
    for node in run.network().nodes:
        verdict = check_node(node, stimulus, psum_bits=psum_bits)
        verdicts.append(verdict)
        for check in _checks(verdict):
            listener.say(check.evidence)
    checks = tuple(check for verdict in verdicts for check in _checks(verdict))
    facts = {
        "samples": len(stimulus.samples),
        "layers": [_layer_facts(one, one.width) for one in verdicts if one.width is not None],
        "sums": [_sum_facts(one) for one in verdicts if one.width is None],
    }
    return run.record(StageResult("verify", checks, facts), since=since)


def _checks(verdict: NodeVerdict) -> list[Check]:
    name, width = verdict.layer, verdict.width
    checks = [Check("verify", f"{name}: psums", verdict.psums.passed, str(verdict.psums))]
    checks += [
        Check("verify", f"{name}: next codes", codes.passed, str(codes))
        for codes in verdict.next_codes
    ]
    if width is not None:
        checks.append(Check("verify", f"{name}: psum width", width.passed, f"{name}: {width}"))
    return checks


def _layer_facts(verdict: NodeVerdict, width: WidthClaim) -> dict[str, Any]:
    return _sum_facts(verdict) | {
        "psum_bits_needed": width.bits_needed,
        "psum_bits_by_type": width.bits_by_type,
        "psum_bits": width.bits,
        "psum_reachable": width.reachable,
        "psum_observed": width.observed,
    }


def _sum_facts(verdict: NodeVerdict) -> dict[str, Any]:
    return {
        "layer": verdict.layer,
        **_counts("psum", verdict.psums),
        **_counts("next_code", *verdict.next_codes),
        "unlinked": verdict.unlinked,
    }


def _counts(noun: str, *comparisons: Comparison) -> dict[str, int]:
    return {
        f"{noun}s_compared": sum(comparison.compared for comparison in comparisons),
        f"{noun}_mismatches": sum(comparison.mismatches for comparison in comparisons),
    }
