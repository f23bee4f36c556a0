"""A bundle, what one testbench run reads: one layer, one sample, one array, one layout."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from tilewright.errors import ConfigError, FormatError
from tilewright.spec import ArrayShape, Codes, ConvShape, NumberFormat
from tilewright.spec.names import check_name
from tilewright.tile import TilePlan
from tilewright.vectors.arrangement import file_indices
from tilewright.vectors.codec import file_count, text_set
from tilewright.vectors.kind_layout import KindLayout
from tilewright.vectors.kinds import FieldWidths
from tilewright.vectors.layout import Layout

MANIFEST = "manifest.json"
MAX_CODE_BITS = 8


@dataclass(frozen=True, slots=True)
class Scales:
    """Real size of one LSB: of the activations, and of the weights (one, or one for each oc).

    That of weights may be negative: some files have such scales, and then no code is turned round.
    """

    act: float
    weight: tuple[float, ...]

    def __post_init__(self) -> None:
        if not (isfinite(self.act) and self.act > 0):
            raise FormatError(f"a scale must be positive and finite, not {self.act}")
        for scale in self.weight:
            if not (isfinite(scale) and scale):
                raise FormatError(f"a scale of weights must be finite and not 0, not {scale}")


@dataclass(frozen=True, slots=True)
class BundleFile:
    """One text file of a bundle.

    indices: of "itile", "otile", "kij" and axes that a split makes, as far as the file name carries
    them. lines: words, without the header. sha256: of the bytes.
    """

    name: str
    kind: str
    indices: dict[str, int]
    lines: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle folder and what its manifest says.

    `hashes_checked` is False if the files were taken as they are
    (`read_bundle(check_hashes=False)`). `is_foreign`: there is no manifest, and files are read as
    testbenches do, blanks at line ends and a missing last line end allowed.
    """

    folder: Path
    layer_name: str
    sample: int
    shape: ConvShape
    array: ArrayShape
    act_format: NumberFormat
    weight_format: NumberFormat
    scales: Scales
    layout: Layout
    files: tuple[BundleFile, ...]
    hashes_checked: bool = True
    is_foreign: bool = False

    def __post_init__(self) -> None:
        if self.act_format.bits > MAX_CODE_BITS:
            raise FormatError(
                f"activations must have at most {MAX_CODE_BITS} bits, not {self.act_format}"
            )
        if not self.weight_format.is_signed or self.weight_format.bits > MAX_CODE_BITS:
            raise FormatError(
                f"weights must be signed, at most {MAX_CODE_BITS} bits, not {self.weight_format}"
            )
        if len(self.scales.weight) not in (1, self.shape.oc):
            raise FormatError(
                f"there must be 1 or oc = {self.shape.oc} weight scales, "
                f"not {len(self.scales.weight)}"
            )
        check_name(self.layer_name, "a layer")
        if self.sample < 0:
            raise FormatError(f"a sample is counted from 0, not {self.sample}")

    @property
    def plan(self) -> TilePlan:
        """How the layer is cut into tiles of the array."""
        return TilePlan(self.shape, self.array)

    @property
    def widths(self) -> FieldWidths:
        """Bits of the fields that the layout names."""
        acts, weights = self.act_format, self.weight_format
        return FieldWidths(acts.bits, weights.bits, self.array.psum_bits, acts.is_signed)


@dataclass(frozen=True, slots=True, eq=False)
class BundleTensors:
    """The contents of a bundle's files as tensors; the outputs are a function of `psums`.

    weight: int8 ``oc ic kh kw``. codes: ``ic ih iw``. psums: int64 ``oc oh ow``, signed,
    before ReLU. tap_psums: int64 ``kij oc oh ow``, or None if the layout has not all of them.
    """

    weight: npt.NDArray[np.int8]
    codes: Codes
    psums: npt.NDArray[np.int64]
    tap_psums: npt.NDArray[np.int64] | None = None


def planned_files(
    layout: Layout, plan: TilePlan, widths: FieldWidths
) -> Iterator[tuple[str, str, dict[str, int], int]]:
    """Kind, name, tile indices and words of every file that a bundle has, in the order of the manifest.

    Raises `ConfigError` if two of them would have the same name (letter case does not count).
    """
    owners: dict[str, KindLayout | str] = {MANIFEST: "the manifest"}
    taken: set[tuple[str, int]] = set()
    for form in layout.kinds:
        texts, axes = text_set(form, plan, widths), form.file_axes
        places = zip(texts.names, file_indices(form, plan), strict=True)
        for at, (name, place) in enumerate(places):
            other = owners.setdefault(name.casefold(), form)
            if other != form or (form.part and (name, form.part) in taken):
                _check_shared(layout, form, other, name, taken)
            taken.add((name, form.part))
            yield form.kind, name, dict(zip(axes, place, strict=True)), texts.lines_of(at)
    for name in owners:
        if "/" not in name:
            continue
        for parent in PurePosixPath(name).parents:
            if str(parent) in owners:
                raise ConfigError(
                    f"layout {layout.name}: '{parent}' is a file, and a folder of {name}"
                )


def _check_shared(
    layout: Layout,
    form: KindLayout,
    other: KindLayout | str,
    name: str,
    taken: Container[tuple[str, int]],
) -> None:
    """Raise `ConfigError` unless two kinds of files have parts of their own in the file `name`."""
    called = other if isinstance(other, str) else other.kind
    if isinstance(other, str) or not (form.part and other.part):
        raise ConfigError(
            f"layout {layout.name}: {form.kind} and {called} must not share the file {name}, unless "
            f"both say which part of it they are: part = 1, part = 2"
        )
    if (name, form.part) in taken:
        raise ConfigError(
            f"layout {layout.name}: {form.kind} must be another part of {name} than part = {form.part}, "
            f"which is taken"
        )
    for key in ("container", "line_end"):
        if getattr(form, key) != getattr(other, key):
            raise ConfigError(
                f"layout {layout.name}: {form.kind} and {called} share the file {name}: both must have "
                f"the same {key}"
            )


def planned_count(layout: Layout, plan: TilePlan) -> int:
    """The number of files of a bundle."""
    return sum(file_count(form, plan) for form in layout.kinds)
