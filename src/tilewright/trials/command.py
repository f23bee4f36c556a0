"""The command that runs a user's core on a bundle: its words, its folder, its limits."""

from __future__ import annotations

import math
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tilewright.errors import ConfigError, ToolError
from tilewright.programs.process import Ended, run_limited
from tilewright.vectors import MANIFEST, Bundle

MOST_OUTPUT = 64 << 20
"""Bytes that a command may print."""
MOST_COPIED = 256 << 20
"""Bytes that a project may have: it is copied for each bundle."""
PREFIX = "TILEWRIGHT_"
RESULTS = "tilewright-trials.json"
"""What a folder of trials has beside the folders in which commands ran; such a folder is never copied."""
ENVIRONMENT = "pyvenv.cfg"
"""What a virtual environment of Python has; it is no part of a core and is never copied."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command, in a folder of its own for each bundle, into which the bundle's files are copied.

    words: program and arguments; ``{name}`` stands for a value of `fields`. here: the folder it was given
    in. build: a command that must succeed before it, also in words. project: a folder whose content is
    copied first, so that the command runs there as in it; changes: files of it with other content. place:
    where the bundle's files are put, within the folder. timeout_s, most_bytes: of one run. Raises
    `ConfigError`.
    """

    words: tuple[str, ...]
    here: Path
    build: tuple[str, ...] = ()
    project: Path | None = None
    changes: Mapping[Path, bytes] = field(default_factory=dict)
    place: str = "."
    timeout_s: float = 60.0
    most_bytes: int = MOST_OUTPUT

    def __post_init__(self) -> None:
        if not self.words:
            raise ConfigError(
                "give the command that runs your core after --, for example: "
                "tilewright try BUNDLE --dump psum_dump.txt -- vvp sim.vvp"
            )
        if not 0 < self.timeout_s < math.inf or self.most_bytes < 1:
            raise ConfigError("a command needs more than 0 s and at least 1 byte of output")
        if Path(self.place).is_absolute() or ".." in Path(self.place).parts:
            raise ConfigError(f"the bundle's files must stay in the folder, not {self.place}")
        if self.project is not None and not self.project.is_dir():
            raise ConfigError(f"--project must be a folder, but {self.project} is none")
        for word in (self.words[0], *self.build[:1]):
            if self.project is None:
                _expect_program(word, self.here)

    @property
    def text(self) -> str:
        """The command, for a message."""
        return " ".join(self.words)

    def prepare(self, folder: Path, bundle: Bundle) -> None:
        """Put the project and the bundle's files into `folder`; raises `ToolError` if that fails."""
        try:
            if self.project is not None:
                copy_project(self.project, folder, self.changes)
            target = folder / self.place
            target.mkdir(parents=True, exist_ok=True)
            names = [file.name for file in bundle.files]
            if (bundle.folder / MANIFEST).is_file():
                names.append(MANIFEST)
            for name in names:
                shutil.copyfile(bundle.folder / name, target / name)
        except OSError as error:
            raise ToolError(f"cannot prepare {folder}: {error}") from None

    def run(self, folder: Path, bundle: Bundle, *, is_build: bool = False) -> Ended:
        """Run the command, or its build, in `folder`; raises `ToolError` if it cannot be started."""
        values = fields(bundle, folder, self)
        words = self.build if is_build else self.words
        return run_limited(
            [self._word(word, values, folder) for word in words],
            folder=folder,
            timeout_s=self.timeout_s,
            most_bytes=self.most_bytes,
            environment={f"{PREFIX}{name.upper()}": value for name, value in values.items()},
        )

    def _word(self, word: str, values: Mapping[str, str], folder: Path) -> str:
        """A word with its fields filled in; a file of the caller's folder by its whole path."""
        filled = fill(word, values)
        is_copied = self.project is not None or (folder / filled).exists()
        named = self.here / filled
        return filled if is_copied or not filled or not named.is_file() else str(named)


def fields(bundle: Bundle, folder: Path, command: Command) -> dict[str, str]:
    """What ``{name}`` in a command, and ``TILEWRIGHT_NAME`` in its environment, stand for.

    bundle: the folder with the bundle's files. out: the folder in which the command runs. here: where
    tilewright was started. Besides: layer, sample, and the sizes of layer, array and number formats.
    """
    shape, array, plan = bundle.shape, bundle.array, bundle.plan
    sizes = {
        name: getattr(shape, name) for name in ("ic", "oc", "ih", "iw", "oh", "ow", "kh", "kw")
    }
    sizes |= {"stride_h": shape.stride[0], "stride_w": shape.stride[1]}
    (top, bottom), (left, right) = shape.edges
    sizes |= {"padding_h": top, "padding_w": left}
    sizes |= {"padding_after_h": bottom, "padding_after_w": right}
    sizes |= {"padded_h": shape.padded_h, "padded_w": shape.padded_w}
    sizes |= {"taps": shape.taps, "nij": shape.nij, "onij": shape.onij}
    sizes |= {"rows": array.rows, "cols": array.cols, "psum_bits": array.psum_bits}
    sizes |= {"itiles": plan.itiles, "otiles": plan.otiles}
    sizes |= {"act_bits": bundle.act_format.bits, "weight_bits": bundle.weight_format.bits}
    sizes |= {"act_signed": int(bundle.act_format.is_signed)}
    names = {"layer": bundle.layer_name, "sample": str(bundle.sample), "here": str(command.here)}
    places = {"bundle": str((folder / command.place).resolve()), "out": str(folder.resolve())}
    return names | places | {name: str(size) for name, size in sizes.items()}


def fill(word: str, values: Mapping[str, str]) -> str:
    """`word` with ``{name}`` replaced; ``${name}`` and other braces are the shell's.

    >>> fill("+ic={ic} ${ic} {other}", {"ic": "8"})
    '+ic=8 ${ic} {other}'
    """
    names = "|".join(map(re.escape, values))
    return re.sub(rf"(?<!\$)\{{({names})\}}", lambda match: values[match[1]], word)


def copy_project(project: Path, folder: Path, changes: Mapping[Path, bytes]) -> None:
    """Copy the `project_files` of `project` to `folder`.

    changes: what to write in place of a file's own content, by its path within the project. Raises
    `ToolError` if there is too much to copy for each bundle.
    """
    copied = 0
    for name in project_files(project):
        path, target = project / name, folder / name
        copied += path.stat().st_size
        if copied > MOST_COPIED:
            raise ToolError(
                f"{project} must hold at most {MOST_COPIED >> 20} MiB, for it is copied for each bundle: "
                "give the folder of the core alone, or name files as {here}/FILE without --project"
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        content = changes.get(name)
        if content is None:
            shutil.copy2(path, target)
        else:
            target.write_bytes(content)


def project_files(project: Path) -> list[Path]:
    """The files that are copied of a project, as paths within it, sorted.

    Left out are hidden ones, links, folders of trials and virtual environments of Python.
    """
    found = []
    for folder, folders, names in os.walk(project):
        here = Path(folder)
        if RESULTS in names or (ENVIRONMENT in names and here != project):
            folders.clear()
            continue
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = (here / name for name in names if not name.startswith("."))
        found += [path.relative_to(project) for path in paths if _is_own_file(path)]
    return sorted(found)


def _is_own_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _expect_program(word: str, here: Path) -> None:
    """Raise `ToolError` if the program is not there, before anything is begun."""
    if "{" in word or shutil.which(word) or (here / word).is_file():
        return
    hint = "; a command with pipes or && is written: -- sh -c '...'" if " " in word else ""
    raise ToolError(f"cannot start {word}: no such program on PATH or in {here}{hint}")
