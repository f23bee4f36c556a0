"""Run the layers through the cycle-level model of the array."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tilewright.config.array import ArrayConfig
from tilewright.facts import LayerRun, SimulateFacts, StageResult
from tilewright.pipeline.run_folder import Listener, RunFolder
from tilewright.sim import SimResult
from tilewright.sim import simulate as run_model
from tilewright.sim.simulate import ModelKind
from tilewright.spec import Check, Codes, IntegerLayer, OutputFunction
from tilewright.store.artifact import write_artifact
from tilewright.tile import Part, plan_words, untile_psums
from tilewright.verify import Comparison, compare, reference_outputs, reference_psums

Results = list[tuple[Part, SimResult]]
"""Of the parts of a layer for one sample: one of a layer without groups."""


def simulate(run: RunFolder, listener: Listener) -> StageResult[SimulateFacts]:
    """Simulate every layer on chosen samples; psums and outputs must be the reference's.

    Of a layer with start values the model computes the plain one; with them, its psums must be those that
    the reference has of the layer itself.
    """
    stimulus, array = run.stimulus(), run.array()
    positions = run.positions(run.config().sim.samples, stimulus, key="sim.samples")
    entries: list[LayerRun] = []
    checks: list[Check] = []
    fold_cycles: dict[str, npt.NDArray[np.int64]] = {}
    for layer in run.network().layers:
        for position in positions:
            codes = stimulus.codes[layer.name][position]  # ic ih iw
            results = _run_parts(
                layer.plain(), layer.plain_codes(codes), array, run.config().sim.engine
            )
            for part, result in results:
                fold_cycles[part.name(layer.name)] = result.fold_cycles
            comparisons = _compare(results, layer, codes[None])
            sample = int(stimulus.samples[position])
            is_error = array.overflow == "error"
            checks += _checks(results, comparisons, f"{layer.name}: sample {sample}", is_error)
            entries.append(_facts(results, comparisons, layer.name, sample))
            listener.say(f"{comparisons[0]}; {entries[-1].cycles:,} cycles")
    run.begin("simulate")
    write_artifact(run.fold_cycles_stem, "fold-cycles", dict(fold_cycles), {})
    facts = SimulateFacts(
        cycles=sum(entry.cycles for entry in entries),
        psums_compared=sum(entry.psums_compared for entry in entries),
        mismatches=sum(entry.mismatches for entry in entries),
        layers=tuple(entries),
    )
    return StageResult(facts, tuple(checks))


def _run_parts(
    layer: IntegerLayer, codes: npt.NDArray[np.uint8], array: ArrayConfig, engine: ModelKind
) -> Results:
    """The model's result of each part; the reference knows the layer alone, not that it is cut."""
    results = []
    for part, execution in array.executions(layer.shape, act_bits=layer.act_format.bits):
        words = plan_words(execution.plan, part.layer(layer).weight, codes[part.ic])
        results.append((part, run_model(execution, *words, engine=engine)))
    return results


def _compare(results: Results, layer: IntegerLayer, codes: Codes) -> tuple[Comparison, Comparison]:
    psums, outputs = (
        np.concatenate([untile_psums(getattr(one, name), one.plan) for _, one in results])
        for name in ("psums", "outputs")
    )  # oc oh ow
    expected = reference_psums(codes, layer)
    array = (
        reference_psums(layer.plain_codes(codes), layer.plain()) if layer.has_start else expected
    )
    started = psums[None] + layer.start()[:, None, None]
    return (
        compare(expected, started, what="psums of the model", layer=layer.name),
        compare(
            reference_outputs(array, OutputFunction()),
            outputs[None],
            what="outputs of the model",
            layer=layer.name,
        ),
    )


def _checks(
    results: Results, comparisons: tuple[Comparison, Comparison], where: str, is_error: bool
) -> list[Check]:
    psums, outputs = comparisons
    count = sum(one.overflows for _, one in results)
    overflow = f"{where}: {count:,} additions overflowed"
    for part, one in results:
        if one.first_overflow is not None:
            inside = f"{part.name('')[1:]}: " if len(results) > 1 else ""
            overflow += f"; first at {inside}{one.first_overflow}"
            break
    return [
        Check("simulate", f"{where}: psums", psums.passed, str(psums)),
        Check("simulate", f"{where}: outputs", outputs.passed, str(outputs)),
        Check(
            "simulate",
            f"{where}: no psum overflow",
            count == 0 or not is_error,
            overflow,
        ),
    ]


def _facts(
    results: Results, comparisons: tuple[Comparison, Comparison], layer: str, sample: int
) -> LayerRun:
    psums, outputs = comparisons
    cycles = sum(one.cycles for _, one in results)
    array = results[0][1].plan.array
    busy = sum(one.pe_cycles_busy for _, one in results)
    return LayerRun(
        layer=layer,
        sample=sample,
        cycles=cycles,
        utilization=busy / (cycles * array.rows * array.cols),
        psums_compared=psums.compared,
        outputs_compared=outputs.compared,
        mismatches=psums.mismatches + outputs.mismatches,
        overflows=sum(one.overflows for _, one in results),
    )
