"""Layouts as data: one statement for each kind of file, under a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from tilewright.errors import ConfigError
from tilewright.vectors.keys import check_keys
from tilewright.vectors.kind_layout import KindLayout
from tilewright.vectors.kinds import AXES


@dataclass(frozen=True, slots=True)
class Layout:
    """A named set of files: one `KindLayout` for each kind that the layout has.

    Raises `ConfigError` if the files do not determine the tensors: activations, weights, and psums
    or tap psums must be among them.
    """

    name: str
    description: str
    kinds: tuple[KindLayout, ...]

    def __post_init__(self) -> None:
        names = self.kind_names
        if len(set(names)) != len(names):
            raise ConfigError(f"layout {self.name}: every kind stands at most once, not {names}")
        for needed in (("activation",), ("weight",), ("psum", "tap_psum")):
            if not set(needed) & set(names):
                raise ConfigError(
                    f"layout {self.name} must have {' or '.join(needed)} files, or its tensors "
                    f"cannot be read back; it has {', '.join(names) or 'none'}"
                )

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
            optional=dict.fromkeys(AXES, dict),
        )
        try:
            kinds = tuple(KindLayout.from_facts(k, table[k]) for k in AXES if k in table)
        except ConfigError as error:
            raise ConfigError(f"layout {table['name']}: {error}") from None
        return cls(table["name"], table["description"], kinds)
