"""Gather what the stages found into one verdict."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

from tilewright.errors import ArtifactError
from tilewright.facts import Epoch, RunFacts
from tilewright.pipeline.about import about
from tilewright.pipeline.evidence import Evidence
from tilewright.pipeline.picture import make_picture
from tilewright.pipeline.run_folder import RunFolder, flat_config
from tilewright.report import Summary, junit_xml, render_page, summarize
from tilewright.report.comparison import Difference, differences
from tilewright.report.timeline import timeline
from tilewright.store.artifact import read_artifact, read_bytes, write_bytes, write_json
from tilewright.store.typed_json import from_json


def report(run: RunFolder) -> Summary:
    """Write ``summary.json``, ``junit.xml`` and ``report.html``; returns the summary."""
    config = (run.root / "config.toml").read_text(encoding="utf-8")
    found, summary = judged(run)
    page = render_page(
        summary,
        found,
        _metrics(run.folder("train") / "metrics.jsonl"),
        config,
        about=about(run, found),
        picture=make_picture(run, found),
    )
    write_json(run.root / "summary.json", summary.to_json())
    write_bytes(run.root / "junit.xml", junit_xml(found, summary.failures).encode())
    write_bytes(run.root / "report.html", page.encode())
    _write_timeline(run, found)
    return summary


def _write_timeline(run: RunFolder, found: RunFacts) -> None:
    """Beside the report, once the model has run; not where its file is damaged, which the report says."""
    if found.simulate is None:
        return
    try:
        cycles, _ = read_artifact(run.fold_cycles_stem, "fold-cycles")
    except ArtifactError:
        return
    layers = found.tile.facts.layers if found.tile else ()
    names = [part for layer in layers for part in layer.parts]
    folds = {name: cycles[name] for name in names if name in cycles}
    write_bytes(run.root / "timeline.json", timeline(folds).encode())


def judged(run: RunFolder) -> tuple[RunFacts, Summary]:
    """What the stages found, and its summary; raises `ArtifactError` if none has run."""
    found = run.results()
    if not found.results:
        raise ArtifactError(f"{run.root} holds no result yet: begin with 'tilewright run'")
    look = Evidence(run)
    stale = [result.stage for result in found.results if look.is_stale(result.stage)]
    return found, summarize(found, stale=stale, altered=list(look.altered(found)))


def compare_runs(first: RunFolder, second: RunFolder) -> tuple[Difference, ...]:
    """What differs between two runs: configuration, results, layers. Nothing is written."""
    runs = first, second
    one, other = (judged(run)[1] for run in runs)
    configs = [flat_config(run.config()) for run in runs]
    return differences((one, other), (configs[0], configs[1]))


def _metrics(path: Path) -> list[Epoch]:
    """One entry an epoch, empty if training has not begun. A line that is still being written is left out."""
    if not path.is_file():
        return []
    *lines, _unfinished = read_bytes(path).split(b"\n")
    try:
        epochs = [json.loads(line) for line in lines]
    except ValueError as error:
        raise ArtifactError(f"{path} must hold a JSON object in every line: {error}") from None
    return [_epoch(epoch, f"{path}:{number}") for number, epoch in enumerate(epochs, start=1)]


def _epoch(epoch: object, file: str) -> Epoch:
    """The part of a line that is shown."""
    shown = {field.name for field in fields(Epoch)}
    if isinstance(epoch, dict):
        epoch = {key: value for key, value in epoch.items() if key in shown}
    return from_json(Epoch, epoch, file=file)
