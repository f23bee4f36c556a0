"""Decode vector files to tensors, select a part of them, and write numpy files."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tilewright.bundles.agreement import agreed_tensors
from tilewright.bundles.geometry import EXAMPLE, Geometry
from tilewright.bundles.source import OPERANDS, open_bundle
from tilewright.bundles.stated import Stated, stated_tensors
from tilewright.errors import ArtifactError, ConfigError
from tilewright.store.artifact import read_bytes, write_bytes
from tilewright.tile import TilePlan
from tilewright.vectors import FieldWidths, KindLayout, Layout, decode, encode
from tilewright.vectors.bundle import MANIFEST, planned_files
from tilewright.vectors.codec import text_set
from tilewright.vectors.kinds import axis_sizes
from tilewright.vectors.planes import accumulate_addresses
from tilewright.vectors.tolerance import tolerated


def decode_path(
    path: Path,
    *,
    layout: Layout | None = None,
    geometry: Geometry | None = None,
    kind: str | None = None,
) -> tuple[Stated, ...]:
    """Tensors of a bundle or a folder of foreign files; of one file, its lanes as they stand.

    Of foreign files, those of `kind` are enough. Raises what `open_bundle` and `decode_bundle` raise.
    """
    if path.is_file():
        return choose_kind((_decode_file(path, layout, geometry),), kind)
    bundle = open_bundle(path, layout=layout, geometry=geometry, kind=kind)
    if bundle.layout.has_psums and set(OPERANDS) <= set(bundle.layout.kind_names):
        agreed_tensors(bundle)  # checks ranges, and that the files agree with one another
    return choose_kind(stated_tensors(bundle), kind)


def choose_kind(tensors: tuple[Stated, ...], kind: str | None) -> tuple[Stated, ...]:
    """The tensor of `kind` alone; all of them for None. Raises `ConfigError` if there is none."""
    chosen = tuple(tensor for tensor in tensors if kind in (None, tensor.kind))
    if not chosen:
        names = ", ".join(tensor.kind for tensor in tensors)
        raise ConfigError(f"there are no {kind} files; there are {names}")
    return chosen


def select_places(tensors: tuple[Stated, ...], text: str) -> tuple[Stated, ...]:
    """The part at ``axis=index,...`` of every tensor that has these axes; ``all``: everything.

    Raises `ConfigError` if the text is not so written, or no tensor has these axes or that place.
    """
    if text == "all":
        return tensors
    pairs = [re.fullmatch(r"([a-z]+)=([0-9]{1,9})", part) for part in text.split(",")]
    places = {pair[1]: int(pair[2]) for pair in pairs if pair}
    if len(places) != len(pairs):
        raise ConfigError(f"a place is written kij=4 or oc=2,oh=0, not '{text}'")
    parts = tuple(part for tensor in tensors if (part := tensor.select(places)) is not None)
    if not parts:
        axes = "; ".join(f"{tensor.kind}: {' '.join(tensor.axes)}" for tensor in tensors)
        raise ConfigError(f"no kind of file has the axes of '{text}'; there are {axes}")
    return parts


def save_tensors(tensors: tuple[Stated, ...], path: Path) -> None:
    """Write ``.npz`` with one array for each kind, or ``.npy`` with the only one."""
    stream = io.BytesIO()
    if path.suffix == ".npz":
        np.savez(stream, allow_pickle=False, **{t.kind: t.values for t in tensors})
    elif path.suffix == ".npy" and len(tensors) == 1:
        np.save(stream, tensors[0].values)
    else:
        raise ConfigError(
            f"{path} must end in .npz, or in .npy for one kind: there are "
            f"{', '.join(tensor.kind for tensor in tensors)} (choose one with --kind)"
        )
    write_bytes(path, stream.getvalue())


def _decode_file(path: Path, layout: Layout | None, geometry: Geometry | None) -> Stated:
    is_foreign = not (path.parent / MANIFEST).is_file()
    if not is_foreign:
        bundle = open_bundle(path.parent, layout=layout, geometry=geometry)
        layout, plan, widths = bundle.layout, bundle.plan, bundle.widths
    elif layout is None or geometry is None:
        raise ConfigError(
            f"{path} has no {MANIFEST} beside it: give the layout and the geometry, for example "
            f"--geometry {EXAMPLE}"
        )
    else:
        plan = TilePlan(geometry.shape, geometry.array)
        acts, weights = geometry.act_format, geometry.weight_format
        widths = FieldWidths(acts.bits, weights.bits, geometry.array.psum_bits, acts.is_signed)
    if any(form.part for form in layout.kinds):
        raise ConfigError(f"{path.name} may be shared by several kinds: decode its whole folder")
    names = {name: (kind, at) for kind, name, at, _ in planned_files(layout, plan, widths)}
    name = next((n for n in names if path.as_posix().endswith(f"/{n}")), path.name)
    if name not in names:
        raise ArtifactError(
            f"{path.name} is no file of layout {layout.name} for this geometry; its files are "
            f"{next(iter(names))} and {len(names) - 1} more"
        )
    kind, indices = names[name]
    form = layout.kind(kind)
    if not set(indices) <= set(form.axes):
        raise ConfigError(
            f"{path.name} holds a part of split axes ({', '.join(indices)}): decode its whole folder"
        )
    files = encode(layout, kind, _blank(form, plan), plan=plan, widths=widths)
    content = read_bytes(path)
    if is_foreign:
        text = text_set(form, plan, widths).called(name)
        content = tolerated(form, content, text)[0]
    tiles = decode(layout, kind, files | {name: content}, plan=plan, widths=widths)
    whole = Stated(kind, form.axes, tiles)
    return whole.select(indices) or whole


def _blank(form: KindLayout, plan: TilePlan) -> npt.NDArray[np.int64]:
    """Placeholder tiles for the files that were not asked for."""
    if form.tensor == "address":
        return accumulate_addresses(plan)
    sizes = axis_sizes(plan)
    return np.zeros([sizes[axis] for axis in form.axes], np.int64)
