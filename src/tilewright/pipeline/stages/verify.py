"""Judge every layer's psums, next codes and psum width against the reference."""

from __future__ import annotations

from dataclasses import asdict, replace

from tilewright.facts import LayerVerdict, StageResult, SumVerdict, VerifyFacts
from tilewright.pipeline.failure import layer_cause
from tilewright.pipeline.run_folder import Listener, RunFolder
from tilewright.spec import ArrayShape, Check, IntegerLayer, Node, Stimulus
from tilewright.verify import NodeVerdict, WidthClaim, check_node, reference_sums


def verify(run: RunFolder, listener: Listener) -> StageResult[VerifyFacts]:
    """Compare what the training forward computed with the naive int64 reference, layer by layer."""
    stimulus, psum_bits = run.stimulus(), run.config().array.psum_bits
    verdicts, checks = [], list[Check]()
    for node in run.network().nodes:
        verdict = check_node(node, stimulus, psum_bits=psum_bits)
        verdicts.append(verdict)
        found = _checks(verdict)
        if not verdict.psums.passed:
            found[0] = _explained(found[0], node, stimulus, run.config().array.shape)
        for check in found:
            listener.say(check.evidence)
        checks += found
    facts = VerifyFacts(
        samples=len(stimulus.samples),
        layers=tuple(_layer(one, one.width) for one in verdicts if one.width is not None),
        sums=tuple(_sum(one) for one in verdicts if one.width is None),
    )
    return StageResult(facts, tuple(checks))


def _explained(check: Check, node: Node, stimulus: Stimulus, array: ArrayShape) -> Check:
    """The failing check of a node's psums, ended by the cause in the first sample that differs."""
    if not isinstance(node, IntegerLayer):
        return check
    codes, psums = stimulus.codes[node.name], stimulus.psums[node.name]
    wrong = (reference_sums(node, codes) != psums).any(axis=(1, 2, 3))
    sample = int(wrong.argmax())
    cause = layer_cause(node, array, codes[sample], psums[sample])
    return replace(check, evidence=f"{check.evidence}: {cause}") if cause else check


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


def _layer(verdict: NodeVerdict, width: WidthClaim) -> LayerVerdict:
    return LayerVerdict(
        **asdict(_sum(verdict)),
        psum_bits_needed=width.bits_needed,
        psum_bits_by_type=width.bits_by_type,
        psum_bits=width.bits,
        psum_reachable=width.reachable,
        psum_observed=width.observed,
    )


def _sum(verdict: NodeVerdict) -> SumVerdict:
    return SumVerdict(
        layer=verdict.layer,
        psums_compared=verdict.psums.compared,
        psum_mismatches=verdict.psums.mismatches,
        next_codes_compared=sum(codes.compared for codes in verdict.next_codes),
        next_code_mismatches=sum(codes.mismatches for codes in verdict.next_codes),
        unlinked=verdict.unlinked,
    )
