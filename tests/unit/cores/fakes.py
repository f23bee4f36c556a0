"""A simulator that simulates nothing: it writes what it is told to print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tilewright.cores.simulator import PROGRAM
from tilewright.programs.process import run_program


@dataclass
class FakeSimulator:
    """`script` is the shell script that a build leaves; `builds` remembers the parameters of each."""

    script: str = "echo TW probe 1"
    name: str = "fake"
    version: str = "1.0"
    options: tuple[str, ...] = ()
    builds: list[dict[str, int]] = field(default_factory=list)

    def with_waves(self) -> FakeSimulator:
        return self

    def build(
        self,
        sources: Sequence[str],
        *,
        top: str,
        parameters: Mapping[str, int],
        folder: Path,
        timeout_s: float,
    ) -> None:
        assert top
        assert timeout_s > 0
        assert all((folder / name).is_file() for name in sources)
        self.builds.append(dict(parameters))
        (folder / PROGRAM).write_text(self.script)

    def run(
        self, program: Path, *, plusargs: Mapping[str, str], folder: Path, timeout_s: float
    ) -> tuple[int, str]:
        words = [f"+{key}={value}" for key, value in plusargs.items()]
        return run_program(["sh", str(program), *words], folder=folder, timeout_s=timeout_s)
