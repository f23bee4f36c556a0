"""Operations that put numbers in other places, on codes: an index of places, found by the engine itself.

Where each number comes from is what the operation makes of the numbers' places: ONNX Runtime applies it to
them. So every operation of `MOVES` means what it means to the file's own executor, and several of them, over
tensors of any number of axes, are one `CodeMove`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tilewright.errors import counted
from tilewright.interchange.assembly import Assembly
from tilewright.interchange.folding import run_alone
from tilewright.interchange.grid import Grid, is_whole
from tilewright.interchange.onnx_graph import Array, Operator, scalar
from tilewright.interchange.read_layers import unique
from tilewright.interchange.values import Affine, Step, Value, clip
from tilewright.interchange.wiring import name_sum
from tilewright.spec import CodeMove, Plane
from tilewright.spec.code_nodes import ZERO

Places = npt.NDArray[np.int32]
RESIZES = ("Resize", "Upsample")
MOVES = (
    *RESIZES,
    *("DepthToSpace", "Flatten", "Gather", "Pad", "Reshape", "Slice", "SpaceToDepth", "Split"),
    *("Squeeze", "Tile", "Transpose", "Unsqueeze", "Expand"),
)
LARGEST_BORDER = 4096
"""Zeros that a Pad may add at an end."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A tensor whose numbers are those of `source` in other places, as `op` left them.

    places: int32, of the tensor's sizes without the samples; `ZERO` where there is the value `fill`.
    """

    source: Value
    places: Places
    op: Operator
    fill: float = 0.0


def read_move(
    op: Operator, view: View, constants: dict[str, Array], *, batch: int, opset: int
) -> dict[str, View]:
    """The views that an operation makes of a view, by the name of the tensor."""
    others = [name for name in op.inputs[1:] if name]
    if any(name not in constants for name in others):
        op.refuse("where it puts numbers must be constant")
    read = {name: constants[name] for name in others}
    fill = view.fill
    if op.kind == "Pad":
        op, read, fill = _pad_of_places(op, view, read)
    kind = np.float32 if op.kind in RESIZES else np.float64  # float32 has all of them too
    if op.kind in RESIZES:
        if op.attributes.get("mode", "nearest") != "nearest":
            op.refuse(
                f"mode must be nearest or linear, not {op.attributes['mode']}, whose weights of pixels need "
                "more than 8 bits: export with mode linear or nearest"
            )
        if "crop" in op.attributes.get("coordinate_transformation_mode", ""):
            op.refuse("it must resize the whole plane, not crop it")
    samples = max(1, batch)
    places = np.broadcast_to(view.places.astype(kind), (samples, *view.places.shape))
    found = run_alone(op, {op.inputs[0]: np.ascontiguousarray(places), **read}, opset)
    views = {}
    for name, moved in found.items():
        if moved.shape[:1] != (samples,) or (moved != moved[:1]).any() or not moved.size:
            open_it = ": export with an open batch, of which tools make no rows" if batch else ""
            op.refuse(
                f"it must leave the {counted(samples, 'sample')} apart, but gives {moved.shape}{open_it}"
            )
        views[name] = View(view.source, moved[0].astype(np.int32), op, fill)
    return views


def _pad_of_places(
    op: Operator, view: View, read: dict[str, Array]
) -> tuple[Operator, dict[str, Array], float]:
    """A Pad of numbers as one of their places, `ZERO` where it puts a constant, and that constant."""
    pads = op.attributes.get("pads", read.get(op.inputs[1]) if len(op.inputs) > 1 else None)
    if pads is None or np.max(np.abs(pads), initial=0) > LARGEST_BORDER:
        op.refuse(f"its borders must be stated, and at most {LARGEST_BORDER}")
    if op.attributes.get("mode", "constant") != "constant":
        return op, read, view.fill
    name = op.inputs[2] if len(op.inputs) > 2 else ""
    stated = scalar(op, read[name], "its constant") if name else op.number("value", 0.0)
    grid = view.source.grid
    if grid is not None and view.source.is_code:
        stated = (stated - grid.zero_point) * grid.scale
    if grid is not None:
        code_of(op, view.source, stated)
    if stated != view.fill and (view.places == ZERO).any():
        op.refuse("it must put in what an earlier one has put in")
    if len(op.inputs) < 2:
        attributes = {key: found for key, found in op.attributes.items() if key != "value"}
        return replace(op, attributes=attributes | {"value": float(ZERO)}), read, stated
    border = f"{op.output}.border"
    inputs = (op.inputs[0], op.inputs[1], border, *op.inputs[3:])
    kept = {key: found for key, found in read.items() if key != name}
    return replace(op, inputs=inputs), kept | {border: np.array(ZERO, np.float64)}, stated


def code_of(op: Operator, value: Value, stated: float) -> int:
    """The code of a number that is put in between codes; refuses one that is no code."""
    grid = value.grid
    if grid is None:
        op.refuse("its input is not quantized: put a quantizer before it")
    steps = stated / grid.scale
    code = round(steps) + grid.zero_point
    if not is_whole(steps):
        op.refuse(
            f"it must put in the value of a code, a multiple of {grid.scale:g}, not {stated:g}"
        )
    if not grid.number_format.allowed(np.array(code)):
        op.refuse(f"it must put in a code of {grid.number_format}, not {code}")
    return code


def add_move(
    op: Operator,
    source: Value,
    index: Places,
    assembly: Assembly,
    *,
    tensor: str | None,
    fill: int = 0,
) -> Value:
    """Add a `CodeMove`; tensor: of the file, with the moved codes, or None if it has none.

    fill: the code where the index has `ZERO`.
    """
    grid = source.grid
    assert grid is not None, "codes are moved"  # noqa: S101
    name = unique(name_sum(op), set(assembly.nodes))
    codes = (grid.number_format, grid.scale)
    node = CodeMove(name, (source.plane,), index, *codes, fill=fill)
    real = Affine(np.array([grid.scale]), np.array([-grid.zero_point * grid.scale]))
    has_sums = tensor is not None and source.codes_at is None
    found = (assembly.add if has_sums else assembly.add_integers)(op, node, [source], real)
    moved = on_codes(grid, found)
    if tensor is not None:
        return replace(moved, codes_at=tensor if source.is_code else None)
    places = index.reshape(-1)
    if source.places is not None:
        if fill != source.fill and (places == ZERO).any() and (source.places == ZERO).any():
            op.refuse(f"it must put in the code {source.fill}, as what it follows does, not {fill}")
        fill = fill if (places == ZERO).any() else source.fill
        places = np.append(source.places, np.int32(ZERO))[places]  # `ZERO` is the last
    kept = replace(moved, tensor=source.tensor, codes_at=source.codes_at)
    return replace(kept, places=places, fill=fill)


def broadcast(op: Operator, planes: Sequence[Plane]) -> list[Places]:
    """Places ``c h w`` in operands one behind the other, all of one size.

    One row, column or channel of an operand stands for all of the others'.
    """
    ends = np.cumsum([0, *(int(np.prod(plane)) for plane in planes)]).tolist()
    numbers = [
        np.arange(start, end, dtype=np.int32).reshape(plane)
        for plane, start, end in zip(planes, ends, ends[1:], strict=False)
    ]
    try:
        return list(np.broadcast_arrays(*numbers))
    except ValueError:
        op.refuse(f"its planes must be of sizes that are equal or 1, not {planes}")


def on_codes(grid: Grid, found: Value) -> Value:
    """A node's sums, which are codes, as values on their grid, beyond which there are none."""
    steps: tuple[Step, ...] = tuple(
        replace(step, is_of_codes=True) for step in (*found.steps, clip(grid))
    )
    return replace(found, steps=steps, grid=grid, is_positive=grid.low >= 0)
