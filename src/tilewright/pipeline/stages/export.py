"""Write the text files that a testbench reads."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from tilewright.pipeline.run_folder import Listener, RunFolder, StageResult
from tilewright.spec import IntegerLayer, Stimulus
from tilewright.spec.artifact import read_bytes, sha256
from tilewright.tile import TilePlan
from tilewright.vectors import MANIFEST, Bundle, Layout, load_layout, write_bundle
from tilewright.verify import reference_tap_psums


def export(run: RunFolder, listener: Listener) -> StageResult:
    """Write a bundle for each chosen layer and sample; the expected psums are the reference's."""
    since = time.monotonic()
    config, network, stimulus = run.config().vectors, run.network(), run.stimulus()
    names = dict.fromkeys(config.layers)  # each once
    chosen = [network.layer(name) for name in names] or list(network.layers)
    layout, array = load_layout(config.layout), run.array()
    positions = run.positions(config.samples, stimulus, key="vectors.samples")
    _clear(run.folder("export"))
    bundles: list[dict[str, Any]] = []
    for layer in chosen:
        for position in positions:
            folder = run.folder("export") / layer.name / f"sample{stimulus.samples[position]}"
            plan = TilePlan(layer.shape, array)
            bundle = _write(folder, layer, plan, layout, stimulus, position)
            bundles.append(
                {
                    "layer": layer.name,
                    "sample": int(stimulus.samples[position]),
                    "folder": str(folder.relative_to(run.root)),
                    "files": len(bundle.files),
                    "manifest": sha256(read_bytes(folder / MANIFEST)),
                }
            )
            listener.say(f"{layer.name}: {len(bundle.files)} files in {folder}")
    files = sum(entry["files"] for entry in bundles)
    facts = {"layout": layout.name, "files": files, "bundles": bundles}
    return run.record(StageResult("export", (), facts), since=since)


def _write(
    folder: Path,
    layer: IntegerLayer,
    plan: TilePlan,
    layout: Layout,
    stimulus: Stimulus,
    position: int,
) -> Bundle:
    codes = stimulus.codes[layer.name][position]  # ic ih iw
    taps = reference_tap_psums(codes[None], layer.weight, layer.shape)[:, 0]  # kij oc oh ow
    return write_bundle(
        folder,
        layer=layer,
        plan=plan,
        layout=layout,
        codes=codes,
        psums=taps.sum(axis=0),
        tap_psums=taps,
        sample=int(stimulus.samples[position]),
    )


def _clear(folder: Path) -> None:
    """Remove the bundles of an earlier export, so that none is left that this one does not list."""
    if folder.is_dir():
        shutil.rmtree(folder)
