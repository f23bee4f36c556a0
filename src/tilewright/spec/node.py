"""What a network is made of."""

from __future__ import annotations

from tilewright.spec.integer_layer import IntegerLayer
from tilewright.spec.integer_sums import ResidualAdd, SumPool

Node = IntegerLayer | ResidualAdd | SumPool
"""Reads codes in one or two operands, makes exact sums, and feeds other nodes by requantization."""
