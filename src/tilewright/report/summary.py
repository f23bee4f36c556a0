"""One verdict and its numbers, from the facts that the stages left."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

from tilewright.facts import (
    BundleRun,
    CornerCounts,
    CosimFacts,
    LayerVerdict,
    Provenance,
    RunFacts,
)
from tilewright.spec import ArrayShape, Check
from tilewright.store.typed_json import to_json

REQUIRED = ("train", "evaluate", "recover", "verify", "tile", "export", "simulate", "cosim")
"""Stages without which there is no verdict "pass"."""
ELSEWHERE = ("train", "evaluate")
"""Stages that an imported network has behind it, in the tool that it comes from."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason against the verdict "pass": the judgement that fails, and its text in the report.

    is_damage: no judgement failed, but a file is not what its stage wrote: the command ends as for bad input.
    """

    check: Check
    text: str
    is_damage: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AccuracySummary:
    """Fractions, 0..1, of the test images and of the hold-out images; None where not counted."""

    test: float | None = None
    test_images: int | None = None
    test_correct: int | None = None
    holdout: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorSummary:
    """The exported vectors; a field is None where nothing was exported."""

    files: int | None = None
    layout: str | None = None
    stimulus: str | None = None
    weights: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SimSummary:
    """The cycle-level model, all layers and samples; None where it did not run."""

    cycles: int | None = None
    psums_compared: int | None = None
    mismatches: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CosimSummary:
    """The RTL, all bundles; None where it did not run. Mismatches as in the facts of cosim."""

    simulator: str | None = None
    version: str | None = None
    rtl: str | None = None
    tiles: int | None = None
    psums_compared: int | None = None
    outputs_compared: int | None = None
    mismatches: int | None = None
    stored_mismatches: int | None = None
    unused_lane_mismatches: int | None = None
    cycles: int | None = None
    corners: CornerCounts | None = None

    @property
    def put_out_compared(self) -> int | None:
        """Psums and outputs that the core put out."""
        if self.psums_compared is None or self.outputs_compared is None:
            return None
        return self.psums_compared + self.outputs_compared

    @property
    def put_out_mismatches(self) -> int | None:
        """The number of `put_out_compared` that differ."""
        if self.mismatches is None:
            return None
        return self.mismatches - (self.stored_mismatches or 0) - (self.unused_lane_mismatches or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSummary:
    """Everything about one layer; cycles are of its first sample, counts of all samples.

    None: the stage that knows it has not run. cosim_mismatches: of all kinds; of these,
    cosim_psum_mismatches are psums that the core put out.
    """

    name: str
    shape_text: str | None
    weight_bits: int | None
    act_bits: int | None
    act_scale: float | None
    weight_codes: tuple[int, int] | None
    psums_compared: int
    psum_mismatches: int
    next_codes_compared: int
    next_code_mismatches: int
    unlinked: str
    psum_bits_needed: int
    psum_bits_by_type: int
    psum_bits: int
    psum_reachable: tuple[int, int]
    psum_observed: tuple[int, int]
    itiles: int | None
    otiles: int | None
    taps: int | None
    folds: int | None
    macs: int | None
    sim_cycles: int | None
    utilization: float | None
    sim_mismatches: int | None
    cosim_cycles: int | None
    cosim_psums_compared: int | None
    cosim_psum_mismatches: int | None
    cosim_mismatches: int | None

    @property
    def psum_bits_spare(self) -> int:
        """Bits of the array's psums beyond those that these weights need; negative: too few."""
        return self.psum_bits - self.psum_bits_needed

    @property
    def cosim_other_mismatches(self) -> int:
        """Outputs, stored psums and values of unused lanes that differ."""
        return (self.cosim_mismatches or 0) - (self.cosim_psum_mismatches or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The content of ``summary.json``. seconds: wall time by stage. failures: what stands against "pass"."""

    verdict: Literal["pass", "fail"]
    failures: tuple[Reason, ...]
    imported: str | None
    checks: int
    accuracy: AccuracySummary
    layers: tuple[LayerSummary, ...]
    vectors: VectorSummary
    sim: SimSummary
    cosim: CosimSummary
    array: ArrayShape | None
    seconds: dict[str, float]
    provenance: Provenance | None

    @property
    def is_damaged(self) -> bool:
        """Whether a file of the run is not what its stage wrote."""
        return any(reason.is_damage for reason in self.failures)

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons against the verdict "pass", as sentences; empty if there is none."""
        return tuple(reason.text for reason in self.failures)

    def to_json(self) -> dict[str, Any]:
        """The summary as JSON; null where a number is not known."""
        facts: dict[str, Any] = to_json(self)
        del facts["failures"]
        return {"verdict": facts.pop("verdict"), "reasons": list(self.reasons), **facts}


def summarize(
    run: RunFacts, *, stale: Collection[str], altered: Collection[tuple[str, str]] = ()
) -> Summary:
    """The verdict of a run, and its numbers.

    stale: stages that read something else than what lies in the run folder now. altered: stages, and how
    a file that each wrote is not what it was. `verdict` is "pass" only if every stage ran, none is
    stale, nothing is altered and every check holds; `reasons` says what stands against it. An
    imported network needs no training.
    """
    failures = (*_damages(altered), *_failures(run, stale))
    recover = run.recover.facts if run.recover else None
    return Summary(
        verdict="fail" if failures else "pass",
        failures=failures,
        imported=recover.imported if recover else None,
        checks=sum(len(result.checks) for result in run.results),
        accuracy=_accuracy(run),
        layers=tuple(_layer(entry, run) for entry in run.verify.facts.layers) if run.verify else (),
        vectors=_vectors(run),
        sim=_sim(run),
        cosim=CosimSummary() if run.cosim is None else _cosim(run.cosim.facts),
        array=run.tile.facts.array if run.tile else None,
        seconds={result.stage: result.seconds for result in run.results},
        provenance=run.train.facts.provenance if run.train else None,
    )


def _damages(altered: Collection[tuple[str, str]]) -> Iterator[Reason]:
    for stage, text in altered:
        yield Reason(Check(stage, "files are whole", passed=False, evidence=text), text, True)


def _failures(run: RunFacts, stale: Collection[str]) -> tuple[Reason, ...]:
    is_imported = run.recover is not None and run.recover.facts.imported is not None
    done = {*(result.stage for result in run.results), *(ELSEWHERE if is_imported else ())}
    reasons = [
        _fail(stage, "has run", f"{stage} has not run") for stage in REQUIRED if stage not in done
    ]
    for result in run.results:
        if result.stage in stale:
            text = f"{result.stage} is stale: what it read has changed since; run it again"
            reasons.append(_fail(result.stage, "is not stale", text))
        reasons += [
            Reason(check, f"{check.stage}: {check.evidence}")
            for check in result.checks
            if not check.passed
        ]
    return tuple(reasons)


def _fail(stage: str, name: str, text: str) -> Reason:
    return Reason(Check(stage, name, passed=False, evidence=text), text)


def _accuracy(run: RunFacts) -> AccuracySummary:
    holdout = run.train.facts.holdout_accuracy if run.train else None
    if run.evaluate is None:
        return AccuracySummary(holdout=holdout)
    facts = run.evaluate.facts
    return AccuracySummary(
        test=facts.accuracy, test_images=facts.images, test_correct=facts.correct, holdout=holdout
    )


def _vectors(run: RunFacts) -> VectorSummary:
    if run.export is None:
        return VectorSummary()
    facts = run.export.facts
    return VectorSummary(
        files=facts.files, layout=facts.layout, stimulus=facts.stimulus, weights=facts.weights
    )


def _sim(run: RunFacts) -> SimSummary:
    if run.simulate is None:
        return SimSummary()
    facts = run.simulate.facts
    return SimSummary(
        cycles=facts.cycles, psums_compared=facts.psums_compared, mismatches=facts.mismatches
    )


def _cosim(facts: CosimFacts) -> CosimSummary:
    return CosimSummary(
        simulator=facts.simulator,
        version=facts.version,
        rtl=facts.rtl,
        tiles=facts.tiles,
        psums_compared=facts.psums_compared,
        outputs_compared=facts.outputs_compared,
        mismatches=facts.mismatches,
        stored_mismatches=facts.stored_mismatches,
        unused_lane_mismatches=facts.unused_lane_mismatches,
        cycles=facts.cycles,
        corners=facts.corners,
    )


def _layer(entry: LayerVerdict, run: RunFacts) -> LayerSummary:
    name = entry.layer
    recovered = _first(_of(run.recover.facts.layers if run.recover else (), name))
    plan = _first(_of(run.tile.facts.layers if run.tile else (), name))
    model = _of(run.simulate.facts.layers if run.simulate else (), name)
    parts = [
        _of(run.cosim.facts.bundles if run.cosim else (), part)
        for part in (plan.parts if plan else (name,))
    ]
    rtl: list[BundleRun] = [bundle for part in parts for bundle in part]
    first_model = _first(model)
    return LayerSummary(
        name=name,
        shape_text=recovered.shape_text if recovered else None,
        weight_bits=recovered.weight_bits if recovered else None,
        act_bits=recovered.act_bits if recovered else None,
        act_scale=recovered.act_scale if recovered else None,
        weight_codes=recovered.weight_codes if recovered else None,
        psums_compared=entry.psums_compared,
        psum_mismatches=entry.psum_mismatches,
        next_codes_compared=entry.next_codes_compared,
        next_code_mismatches=entry.next_code_mismatches,
        unlinked=entry.unlinked,
        psum_bits_needed=entry.psum_bits_needed,
        psum_bits_by_type=entry.psum_bits_by_type,
        psum_bits=entry.psum_bits,
        psum_reachable=entry.psum_reachable,
        psum_observed=entry.psum_observed,
        itiles=plan.itiles if plan else None,
        otiles=plan.otiles if plan else None,
        taps=plan.taps if plan else None,
        folds=plan.folds if plan else None,
        macs=plan.macs if plan else None,
        sim_cycles=first_model.cycles if first_model else None,
        utilization=first_model.utilization if first_model else None,
        sim_mismatches=_total(one.mismatches for one in model),
        cosim_cycles=_total(part[0].cycles for part in parts if part),
        cosim_psums_compared=_total(one.psums_compared for one in rtl),
        cosim_psum_mismatches=_total(one.psum_mismatches for one in rtl),
        cosim_mismatches=_total(one.mismatches for one in rtl),
    )


class _OfLayer(Protocol):
    @property
    def layer(self) -> str: ...


E = TypeVar("E", bound=_OfLayer)
T = TypeVar("T")


def _of(entries: Iterable[E], layer: str) -> list[E]:
    """What a stage says of a layer: one entry for each sample."""
    return [entry for entry in entries if entry.layer == layer]


def _first(entries: Sequence[T]) -> T | None:
    return entries[0] if entries else None


def _total(counts: Iterable[int]) -> int | None:
    known = list(counts)
    return sum(known) if known else None
