"""Two runs side by side: only what differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tilewright.report.environment import make_environment
from tilewright.report.summary import LayerSummary, Summary

LAYER_FIELDS = {
    "shape_text": "shape",
    "weight_bits": "weight bits",
    "act_bits": "activation bits",
    "psum_mismatches": "psums that differ",
    "next_code_mismatches": "next codes that differ",
    "psum_bits_needed": "psum bits needed",
    "psum_bits": "psum bits provided",
    "psum_reachable": "psums reachable",
    "psum_observed": "psums observed",
    "folds": "folds",
    "macs": "multiply-accumulates",
    "sim_cycles": "model cycles",
    "utilization": "PEs busy",
    "cosim_cycles": "RTL cycles",
    "cosim_mismatches": "numbers of the RTL that differ",
}
"""Fields of a `LayerSummary` that are compared, and their names for people."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that differs: where (a section of the comparison), what, and its value in either run.

    change: how many times as much the second is, where both are numbers and the first is not 0.
    """

    where: str
    what: str
    first: str
    second: str
    change: float | None = None


def differences(
    summaries: tuple[Summary, Summary], configs: tuple[Mapping[str, Any], Mapping[str, Any]]
) -> tuple[Difference, ...]:
    """What differs between two runs; configs: ``section.key`` to value."""
    one, other = summaries
    return (
        *_of("configuration", configs[0], configs[1]),
        *_of("result", _results(one), _results(other)),
        *_of_layers(one.layers, other.layers),
    )


def _results(summary: Summary) -> dict[str, Any]:
    return {
        "verdict": summary.verdict,
        "first reason": summary.reasons[0] if summary.reasons else None,
        "checks": summary.checks,
        "test accuracy": summary.accuracy.test,
        "hold-out accuracy": summary.accuracy.holdout,
        "layers": len(summary.layers),
        "model cycles": summary.sim.cycles,
        "RTL cycles": summary.cosim.cycles,
        "numbers of the RTL compared": summary.cosim.put_out_compared,
        "numbers of the RTL that differ": summary.cosim.mismatches,
        "RTL of": summary.cosim.rtl,
        "simulator": summary.cosim.simulator,
        "seed": summary.provenance.seed if summary.provenance else None,
        "revision": summary.provenance.revision if summary.provenance else None,
    }


def _of_layers(
    ones: Sequence[LayerSummary], others: Sequence[LayerSummary]
) -> Iterator[Difference]:
    """Layers of one name are compared; of a layer that only one run has, that alone is said."""
    first, second = ({layer.name: layer for layer in layers} for layers in (ones, others))
    for name in (*first, *(name for name in second if name not in first)):
        if name not in first or name not in second:
            said = ["there" if name in run else "absent" for run in (first, second)]
            yield Difference(name, "the layer", said[0], said[1])
        else:
            found = (
                {title: getattr(layer, field) for field, title in LAYER_FIELDS.items()}
                for layer in (first[name], second[name])
            )
            yield from _of(name, *found)


def _of(where: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Difference]:
    for what in (*one, *(key for key in other if key not in one)):
        a, b = one.get(what), other.get(what)
        if a != b:
            yield Difference(where, what, _say(a), _say(b), _change(a, b))


def _change(one: Any, other: Any) -> float | None:
    are_numbers = all(type(value) in (int, float) for value in (one, other))
    return other / one if are_numbers and one else None


def _say(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, tuple | list):
        return " … ".join(map(_say, value)) or "none"
    return str(value)


def comparison_page(names: tuple[str, str], found: Sequence[Difference]) -> str:
    """The differences as one HTML file."""
    sections: dict[str, list[Difference]] = {}
    for one in found:
        sections.setdefault(one.where, []).append(one)
    page = make_environment().get_template("comparison.html.j2")
    return page.render(names=names, count=len(found), sections=sections)
