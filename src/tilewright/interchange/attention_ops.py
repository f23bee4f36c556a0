"""Attention as one operation, of ONNX's opset 23 and of ONNX Runtime: the sizes of its matrix products."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.products import Products
from tilewright.interchange.topology import Sizes

Known = Callable[[str], Sizes]
"""The sizes of a tensor; () where they are not known."""

_PAST = {"Attention": 4, "MultiHeadAttention": 6, "GroupQueryAttention": 3, "QAttention": 8}
"""The place of the keys that were there before the sample, or of keys and values together."""

ATTENTION = frozenset(_PAST)


@dataclass(frozen=True, slots=True)
class Heads:
    """Attention of `samples`, each of so many heads.

    depth: channels of a query and a key; width: of a value. sizes: of the result. projection: of the weights
    that the operation itself applies to its input before, or None.
    """

    samples: int
    heads: int
    queries: int
    keys: int
    depth: int
    width: int
    sizes: Sizes
    projection: Products | None = None

    def products(self) -> Iterator[tuple[str, Products]]:
        """The scores of all pairs of query and key, and the mixtures of values that they weigh."""
        times = self.samples * self.heads
        yield "scores", Products(times, self.queries, self.depth, self.keys)
        yield "mix", Products(times, self.queries, self.keys, self.width)


def heads_of(op: Operator, known: Known) -> Heads | None:
    """The sizes of one of `ATTENTION`; None where those of its operands are not known, or fit no form."""
    has_weights = op.kind == "QAttention" or (op.kind == "Attention" and bool(op.domain))
    found = _of_weights(op, known) if has_weights else _of_operands(op, known)
    return found if found and min(found.heads, found.keys, found.depth, found.width) > 0 else None


def _before(op: Operator, known: Known) -> int:
    """Keys that were there before the sample."""
    place = _PAST[op.kind]
    sizes = known(op.inputs[place]) if place < len(op.inputs) and op.inputs[place] else ()
    return sizes[-2] if len(sizes) > 2 else 0


def _of_weights(op: Operator, known: Known) -> Heads | None:
    """ONNX Runtime's Attention and QAttention: weights for queries, keys and values side by side."""
    x, weight = known(op.inputs[0]), known(op.inputs[1])
    heads = int(op.number("num_heads", 0))
    if len(x) != 3 or len(weight) != 2 or heads < 1:
        return None
    depth, _, width = op.attributes.get("qkv_hidden_sizes") or [weight[1] // 3] * 3
    samples, steps, _ = x
    return Heads(
        *(samples, heads, steps, steps + _before(op, known), depth // heads, width // heads),
        sizes=(samples, steps, width),
        projection=Products(1, samples * steps, weight[0], weight[1]),
    )


def _of_operands(op: Operator, known: Known) -> Heads | None:
    """Queries, keys and values, each ``n steps channels`` or ``n heads steps channels``, or in one tensor."""
    operands = [known(name) if name else () for name in (*op.inputs, "", "")[:3]]
    query, key, value = operands
    heads = int(op.number("num_heads", op.number("q_num_heads", 0)))
    shared = int(op.number("kv_num_heads", heads))
    before = _before(op, known)
    if len(query) == 5 and not key:  # n steps heads 3 channels
        samples, steps, heads, _, depth = query
        sizes: Sizes = (samples, steps, heads * depth)
        return Heads(samples, heads, steps, steps + before, depth, depth, sizes)
    if len(query) == 3 and not key and heads and op.kind == "GroupQueryAttention":
        samples, steps, _ = query
        depth = query[2] // (heads + 2 * shared)
        sizes = (samples, steps, heads * depth)
        return Heads(samples, heads, steps, steps + before, depth, depth, sizes)
    is_split = len(query) == 4
    heads = query[1] if is_split else heads
    if len(query) not in (3, 4) or not key or not heads:
        return None
    samples, steps, depth = query[0], query[-2], query[-1] // (1 if is_split else heads)
    if len(key) == 5:  # n steps heads 2 channels
        keys, width = key[1], key[4]
    elif len(value) in (3, 4):
        keys = key[-2]
        width = value[-1] if len(value) == 4 else value[-1] // (shared or heads)
    else:
        return None
    sizes = (samples, heads, steps, width) if is_split else (samples, steps, heads * width)
    return Heads(samples, heads, steps, keys + before, depth, width, sizes)
