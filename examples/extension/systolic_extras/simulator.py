"""A simulator behind a command: Icarus Verilog that leaves the processor to others, by ``nice``.

A license server's wrapper, a container or a batch queue is put before each command in the same way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tilewright.cores.simulator import PROGRAM, Build, Icarus
from tilewright.errors import ToolError
from tilewright.programs.process import last_lines, run_program

BEFORE = ("nice", "-n", "10")


@dataclass(frozen=True, slots=True)
class PoliteIcarus:
    """See `tilewright.cores.Simulator`; `options` are a part of a build's identity in the cache."""

    version: str
    name: str = "polite-icarus"
    options: tuple[str, ...] = ("-g2012",)
    builds_at_once: bool = True

    @classmethod
    def find(cls) -> "PoliteIcarus":
        """The installed one; raises `ToolError` with how to install what is missing."""
        return cls(Icarus.find().version)

    @property
    def programs(self) -> tuple[Path, ...]:
        """Where one of these has changed, results of it are stale."""
        return Icarus.find().programs

    def with_waves(self) -> "PoliteIcarus":
        """The same, which always can write waves."""
        return self

    def build(self, build: Build) -> None:
        command = [*BEFORE, "iverilog", *self.options, "-o", PROGRAM, "-s", build.top]
        command += [f"-P{build.top}.{name}={value}" for name, value in build.parameters.items()]
        status, output = run_program(
            [*command, *build.sources], folder=build.folder, timeout_s=build.timeout_s
        )
        if status != 0:
            raise ToolError(f"{self.name} cannot build the design: {last_lines(output)}")

    def run(
        self, program: Path, *, plusargs: Mapping[str, str], folder: Path, timeout_s: float
    ) -> tuple[int, str]:
        words = [f"+{key}={value}" for key, value in plusargs.items()]
        command = [*BEFORE, "vvp", "-n", str(program), *words]
        return run_program(command, folder=folder, timeout_s=timeout_s)
