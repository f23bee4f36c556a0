"""Files against a layout's statement: names, headers, words, and the range of every value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from tilewright.errors import ConfigError, FormatError
from tilewright.lint.findings import Finding
from tilewright.spec import ArrayShape, ConvShape, NumberFormat
from tilewright.store.artifact import read_bytes
from tilewright.tile import TilePlan
from tilewright.vectors.bundle import MANIFEST
from tilewright.vectors.codec import decode, text_forms, word_codes
from tilewright.vectors.containers import ARRAYS
from tilewright.vectors.kind_layout import KindLayout
from tilewright.vectors.kinds import FieldWidths
from tilewright.vectors.layout import Layout
from tilewright.vectors.manifest import read_manifest
from tilewright.vectors.shared import cuts_of
from tilewright.vectors.text import TextForm
from tilewright.vectors.tolerance import with_own_text
from tilewright.verilog.file_names import is_exact_file, letter_case_twin


class LayerFacts(Protocol):
    """What is known of the layer: a bundle has it, and so has a geometry given by hand."""

    @property
    def shape(self) -> ConvShape:
        """Sizes of the convolution."""

    @property
    def array(self) -> ArrayShape:
        """Sizes of the array."""

    @property
    def act_format(self) -> NumberFormat:
        """Range of an activation."""

    @property
    def weight_format(self) -> NumberFormat:
        """Range of a weight."""


@dataclass(frozen=True, slots=True)
class LayoutCheck:
    """One folder against one layout, for one layer on one array."""

    folder: Path
    layout: Layout
    facts: LayerFacts

    @property
    def plan(self) -> TilePlan:
        """How the layer is cut into tiles."""
        return TilePlan(self.facts.shape, self.facts.array)

    @property
    def widths(self) -> FieldWidths:
        """Bits of the fields that the layout names."""
        facts = self.facts
        acts, weights = facts.act_format, facts.weight_format
        return FieldWidths(acts.bits, weights.bits, facts.array.psum_bits, acts.is_signed)

    def files(self) -> tuple[str, ...]:
        """Names of all files that the layout has for this layer."""
        forms = (text_forms(form, self.plan, self.widths) for form in self.layout.kinds)
        return tuple(text.name for texts in forms for text, _ in texts)

    def findings(self) -> Iterator[Finding]:
        """What is wrong, the first fault of each file."""
        is_foreign = not (self.folder / MANIFEST).is_file()
        for form in self.layout.kinds:
            texts = [text for text, _ in text_forms(form, self.plan, self.widths)]
            is_expected = is_foreign and form.tensor not in ("activation", "weight")
            if is_expected and not any((self.folder / text.name).is_file() for text in texts):
                message = f"no file of kind {form.kind} is there: nothing is compared with them"
                yield Finding("warning", "missing", message, texts[0].name)
                continue
            found = [f for text in texts if (f := self._check_file(form, text)) is not None]
            yield from found
            if not found:
                yield from self._check_kind(form, texts)

    def _check_file(self, form: KindLayout, text: TextForm) -> Finding | None:
        path = self.folder / text.name
        if not is_exact_file(path):
            twin = letter_case_twin(self.folder, text.name)
            if twin:
                message = f"the file must be called '{text.name}': rename it"
                return Finding("error", "letter-case", message, twin)
            message = f"the file is missing: layout {self.layout.name} has it; export it"
            return Finding("error", "missing", message, text.name)
        if form.container in ARRAYS:
            return None
        try:
            digits = text.read(with_own_text(form, self._part(form, text.name)))
        except FormatError as error:
            return _located("layout", error, text.name)
        bits = self.widths.bits(form.bits)
        codes = word_codes(form, digits, bits, is_signed=self.widths.is_signed(form.kind))
        low, high = self._range(form)
        wrong = np.argwhere((codes < low) | (codes > high))
        if not len(wrong):
            return None
        line, lane = (int(index) for index in wrong[0])
        message = (
            f"word {line}, lane {lane} from the left: a value of kind {form.kind} must be "
            f"{low}..{high} in this layer, but is {int(codes[line, lane])}; {len(wrong)} values "
            f"are outside: written for another layer, or unsigned where signed is meant?"
        )
        return Finding("error", "value-range", message, text.name, len(text.frame.head) + line + 1)

    def _part(self, form: KindLayout, name: str) -> bytes:
        """What a file has of a kind: all of it, unless several kinds share it."""
        content = read_bytes(self.folder / name)
        cut = cuts_of(self.layout, self.plan, self.widths).get((form.kind, name))
        return content if cut is None else cut.of(content)

    def _check_kind(self, form: KindLayout, texts: list[TextForm]) -> Iterator[Finding]:
        """What only shows when all files of a kind are read together."""
        files = {t.name: with_own_text(form, self._part(form, t.name)) for t in texts}
        try:
            decode(self.layout, form.kind, files, plan=self.plan, widths=self.widths)
        except FormatError as error:
            yield _located("layout", error, texts[0].name)

    def _range(self, form: KindLayout) -> tuple[int, int]:
        """The least and the greatest value that this layer can have there."""
        facts, shape = self.facts, self.facts.shape
        if form.tensor == "activation":
            return facts.act_format.min_code, facts.act_format.max_code
        if form.tensor == "weight":
            return facts.weight_format.min_code, facts.weight_format.max_code
        if form.tensor == "address":
            return 0, (1 << self.widths.bits(form.bits)) - 1  # decode compares every address
        taps = 1 if form.tensor == "tap_psum" else shape.taps
        acts, weights = facts.act_format, facts.weight_format
        products = [
            a * w
            for a in (acts.min_code, acts.max_code)
            for w in (weights.min_code, weights.max_code)
        ]
        low = taps * shape.ic * min(products)
        is_relu = form.tensor == "output" and form.function == "relu"
        return 0 if is_relu else low, max(-low, taps * shape.ic * max(products))


def known_facts(folder: Path) -> LayerFacts:
    """What the manifest in `folder` says; raises `ConfigError` if there is none."""
    if not (folder / MANIFEST).is_file():
        raise ConfigError(
            f"to check files against a layout, the sizes of the layer must be known, but {folder} "
            f"has no {MANIFEST}: give the geometry"
        )
    return read_manifest(folder)


def _located(kind: str, error: FormatError, name: str) -> Finding:
    """The finding for an error of the decoder, which names file and line."""
    message = str(error)
    place = re.search(re.escape(name) + r" line (\d+): ", message)
    line = int(place.group(1)) if place else 0
    return Finding(
        "error", kind, message.partition(place.group())[2] if place else message, name, line
    )
