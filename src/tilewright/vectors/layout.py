"""Layouts as data: one statement for each kind of file, under a name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, Self

from tilewright.errors import ConfigError, counted
from tilewright.spec import AnyOutput, OutputFunction
from tilewright.vectors.containers import CONTAINERS, NAMED_ARRAYS, SUFFIXES
from tilewright.vectors.keys import check_keys
from tilewright.vectors.kind_layout import AxisRun, KindLayout
from tilewright.vectors.kinds import AXES, KIND_NAMES

PACKED = "raw"
"""The container of `Layout.packed`: the highest octet first."""
PACKED_SUFFIX = "-packed"
PLAIN: dict[str, Any] = {"multiplier": 1, "rounding": "down", "low": 0, "high": 0, "biased": False}
"""Keys of a table of outputs without codes and biases."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A named set of files: one `KindLayout` for each kind that the layout has.

    A layout may have a part of the kinds: what others wrote is read as far as it goes. Raises
    `ConfigError` if a kind stands twice, or none at all.
    """

    name: str
    description: str
    kinds: tuple[KindLayout, ...]

    def __post_init__(self) -> None:
        names = self.kind_names
        if len(set(names)) != len(names):
            raise ConfigError(f"layout {self.name}: every kind stands at most once, not {names}")
        if not names:
            raise ConfigError(
                f"layout {self.name} must have a table for a kind of file; valid: {', '.join(AXES)}"
            )

    def check_whole(self) -> None:
        """Raise `ConfigError` unless a bundle can be made of these files: operands, and what to expect."""
        names = {form.tensor for form in self.kinds}
        for needed in (("activation",), ("weight",), ("psum", "tap_psum", "output")):
            if not names.intersection(needed):
                raise self._lacks(" or ".join(needed), "nothing can be computed or compared")

    @property
    def kind_names(self) -> tuple[str, ...]:
        """The kinds of files that this layout has."""
        return tuple(kind.kind for kind in self.kinds)

    def kind(self, name: str) -> KindLayout:
        """The files of kind `name`; raises `ConfigError` if the layout has none."""
        for kind in self.kinds:
            if kind.kind == name:
                return kind
        raise ConfigError(
            f"layout {self.name} has no {name} files; it has {', '.join(self.kind_names)}"
        )

    @property
    def psum_source(self) -> str:
        """The kind that gives the psums when they are read back.

        Raises `ConfigError` if none does: all psums, all tap psums, or all outputs with function
        "signed" must be among the files.
        """
        for tensor in ("psum", "tap_psum", "output"):
            for form in self.kinds:
                if form.tensor == tensor and _states_psums(form):
                    return form.kind
        raise self._lacks("psum or tap_psum", "its tensors cannot be read back")

    @property
    def has_psums(self) -> bool:
        """Whether the files state every psum."""
        return any(map(_states_psums, self.kinds))

    @property
    def output(self) -> AnyOutput:
        """The function from psum to output; ReLU where the layout has no outputs."""
        outputs = self.stating("output")
        return outputs[0].output if outputs else OutputFunction()

    def stating(self, tensor: str) -> tuple[KindLayout, ...]:
        """The kinds of files that state a tensor, all of its pixels first."""
        found = [form for form in self.kinds if form.tensor == tensor]
        return tuple(sorted(found, key=lambda form: not form.is_complete()))

    def only(self, kinds: tuple[str, ...]) -> Self:
        """The layout with these kinds of files alone; raises `ConfigError` if it has none of them."""
        return replace(self, kinds=tuple(form for form in self.kinds if form.kind in kinds))

    def _lacks(self, needed: str, otherwise: str) -> ConfigError:
        found = ", ".join(map(_described, self.kinds))
        return ConfigError(
            f"layout {self.name} must have {needed} files, or {otherwise}; it has {found}"
        )

    def with_output(self, output: OutputFunction) -> Self:
        """The same files with outputs of another function; raises `ConfigError` if there are no outputs."""
        self.kind("output")
        kinds = (
            replace(form, function=output.function, shift=output.shift, **PLAIN)
            if form.tensor == "output"
            else form
            for form in self.kinds
        )
        return replace(self, kinds=tuple(kinds))

    def with_container(self, container: str) -> Self:
        """The same words in files of another container, with its usual file name suffix.

        Headers are left out, since a container has its own; c and mem are written in hexadecimal.
        Raises `ConfigError` for an unknown container.
        """
        if container not in SUFFIXES:
            raise ConfigError(
                f"container must be {' or '.join(CONTAINERS[1:])}, not '{container}'; text is what "
                f"a layout has of itself"
            )
        radix = {"c": "hex", "mem": "hex", "mif": "", "coe": ""}.get(container, "binary")
        kinds = (
            replace(
                form,
                file=str(PurePosixPath(form.file).with_suffix(SUFFIXES[container])),
                header=(),
                trailer=(),
                separator="",
                container=container,
                radix=radix or ("binary" if form.radix == "decimal" else form.radix),
                array=_array_name(form) if container in NAMED_ARRAYS else "",
            )
            for form in self.kinds
        )
        return replace(self, name=f"{self.name}-{container}", kinds=tuple(kinds))

    def packed(self) -> Self:
        """The same words in one file a kind, as octets: for a bench that reads them so.

        The axes of the file names come before those of the lines, output tiles outermost.
        """
        kinds = (
            replace(
                form,
                file=f"{form.kind}.bin",
                lines=(*map(AxisRun, sorted(form.file_axes, key=_packed_place)), *form.lines),
                header=(),
                trailer=(),
                line_end="LF",
                radix="binary",
                separator="",
                container=PACKED,
                array="",
            )
            for form in self.kinds
        )
        return replace(self, name=f"{self.name}{PACKED_SUFFIX}", kinds=tuple(kinds))

    def to_facts(self) -> dict[str, Any]:
        """The layout as a table, as it stands in a layout file."""
        kinds = {kind.kind: kind.to_facts() for kind in self.kinds}
        return {"name": self.name, "description": self.description, **kinds}

    @classmethod
    def from_facts(cls, facts: object) -> Self:
        """Inverse of `to_facts`; raises `ConfigError`."""
        table = check_keys(
            facts,
            "layout",
            required={"name": str, "description": str},
            optional=dict.fromkeys(KIND_NAMES, dict),
        )
        try:
            kinds = tuple(KindLayout.from_facts(k, table[k]) for k in KIND_NAMES if k in table)
        except ConfigError as error:
            raise ConfigError(f"layout {table['name']}: {error}") from None
        return cls(table["name"], table["description"], kinds)


def _array_name(form: KindLayout) -> str:
    """What the array of a kind is called in a file of arrays: in one with others, like the kind."""
    return form.array or (form.kind if form.part else "")


def _packed_place(axis: str) -> int:
    order = ("otile", "itile", "kij")
    return order.index(axis) if axis in order else len(order)


def _states_psums(form: KindLayout) -> bool:
    """Whether the files of `form` hold every psum, or its parts, unchanged."""
    has_sums = form.tensor in ("psum", "tap_psum", "output") and not form.biased
    is_unchanged = form.tensor != "output" or form.function == "signed"
    return form.is_complete() and has_sums and is_unchanged


def _described(form: KindLayout) -> str:
    return (
        form.kind
        if form.is_complete()
        else f"{form.kind} (first {counted(form.first, 'pixel')} only)"
    )
