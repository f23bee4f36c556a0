"""The layouts that come with tilewright, and layouts of one's own."""

from __future__ import annotations

import tomllib
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path

from tilewright.errors import ConfigError, UnknownNameError
from tilewright.spec import Mode
from tilewright.vectors.layout import Layout

SUFFIX = ".toml"

CORE_LAYOUTS: dict[Mode, str] = {"ws": "ece284-ws", "simd": "ece284-2b", "os": "ece284-os"}
"""The preset that the testbench of our core reads in each mode."""


def layout_names() -> tuple[str, ...]:
    """Names of the presets, sorted."""
    folder = files("tilewright.vectors") / "layouts"
    return tuple(
        sorted(f.name.removesuffix(SUFFIX) for f in folder.iterdir() if f.name.endswith(SUFFIX))
    )


def load_layout(name_or_path: str | Path) -> Layout:
    """The preset of that name, or the layout in a file: a `Path`, or text that ends in ``.toml``.

    Raises `UnknownNameError` with near names for an unknown preset, `ConfigError` for a file that
    is missing or does not describe a layout.

    >>> load_layout("ece284-ws").kind("output").file
    'out.txt'
    """
    if isinstance(name_or_path, Path) or name_or_path.endswith(SUFFIX):
        path = Path(name_or_path)
        try:
            return _parse(path.read_text(encoding="utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"cannot read the layout file {path}: {error}") from None
    names = layout_names()
    if name_or_path not in names:
        near = get_close_matches(name_or_path, names, n=3, cutoff=0.3) or names
        raise UnknownNameError(
            f"no layout is called '{name_or_path}'; did you mean {', '.join(near)}? "
            f"A layout file of your own is given as a path that ends in {SUFFIX}"
        )
    preset = files("tilewright.vectors") / "layouts" / f"{name_or_path}{SUFFIX}"
    return _parse(preset.read_text(encoding="utf-8"), preset.name)


def _parse(text: str, where: str) -> Layout:
    try:
        return Layout.from_facts(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ConfigError) as error:
        raise ConfigError(f"{where}: {error}") from None
