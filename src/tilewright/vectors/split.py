"""One axis made of others: ``itile row = itile row pair:2``, as in einops, in both directions.

The index of the axes on the left, flattened with the last one running fastest, becomes the index of
the axes on the right. Where the right side is larger, zeros follow; where it is smaller, only zeros
may be left out. So nothing is lost either way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from tilewright.errors import ConfigError, FormatError

KNOWN_AXES = ("row", "col", "ic", "oc", "kh", "kw", "oh", "ow", "ih", "iw", "kij", "nij", "onij")
"""Axes whose size layer, array and plane give; ``ih iw`` are the edges of the plane in the file."""

_PART = re.compile(r"([a-z]+)(?::([a-z]+|[1-9]\d{0,5}))?")


@dataclass(frozen=True, slots=True)
class AxisSplit:
    """The axes `source`, flattened, become the axes of `parts`, outermost first.

    parts: name and size; a size is a number, the name of one of `KNOWN_AXES`, or "": the axis' own
    size if it is a known one, else as many as are needed, which one part may leave open. Raises
    `ConfigError` for anything else.
    """

    source: tuple[str, ...]
    parts: tuple[tuple[str, int | str], ...]

    def __post_init__(self) -> None:
        if not self.source or not self.parts or len(set(self.names)) != len(self.names):
            raise ConfigError(f"split '{self}' must name axes on both sides, each once")
        for name, size in self.parts:
            if isinstance(size, str) and size and size not in KNOWN_AXES:
                raise ConfigError(
                    f"split '{self}': the size of '{name}' must be a number or one of "
                    f"{', '.join(KNOWN_AXES)}, not '{size}'"
                )
        if sum(self._is_open(part) for part in self.parts) > 1:
            raise ConfigError(f"split '{self}' must give all sizes but one: write 'name:2'")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The split that `text` states, for example ``itile row = itile row pair:2``."""
        left, equals, right = text.partition("=")
        parts = [_PART.fullmatch(token) for token in right.split()]
        source = tuple(left.split())
        if not equals or not all(parts) or not all(map(str.isalpha, source)):
            raise ConfigError(f"a split is written 'itile row = itile row pair:2', not '{text}'")
        found = [(part[1], part[2] or "") for part in parts if part]
        return cls(source, tuple((n, int(size) if size.isdigit() else size) for n, size in found))

    @property
    def names(self) -> tuple[str, ...]:
        """The axes that it makes."""
        return tuple(name for name, _ in self.parts)

    def __str__(self) -> str:
        right = " ".join(f"{name}:{size}" if size else name for name, size in self.parts)
        return f"{' '.join(self.source)} = {right}"

    def axes(self, axes: tuple[str, ...]) -> tuple[str, ...]:
        """The axes of a tensor after the split: the made ones stand last.

        Raises `ConfigError` if a source is not among `axes` or a made axis is there already.
        """
        rest = tuple(axis for axis in axes if axis not in self.source)
        if len(rest) + len(self.source) != len(axes):
            raise ConfigError(f"split '{self}' must divide some of the axes {', '.join(axes)}")
        for name in self.names:
            if name in rest:
                raise ConfigError(f"split '{self}': there is another axis '{name}'")
        return (*rest, *self.names)

    def sizes(self, total: int, known: Mapping[str, int]) -> dict[str, int]:
        """Sizes of the made axes, for `total` values along the source."""
        found = {
            name: size if isinstance(size, int) else known[size or name]
            for name, size in self.parts
            if not self._is_open((name, size))
        }
        open_size = -(-total // prod(found.values()))
        return {name: found.get(name, open_size) for name in self.names}

    def divide(
        self, tensor: npt.NDArray[Any], axes: tuple[str, ...], sizes: Mapping[str, int]
    ) -> npt.NDArray[Any]:
        """`tensor` with `axes`, to the axes ``self.axes(axes)``; raises `FormatError` for a loss."""
        rest = [axis for axis in axes if axis not in self.source]
        flat = tensor.transpose([axes.index(axis) for axis in (*rest, *self.source)])
        shape = flat.shape[: len(rest)]
        fitted = self._fit(flat.reshape(*shape, -1), prod(sizes[name] for name in self.names), rest)
        return fitted.reshape(*shape, *(sizes[name] for name in self.names))  # rest, parts

    def join(
        self, tensor: npt.NDArray[Any], axes: tuple[str, ...], shape: tuple[int, ...]
    ) -> npt.NDArray[Any]:
        """Inverse of `divide`: `axes` and `shape` are those before the split."""
        rest = [axis for axis in axes if axis not in self.source]
        order = (*rest, *self.source)
        lengths = dict(zip(axes, shape, strict=True))
        flat = tensor.reshape(*(lengths[axis] for axis in rest), -1)  # rest, parts
        fitted = self._fit(flat, prod(lengths[axis] for axis in self.source), rest)
        joined = fitted.reshape([lengths[axis] for axis in order])  # rest, source
        return joined.transpose([order.index(axis) for axis in axes])  # axes

    def _fit(self, flat: npt.NDArray[Any], size: int, rest: list[str]) -> npt.NDArray[Any]:
        """The last axis made `size` long, by zeros, or by leaving zeros out."""
        if flat.shape[-1] <= size:
            missing = size - flat.shape[-1]
            return np.pad(flat, [(0, 0)] * (flat.ndim - 1) + [(0, missing)]) if missing else flat
        if flat[..., size:].any():
            *place, index = (int(i) for i in np.argwhere(flat[..., size:])[0])
            where = [f"{axis}={i}" for axis, i in zip(rest, place, strict=True)]
            raise FormatError(
                f"split '{self}' keeps {size} of {flat.shape[-1]} values; the others must be 0, "
                f"but number {size + index} is {int(flat[(*place, size + index)])} at "
                f"({', '.join(where)})"
            )
        return flat[..., :size]

    @staticmethod
    def _is_open(part: tuple[str, int | str]) -> bool:
        name, size = part
        return size == "" and name not in KNOWN_AXES
