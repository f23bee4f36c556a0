"""The interface of whatever replaces the operations of a traced module one by one."""

from __future__ import annotations

from typing import Any, Protocol

from torch import fx, nn

from tilewright.quant.module_signs import Sign


class Edit(Protocol):
    """See `tilewright.quant.replacement.Replacement`."""

    @property
    def traced(self) -> fx.GraphModule:
        """The module that is edited in place."""

    @property
    def signs(self) -> dict[fx.Node, Sign]:
        """Which values may be negative."""

    @property
    def input_scale(self) -> float | None:
        """Of the codes of an input with both signs, where it is given."""

    @property
    def checked(self) -> set[fx.Node]:
        """Inputs that must not be negative."""

    def put(self, name: str, part: nn.Module) -> None:
        """Make `part` the submodule `name`."""

    def free_name(self, name: str) -> str:
        """`name`, or it with the first number that no submodule has."""

    def put_for(
        self, node: fx.Node, noun: str, part: nn.Module, operands: tuple[fx.Node, ...]
    ) -> None:
        """Put `part` where `node` is."""

    def average(self, node: fx.Node, what: Any) -> None:
        """Put the integer form of an average pool in its place."""
