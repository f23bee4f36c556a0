"""RTL to a netlist by yosys, once: netlists are kept in the cache folder by what they were made from."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tilewright.cores.build_cache import default_cache_dir, keep, kept, own_folder
from tilewright.errors import FormatError
from tilewright.formal.casts import with_plain_casts
from tilewright.formal.misreadings import check_drivers, check_readings
from tilewright.formal.promises import without_promises
from tilewright.formal.sources import packages_first, without_imports
from tilewright.formal.yosys import first_error, run_yosys
from tilewright.prove.netlist import Netlist
from tilewright.prove.netlist_reader import read_netlist

_NETLIST = "netlist.json"
_VERSION = 8
"""Of the scripts below, and of what is refused before they run."""
_SLANG = (
    "--single-unit",  # macros hold in the files that follow, as in simulators
    "--no-implicit-memories",  # an array that several processes write is registers
    "--no-proc",  # what makes something of an x comes with it
    "--ignore-assertions",
    "--ignore-timing",
    "--allow-use-before-declare",
    "--relax-enum-conversions",
)
"""Options of slang: what it refuses by default and simulators take."""
_NO_SLANG = "No such command: read_slang"


def elaborate_json(
    sources: Mapping[str, str],
    *,
    top: str | None,
    parameters: Mapping[str, int] | None = None,
    timeout_s: float = 300.0,
) -> str:
    """The flat netlist of `top` in yosys's JSON; sources are file names to contents, packages first.

    top: None: the module that no other one instantiates. Raises `ToolError` if yosys is missing or does not
    end in time, `FormatError` if none of its readers takes the sources.
    """
    parameters = parameters or {}
    sources = _plain(sources)  # the text that the netlist is made from names it
    scripts = [
        reader(packages_first(sources), top, parameters) for reader in (_script, _slang_script)
    ]
    facts = json.dumps([_VERSION, scripts, sources], sort_keys=True)
    cache = own_folder(own_folder(default_cache_dir()) / "netlists")
    stem = f"{hashlib.sha256(facts.encode()).hexdigest()}."
    if (entry := kept(cache, stem)) is not None:
        return entry.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="tilewright-yosys-") as name:
        netlist = _made(sources, top, parameters, scripts, folder=Path(name), timeout_s=timeout_s)
        return keep(netlist, cache, stem).read_text(encoding="utf-8")


def _made(
    sources: Mapping[str, str],
    top: str | None,
    parameters: Mapping[str, int],
    scripts: Sequence[str],
    *,
    folder: Path,
    timeout_s: float,
) -> Path:
    """The netlist by yosys's own reader of Verilog, or else by slang, which reads all of SystemVerilog."""
    check_drivers(sources, top=top, parameters=parameters)
    script, slang_script = scripts
    netlist, refused = folder / _NETLIST, f"yosys cannot elaborate {top or 'the sources'}: "
    try:
        check_readings(sources, top=top, parameters=parameters)
        files = without_imports(sources)
        status, output = run_yosys(script, files, folder=folder, timeout_s=timeout_s)
        if status == 0 and netlist.is_file():
            return netlist
        why = refused + first_error(output)
    except FormatError as error:
        why = str(error)
    status, output = run_yosys(slang_script, sources, folder=folder, timeout_s=timeout_s)
    if status == 0 and netlist.is_file():
        return netlist
    raise FormatError(why if _NO_SLANG in output else refused + first_error(output))


def _plain(sources: Mapping[str, str]) -> dict[str, str]:
    """The sources as yosys reads them the way simulators do."""
    return without_promises(with_plain_casts(sources))


def elaborate(
    sources: Mapping[str, str], *, top: str | None, parameters: Mapping[str, int] | None = None
) -> Netlist:
    """The netlist of `top`; raises what `elaborate_json` and `read_netlist` raise."""
    return read_netlist(parse(elaborate_json(sources, top=top, parameters=parameters)))


