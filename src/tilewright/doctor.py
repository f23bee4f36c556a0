"""What this computer can do, found by trying, and how to install what is missing."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tilewright.cores import SIMULATORS, probe
from tilewright.errors import EXTRAS

CPU_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8")

OPTIONAL = {
    "onnx": "export-network and import-network",
    "qonnx": "import-network of QONNX files",
    "pyosys": "prove, and for equivalent mutants",
}
"""Packages that only some commands need, and which."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked for. `remedy` says how to get it; only `is_needed` things must be there."""

    name: str
    is_present: bool
    detail: str
    remedy: str = ""
    is_needed: bool = False


def examine(*, data_dir: Path | None = None) -> Iterator[Finding]:
    """Examine this computer; every simulator is asked to build and run a design, so this takes seconds."""
    yield Finding("machine", is_present=True, detail=_machine())
    for package in ("numpy", "pyslang", "numba", "torch", "jinja2"):
        yield _package(package)
    for package, command in OPTIONAL.items():
        yield _package(package, command=command)
    yield _gpu()
    yield _compiler()
    yield from _simulators()
    yield _cifar10(data_dir)


def _machine() -> str:
    flags = Path("/proc/cpuinfo")
    words = set(flags.read_text(encoding="utf-8").split()) if flags.is_file() else set()
    units = ", ".join(flag for flag in CPU_FLAGS if flag in words) or "no known vector units"
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return f"Python {platform.python_version()}, {system}, {units}"


def _package(name: str, *, command: str = "") -> Finding:
    """Whether a package is installed; it is needed, unless a `command` alone needs it."""
    is_needed = not command
    try:
        return Finding(name, is_present=True, detail=version(name), is_needed=is_needed)
    except PackageNotFoundError:
        remedy = (
            f"pip install 'tilewright[{EXTRAS[name]}]'" if name in EXTRAS else f"pip install {name}"
        )
        if command:
            remedy = f"for {command}: {remedy}"
        return Finding(name, False, "not installed", remedy, is_needed=is_needed)


def _gpu() -> Finding:
    if importlib.util.find_spec("torch") is None:
        return Finding("GPU", False, "torch is not installed")
    import torch

    if torch.cuda.is_available():
        return Finding("GPU", is_present=True, detail=torch.cuda.get_device_name(0))
    return Finding("GPU", False, "none seen by torch", "optional: everything runs on the CPU")


def _compiler() -> Finding:
    for name in ("g++", "clang++"):
        path = shutil.which(name)
        if path and shutil.which("make"):
            return Finding(
                "C++ compiler", is_present=True, detail=f"{path}, {shutil.which('make')}"
            )
    return Finding(
        "C++ compiler",
        False,
        "no g++ or clang++ with make on PATH",
        "install g++ and make (Debian: apt install g++ make)",
    )


def _simulators() -> Iterator[Finding]:
    """At least one RTL simulator must build and run a design."""
    probes = [probe(name) for name in SIMULATORS.names()]
    is_any_ready = any(found.is_ready for found in probes)
    for found in probes:
        detail = (
            f"{found.version}: {found.detail}, {found.seconds:.1f} s"
            if found.is_ready
            else "not usable"
        )
        remedy = "" if found.is_ready else found.detail
        yield Finding(found.name, found.is_ready, detail, remedy, is_needed=not is_any_ready)


def _cifar10(data_dir: Path | None) -> Finding:
    if data_dir is None:
        return Finding(
            "CIFAR-10",
            is_present=False,
            detail="no --data-dir given",
            remedy="optional: the digits are bundled",
        )
    names = {path.name.removesuffix(".xz") for path in data_dir.glob("*.bin*")}
    needed = {"test_batch.bin", *(f"data_batch_{n}.bin" for n in range(1, 6))}
    if needed <= names:
        return Finding("CIFAR-10", is_present=True, detail=f"six files in {data_dir}")
    missing = ", ".join(sorted(needed - names))
    return Finding(
        "CIFAR-10", False, f"{data_dir} lacks {missing}", "give the folder of the binary version"
    )
