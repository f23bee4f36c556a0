"""Write the text files that a testbench reads."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from tilewright.config.array import VectorsConfig
from tilewright.corners import words_to_stream
from tilewright.errors import ConfigError
from tilewright.facts import BundleFacts, ExportFacts, ReachedExtreme, StageResult
from tilewright.pipeline.corner_vectors import FOLDER, export_corners
from tilewright.pipeline.input_codes import InputChoice, InputCodes, LayerPart, layer_parts
from tilewright.pipeline.run_folder import Listener, RunFolder
from tilewright.pipeline.vector_swap import written_beside
from tilewright.programs.pace import Pace
from tilewright.spec import Check, IntegerLayer, IntegerNetwork
from tilewright.spec.names import file_names
from tilewright.store.artifact import read_bytes, sha256
from tilewright.tile import TilePlan
from tilewright.vectors import MANIFEST, Layout, load_layout, write_bundle
from tilewright.vectors.bundle import planned_count
from tilewright.verify import extreme_weights, reference_outputs, reference_tap_psums

MOST_FILES = 500_000
"""More files than this are refused before the first one is written."""


def export(run: RunFolder, listener: Listener) -> StageResult[ExportFacts]:
    """Write a bundle for each chosen layer and input; the expected psums are the reference's.

    A layer with start values is written as its plain one, which is what an array computes.

    With ``vectors.stimulus = "bound"``, a check for each layer says whether the reference's psums
    are the extremes that the inputs were made for.
    """
    config, network = run.config().vectors, run.network()
    layers = _chosen(network, config)
    array, inputs = run.array(), InputChoice(run, config)
    parts = [part for layer in layers for part in layer_parts(layer, array)]
    plans = {part.name: part.plan for part in parts}
    layouts = {name: _layout(config, plan) for name, plan in plans.items()}
    counts = {part.name: inputs.count(part.dense) for part in parts}
    files = (counts[name] * planned_count(layouts[name], plans[name]) for name in counts)
    _refuse_flood(sum(files))
    folders = file_names([*(node.name for node in network.nodes), *plans], taken=(FOLDER,))
    pace = Pace(sum(counts.values()), "bundles")
    with written_beside(run) as beside:
        bundles: list[BundleFacts] = []
        checks: list[Check] = []
        for part in parts:
            first = len(bundles)
            for one in inputs.of(part):
                place = beside.folder("export") / folders[part.name] / one.name
                bundles.append(_write(beside, part, layouts[part.name], one, place))
                listener.progress(pace.line(len(bundles)))
            checks += _judge(part.dense, bundles[first:], listener)
        corners = None
        if config.corners:
            smallest = min(bundles, key=lambda bundle: words_to_stream(plans[bundle.layer]))
            corners = export_corners(
                beside, beside.root / smallest.folder, seed=config.seed, listener=listener
            )
    facts = ExportFacts(
        layout=", ".join(dict.fromkeys(layout.name for layout in layouts.values())),
        stimulus=config.stimulus,
        weights=config.weights,
        files=_files(bundles),
        bundles=tuple(bundles),
        corners=corners,
    )
    return StageResult(facts, tuple(checks))


def _chosen(network: IntegerNetwork, config: VectorsConfig) -> list[IntegerLayer]:
    """The layers that are asked for, as an array computes them, each once; with extreme weights if asked."""
    names = dict.fromkeys(config.layers)
    layers = [network.layer(name) for name in names] or network.layers
    plain = [layer.plain() for layer in layers]
    return [extreme_weights(layer) for layer in plain] if config.weights == "extreme" else plain


def _layout(config: VectorsConfig, plan: TilePlan) -> Layout:
    """The layout that is asked for, else the one of the dataflow in which the layer runs."""
    layout = load_layout(config.layout or plan.dataflow.layout)
    return layout if config.container == "text" else layout.with_container(config.container)


def _write(
    run: RunFolder, part: LayerPart, layout: Layout, one: InputCodes, place: Path
) -> BundleFacts:
    """Write the bundle of one input at `place`; its facts, with what the reference has at its extremes.

    The reference computes the groups as groups, not what they become on the array.
    """
    taps = reference_tap_psums(one.codes[None], part.groups.weight, part.groups.shape)[:, 0]
    psums = taps.sum(axis=0)  # of kij oc oh ow
    bundle = write_bundle(
        place,
        layer=part.dense,
        plan=part.plan,
        layout=layout,
        codes=one.codes,
        psums=psums,
        tap_psums=taps,
        outputs=reference_outputs(psums, layout.output),
        sample=one.number,
    )
    return BundleFacts(
        layer=part.name,
        sample=one.number,
        folder=str(bundle.folder.relative_to(run.root)),
        files=len(bundle.files),
        manifest=sha256(read_bytes(bundle.folder / MANIFEST)),
        extremes=tuple(
            ReachedExtreme(**asdict(e), reference=int(psums[e.oc, e.oh, e.ow]))
            for e in one.extremes
        ),
    )


def _judge(layer: IntegerLayer, bundles: list[BundleFacts], listener: Listener) -> list[Check]:
    """Say what was written for a layer; a check if its inputs were to reach extremes."""
    noun = "bundle" if len(bundles) == 1 else "bundles"
    listener.say(f"{layer.name}: {_files(bundles):,} files in {len(bundles):,} {noun}")
    extremes = [extreme for bundle in bundles for extreme in bundle.extremes]
    if not extremes:
        return []
    check = _check_extremes(layer, extremes)
    listener.say(check.evidence)
    return [check]


def _files(bundles: list[BundleFacts]) -> int:
    return sum(bundle.files for bundle in bundles)


def _check_extremes(layer: IntegerLayer, extremes: list[ReachedExtreme]) -> Check:
    """The reference must have every extreme in its place; the bounds are those of the layer."""
    wrong = [e for e in extremes if e.reference != e.psum]
    short = sum(e.psum != e.bound for e in extremes)
    low, high = (pick(e.reference for e in extremes) for pick in (min, max))
    bounds = [e.bound for e in extremes]
    is_layer = (min(bounds), max(bounds)) == layer.psum_range()
    evidence = (
        f"{layer.name}: {len(extremes):,} extreme psums aimed at, {len(wrong):,} missed, "
        f"{len(extremes) - short:,} equal to the bound of their channel; reached {low:,}..{high:,}, "
        f"bounds of the layer {'' if is_layer else 'are NOT '}{min(bounds):,}..{max(bounds):,}"
    )
    if short:
        evidence += f"; {short:,} end at the padding, since no window lies inside the plane"
    if wrong:
        first = wrong[0]
        evidence += (
            f"; first missed at oc={first.oc} oh={first.oh} ow={first.ow}: "
            f"{first.reference:,} instead of {first.psum:,}"
        )
    return Check("export", f"{layer.name}: extreme psums", is_layer and not wrong, evidence)


def _refuse_flood(files: int) -> None:
    if files > MOST_FILES:
        raise ConfigError(
            f"this export would write {files:,} files, more than {MOST_FILES:,}: choose fewer "
            f"layers with vectors.layers, or another vectors.stimulus or vectors.samples"
        )
