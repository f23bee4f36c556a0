"""Gather what the stages found into one verdict."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

from tilewright.errors import ArtifactError
from tilewright.facts import Epoch
from tilewright.pipeline.about import about
from tilewright.pipeline.evidence import Evidence
from tilewright.pipeline.picture import make_picture
from tilewright.pipeline.run_folder import RunFolder
from tilewright.report import Summary, junit_xml, render_page, summarize
from tilewright.store.artifact import read_bytes, write_bytes, write_json
from tilewright.store.typed_json import from_json


def report(run: RunFolder) -> Summary:
    """Write ``summary.json``, ``junit.xml`` and ``report.html``; returns the summary."""
    config = (run.root / "config.toml").read_text(encoding="utf-8")
    found = run.results()
    if not found.results:
        raise ArtifactError(f"{run.root} holds no result yet: begin with 'tilewright run'")
    look = Evidence(run)
    stale = [result.stage for result in found.results if look.is_stale(result.stage)]
    summary = summarize(found, stale=stale, altered=list(look.altered(found)))
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
    return summary


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
