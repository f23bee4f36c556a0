"""A simulator that simulates nothing: it writes what it is told to print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tilewright.cores.simulator import PROGRAM, Build
from tilewright.programs.process import run_program


@dataclass
class FakeSimulator:
    """`script` is the shell script that a build leaves; `builds` remembers the parameters of each."""

    script: str = "echo TW probe 1"
    name: str = "fake"
    version: str = "1.0"
    options: tuple[str, ...] = ()
    builds_at_once: bool = True
    programs: tuple[Path, ...] = ()
    builds: list[dict[str, int]] = field(default_factory=list)

    def with_waves(self) -> FakeSimulator:
        return self

    def build(self, build: Build) -> None:
        assert build.top
        assert build.timeout_s > 0
        assert all((build.folder / name).is_file() for name in build.sources)
        self.builds.append(dict(build.parameters))
        (build.folder / PROGRAM).write_text(self.script)

    def run(
        self, program: Path, *, plusargs: Mapping[str, str], folder: Path, timeout_s: float
    ) -> tuple[int, str]:
        words = [f"+{key}={value}" for key, value in plusargs.items()]
        return run_program(["sh", str(program), *words], folder=folder, timeout_s=timeout_s)
