"""The layouts that come with tilewright, and layouts of one's own."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from math import prod
from pathlib import Path

from tilewright.errors import ConfigError, UnknownNameError
from tilewright.registry import Registry
from tilewright.spec import OutputFunction
from tilewright.store.toml import parse_toml
from tilewright.tile import CORE_DATAFLOWS, DATAFLOWS, Dataflow
from tilewright.vectors.layout import PACKED, PACKED_SUFFIX, Layout

SUFFIX = ".toml"

CORE_LAYOUTS = tuple(dataflow.layout for dataflow in CORE_DATAFLOWS)
"""The presets that the testbench of our core reads."""


LAYOUTS: Registry[Traversable] = Registry("layout")
"""The TOML file of each layout that has a name; another package adds its own (`tilewright.registry`)."""

_PRESETS = {
    file.name.removesuffix(SUFFIX): file
    for file in (files("tilewright.vectors") / "layouts").iterdir()
    if file.name.endswith(SUFFIX)
}
for _name in sorted(_PRESETS):
    LAYOUTS.add(_name, _PRESETS[_name])


def layout_names() -> tuple[str, ...]:
    """Names of the layouts: ours, sorted, then those of other packages."""
    return LAYOUTS.names()


def load_layout(name_or_path: str | Path) -> Layout:
    """The layout of that name, or the one in a file: a `Path`, or text that ends in ``.toml``.

    ``NAME-packed`` is the layout NAME with one file a kind, of octets: see `Layout.packed`.

    Raises `UnknownNameError` with near names for an unknown name, `ConfigError` for a file that
    is missing or does not describe a layout.

    >>> load_layout("ece284-ws").kind("output").file
    'out.txt'
    """
    if isinstance(name_or_path, Path) or name_or_path.endswith(SUFFIX):
        return _read(Path(name_or_path))
    names = layout_names()
    stem = name_or_path.removesuffix(PACKED_SUFFIX)
    if stem in names and name_or_path not in names:
        return _named(stem).packed()
    if name_or_path not in names:
        near = get_close_matches(name_or_path, names, n=3, cutoff=0.3) or names
        raise UnknownNameError(
            f"no layout is called '{name_or_path}'; did you mean {', '.join(near)}? "
            f"A layout file of your own is given as a path that ends in {SUFFIX}"
        )
    return _named(name_or_path)


def dataflow_of(layout: Layout) -> Dataflow | None:
    """The dataflow whose own files these are, whatever the function of their outputs; None for none."""
    if "output" not in layout.kind_names:
        return None
    kinds = layout.with_output(OutputFunction()).kinds
    is_packed = all(form.container == PACKED for form in kinds)
    for flow in DATAFLOWS:
        own = load_layout(flow.layout)
        if kinds == (own.packed() if is_packed else own).kinds:
            return flow
    return None


def is_stated_by(layout: Layout, dataflow: Dataflow) -> bool:
    """Whether `layout` can state the plan of a dataflow: it is its own, or a foreign one that agrees with it.

    A foreign layout must have ofmap pixels as rows just where the dataflow's own has, and, where it says how
    many channels a PE takes, as many.
    """
    own = dataflow_of(layout)
    if own is not None:
        return own == dataflow
    channels = _channels_per_pe(layout)
    has_pixels = _has_pixel_rows(layout) == _has_pixel_rows(load_layout(dataflow.layout))
    return has_pixels and channels in (None, dataflow.channels_per_pe)


def _has_pixel_rows(layout: Layout) -> bool:
    splits = layout.kind("activation").split
    return any("onij" in split.source and "row" in split.names for split in splits)


def _channels_per_pe(layout: Layout) -> int | None:
    """The number beside ``row`` in a split of input channels; None where the layout does not state it."""
    for split in layout.kind("activation").split:
        if "itile" in split.source and "row" in split.names:
            return prod(size for _, size in split.parts if isinstance(size, int))
    return None


@cache
def _named(name: str) -> Layout:
    return _read(LAYOUTS.get(name))


def _read(file: Traversable) -> Layout:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"cannot read the layout file {file}: {reason}") from None
    facts = parse_toml(text, f"{file}: it")
    try:
        return Layout.from_facts(facts)
    except ConfigError as error:
        raise ConfigError(f"{file}: {error}") from None
