"""Run the layers through the cycle-level model of the array."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tilewright.facts import LayerRun, SimulateFacts, StageResult
from tilewright.pipeline.run_folder import Listener, RunFolder
from tilewright.sim import SimResult
from tilewright.sim import simulate as run_model
from tilewright.spec import Check, Codes, IntegerLayer, OutputFunction
from tilewright.store.artifact import write_artifact
from tilewright.tile import TilePlan, plan_words, untile_psums
from tilewright.verify import Comparison, compare, reference_outputs, reference_psums


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
        plain = layer.plain()
        execution = array.execution(plain.shape, act_bits=layer.act_format.bits)
        plan = execution.plan
        for position in positions:
            codes = stimulus.codes[layer.name][position]  # ic ih iw
            result = run_model(
                execution,
                *plan_words(plan, plain.weight, layer.plain_codes(codes)),
                engine=run.config().sim.engine,
            )
            fold_cycles[layer.name] = result.fold_cycles
            comparisons = _compare(result, plan, layer, codes[None])
            sample = int(stimulus.samples[position])
            is_error = array.overflow == "error"
            checks += _checks(result, comparisons, f"{layer.name}: sample {sample}", is_error)
            entries.append(_facts(result, comparisons, layer.name, sample))
            listener.say(f"{comparisons[0]}; {result.cycles:,} cycles")
    run.begin("simulate")
    write_artifact(run.fold_cycles_stem, "fold-cycles", dict(fold_cycles), {})
    facts = SimulateFacts(
        cycles=sum(entry.cycles for entry in entries),
        psums_compared=sum(entry.psums_compared for entry in entries),
        mismatches=sum(entry.mismatches for entry in entries),
        layers=tuple(entries),
    )
    return StageResult(facts, tuple(checks))


def _compare(
    result: SimResult, plan: TilePlan, layer: IntegerLayer, codes: Codes
) -> tuple[Comparison, Comparison]:
    psums, outputs = untile_psums(result.psums, plan), untile_psums(result.outputs, plan)
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
    result: SimResult, comparisons: tuple[Comparison, Comparison], where: str, is_error: bool
) -> list[Check]:
    psums, outputs = comparisons
    overflow = f"{where}: {result.overflows:,} additions overflowed"
    if result.first_overflow is not None:
        overflow += f"; first at {result.first_overflow}"
    return [
        Check("simulate", f"{where}: psums", psums.passed, str(psums)),
        Check("simulate", f"{where}: outputs", outputs.passed, str(outputs)),
        Check(
            "simulate",
            f"{where}: no psum overflow",
            result.overflows == 0 or not is_error,
            overflow,
        ),
    ]


def _facts(
    result: SimResult, comparisons: tuple[Comparison, Comparison], layer: str, sample: int
) -> LayerRun:
    psums, outputs = comparisons
    return LayerRun(
        layer=layer,
        sample=sample,
        cycles=result.cycles,
        utilization=result.utilization,
        psums_compared=psums.compared,
        outputs_compared=outputs.compared,
        mismatches=psums.mismatches + outputs.mismatches,
        overflows=result.overflows,
    )
