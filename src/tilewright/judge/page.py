"""The maps of an explanation as one small HTML file."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path

from tilewright.judge.explanation import Explanation
from tilewright.judge.heat import HeatMap, heat_maps
from tilewright.store.artifact import write_bytes
from tilewright.vectors import Bundle

_STYLE = (
    "body{font:15px sans-serif;margin:2em;max-width:60em}table{border-collapse:collapse;margin:.5em 0}"
    "td{width:1.4em;height:1.4em;border:1px solid #ccc;text-align:center;font-size:11px}"
)


def write_page(bundle: Bundle, found: Explanation, path: Path) -> None:
    """Write where numbers differ and why; raises `ArtifactError` if the disk refuses."""
    write_bytes(path, "\n".join(_lines(bundle, found)).encode())


def _lines(bundle: Bundle, found: Explanation) -> Iterator[str]:
    name = escape(f"{bundle.layer_name}, sample {bundle.sample}")
    yield f"<!doctype html><meta charset=utf-8><title>{name}</title><style>{_STYLE}</style>"
    yield f"<h1>{name}</h1><p><b>{escape(found.verdict)}</b></p>"
    for comparison in found.comparisons:
        yield f"<p>{escape(str(comparison))}</p>"
    if found.judged is not None:
        for heat in heat_maps(bundle, found.judged):
            yield from _table(heat)
    for group in found.groups:
        for causes in group:
            text = " and ".join(cause.text for cause in causes)
            yield f"<p>{escape(text)} <small>{escape('; '.join(c.hint for c in causes))}</small></p>"
    for change in found.products:
        yield f"<p>{escape(str(change))}</p>"


def _table(heat: HeatMap) -> Iterator[str]:
    names = f"{heat.across} across" + (f", {heat.down} down" if heat.down else "")
    yield f"<h2>{heat.title}</h2><p>{names}: how many of the known numbers differ</p><table>"
    for known, differ in zip(heat.known.tolist(), heat.differ.tolist(), strict=True):
        cells = "".join(_cell(k, d) for k, d in zip(known, differ, strict=True))
        yield f"<tr>{cells}</tr>"
    yield "</table>"


def _cell(known: int, differ: int) -> str:
    if not known:
        return "<td></td>"
    light = 100 - 50 * differ // known
    return f"<td style='background:hsl(8,80%,{light}%)' title='{differ} of {known}'>{differ or ''}</td>"
