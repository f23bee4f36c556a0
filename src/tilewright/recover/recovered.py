"""What a module becomes, before its links are known."""

from __future__ import annotations

from typing import NamedTuple

from tilewright.spec import Node


class Recovered(NamedTuple):
    """A node without its requantizations, and the largest |sum| that its module's formats reach."""

    node: Node
    bound: int
