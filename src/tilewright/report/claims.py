"""What a run has proved, and what it says nothing about: in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from tilewright.facts import RunFacts
from tilewright.report.summary import REQUIRED, Summary


@dataclass(frozen=True, slots=True)
class Claims:
    """proved: for every input. open: neither proved, nor compared number by number."""

    proved: tuple[str, ...]
    open: tuple[str, ...]


class Duty(Protocol):
    """An obligation of a certificate."""

    @property
    def holds(self) -> bool:
        """Whether it was found to hold."""

    @property
    def numbers(self) -> dict[str, Any]:
        """Its evidence, as JSON."""


def claims(summary: Summary, run: RunFacts) -> Claims:
    """The claims of a run, from its facts; only what holds is claimed."""
    return Claims(tuple(_proved(summary, run)), tuple(_open(summary, run)))


def _proved(summary: Summary, run: RunFacts) -> Iterator[str]:
    layers = summary.layers
    if layers and all(layer.psum_bits_needed <= layer.psum_bits for layer in layers):
        widest = max(layers, key=lambda layer: layer.psum_bits_needed)
        yield (
            f"No psum can overflow, whatever the input: of {len(layers)} layers {widest.name} needs most, "
            f"{widest.psum_bits_needed} of {widest.psum_bits} bits."
        )
    if run.certify is not None:
        certificate = run.certify.facts.certificate
        held = sum(duty.holds for duty in certificate.obligations)
        yield (
            f"Exactness certificate: {held} of {len(certificate.obligations)} obligations hold; the "
            f"verdict is {certificate.verdict!r}."
        )
        yield from array_claims(certificate.obligations)


def array_claims(obligations: Iterable[Duty]) -> Iterator[str]:
    """A sentence for each proof of the array: which layers' tiles it is about."""
    for duty in obligations:
        layers = duty.numbers.get("layers")
        if isinstance(layers, list) and duty.holds:
            more = f" and {len(layers) - 3} more layers" if len(layers) > 3 else ""
            yield (
                f"The RTL array computes every tile of {', '.join(layers[:3])}{more}, for all activations "
                f"and weights: {duty.numbers['values']:,} values are equal as polynomials."
            )


def _open(summary: Summary, run: RunFacts) -> Iterator[str]:
    elsewhere = ("train", "evaluate") if summary.imported else ()
    absent = [name for name in REQUIRED if getattr(run, name) is None and name not in elsewhere]
    if absent:
        yield f"Not run: {', '.join(absent)}."
    if run.recover is not None:
        yield from (f"{text}." for text in run.recover.facts.not_compared or ())
    unseen = [layer.name for layer in summary.layers if not layer.cosim_psums_compared]
    if run.cosim is not None and unseen:
        yield f"Layers that the RTL has not run: {', '.join(unseen)}."
    if run.cosim is not None:
        samples = len({bundle.sample for bundle in run.cosim.facts.bundles})
        duties = run.certify.facts.certificate.obligations if run.certify is not None else ()
        what = "the RTL around its array" if any(array_claims(duties)) else "the RTL"
        yield (
            f"That {what} is right for every input: it ran {samples} of {_samples(run)}samples. "
            "'tilewright mutate' says how strong the vectors are."
        )
    if run.certify is None:
        yield "Whether every sum is exact for every input: 'tilewright certify' was not asked."


def _samples(run: RunFacts) -> str:
    return f"{run.verify.facts.samples:,} " if run.verify is not None else ""