def elaborate_many(
    designs: Sequence[Mapping[str, str]],
    *,
    top: str,
    parameters: Mapping[str, int],
    timeout_s: float = 600.0,
) -> list[str | None]:
    """Flat netlists of many designs by one yosys, in yosys's JSON; None where `elaborate_json` would refuse.

    They are not kept in the cache. Raises `ToolError` if yosys is missing or does not end in time.
    """
    found: list[str | None] = [None] * len(designs)
    readable: dict[int, Mapping[str, str]] = {}
    for at, sources in enumerate(designs):
        plain = _plain(sources)
        with suppress(FormatError):
            check_drivers(plain, top=top, parameters=parameters)
            check_readings(plain, top=top, parameters=parameters)
            readable[at] = plain
    made = _by_one_yosys(list(readable.values()), top, parameters, timeout_s) if readable else []
    for at, text in zip(readable, made, strict=True):
        found[at] = text
    return found


def _by_one_yosys(
    designs: Sequence[Mapping[str, str]],
    top: str,
    parameters: Mapping[str, int],
    timeout_s: float,
) -> list[str | None]:
    with tempfile.TemporaryDirectory(prefix="tilewright-yosys-") as name:
        folder = Path(name)
        files: dict[str, str] = {}
        scripts: list[str] = []
        for at, sources in enumerate(designs):
            texts = {f"{at}/{file}": text for file, text in without_imports(sources).items()}
            files |= texts
            netlist = f"{at}/{_NETLIST}"
            scripts += ["design -reset", _script(packages_first(texts), top, parameters, netlist)]
        status, _ = run_yosys("\n".join(scripts), files, folder=folder, timeout_s=timeout_s)
        made = [folder / f"{at}" / _NETLIST for at in range(len(designs))]
        found = [path.read_text(encoding="utf-8") if path.is_file() else None for path in made]
    if status == 0 or len(designs) == 1:
        return found if status == 0 else [None]
    done = found.index(None)  # yosys stops at the first that it cannot elaborate
    rest = designs[done + 1 :]
    more = _by_one_yosys(rest, top, parameters, timeout_s) if rest else []
    return [*found[: done + 1], *more]


def parse(text: str) -> dict[str, Any]:
    """A design in yosys's JSON; raises `FormatError` if it is not one."""
    try:
        design: dict[str, Any] = json.loads(text)
    except json.JSONDecodeError as error:
        raise FormatError(f"a netlist must be yosys's JSON, but is not: {error}") from None
    if not isinstance(design, dict) or "modules" not in design:
        raise FormatError("a netlist must be yosys's JSON with modules, but has none")
    return design


def _script(
    files: list[str], top: str | None, parameters: Mapping[str, int], netlist: str = _NETLIST
) -> str:
    defer = "-defer " if top else ""  # nothing is elaborated as large as it is by default
    sizes = " ".join(f"-set {name} {value}" for name, value in parameters.items())
    reading = [f"read_verilog {defer}-sv {' '.join(files)}"]
    reading += [f"chparam {sizes} {top}"] if sizes else []
    return _flat(reading, top, netlist)


def _slang_script(files: list[str], top: str | None, parameters: Mapping[str, int]) -> str:
    chosen = [f"--top {top}"] if top else []
    chosen += [f"-G {name}={value}" for name, value in parameters.items()]
    reading = " ".join(["read_slang", *_SLANG, *chosen, *files])
    return _flat([reading, "bmuxmap", "demuxmap", "bwmuxmap"], top, _NETLIST)


def _flat(reading: list[str], top: str | None, netlist: str) -> str:
    """The script that makes a flat netlist of what is read."""
    return "\n".join(
        [
            *reading,
            f"hierarchy -check {f'-top {top}' if top else '-auto-top'}",
            "proc -noopt",  # yosys makes of an x what suits it; nothing is to be made of it here
            "flatten",
            "opt_clean",
            "memory_collect",
            "opt_clean",
            f"write_json {netlist}",
        ]
    )
