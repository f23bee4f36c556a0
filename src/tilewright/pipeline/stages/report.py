"""Gather what the stages found into one verdict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tilewright.errors import ArtifactError
from tilewright.pipeline.run_folder import FOLDERS, RunFolder
from tilewright.report import junit_xml, render_page, summarize
from tilewright.store.artifact import read_bytes, write_bytes, write_json


def report(run: RunFolder) -> dict[str, Any]:
    """Write ``summary.json``, ``junit.xml`` and ``report.html``; returns the summary."""
    config = (run.root / "config.toml").read_text(encoding="utf-8")
    stages = {stage: run.facts(stage) for stage in FOLDERS if run.facts_path(stage).is_file()}
    if not stages:
        raise ArtifactError(f"{run.root} holds no result yet: begin with 'tilewright run'")
    summary = summarize(stages, stale=[stage for stage in stages if run.is_stale(stage)])
    page = render_page(summary, stages, _metrics(run.folder("train") / "metrics.jsonl"), config)
    write_json(run.root / "summary.json", summary)
    write_bytes(run.root / "junit.xml", junit_xml(stages).encode())
    write_bytes(run.root / "report.html", page.encode())
    return summary


def _metrics(path: Path) -> list[dict[str, Any]]:
    """One entry an epoch; none if training has not begun. A line that is still being written is left out."""
    if not path.is_file():
        return []
    *lines, _unfinished = read_bytes(path).split(b"\n")
    try:
        return [json.loads(line) for line in lines]
    except ValueError as error:
        raise ArtifactError(f"{path} must hold a JSON object in every line: {error}") from None
