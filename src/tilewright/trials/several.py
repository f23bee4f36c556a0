"""Run a command on many bundles, some at a time, and keep what it left."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tilewright.bundles import Geometry, open_bundle
from tilewright.errors import ArtifactError, ConfigError
from tilewright.programs.process import program_threads
from tilewright.store.artifact import read_json, write_json
from tilewright.store.folder_lock import LOCK
from tilewright.trials.command import RESULTS, Command
from tilewright.trials.trial import Expected, Trial, run_trial
from tilewright.vectors import MANIFEST, Bundle, Layout
from tilewright.vectors.manifest import is_manifest

KIND = "tilewright-trials"


@dataclass(frozen=True, slots=True)
class Trials:
    """The judgement on every bundle, in the order in which they were given."""

    command: str
    folder: Path
    trials: tuple[Trial, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether every one passed."""
        return bool(self.trials) and all(one.status == "pass" for one in self.trials)

    def count(self, status: str) -> int:
        """How many trials have this status."""
        return sum(one.status == status for one in self.trials)

    def to_json(self) -> dict[str, Any]:
        """All judgements as JSON facts."""
        return {
            "kind": KIND,
            "passed": self.passed,
            "command": self.command,
            **{status: self.count(status) for status in ("pass", "fail", "error")},
            "seconds": round(self.seconds, 3),
            "trials": [one.to_json() for one in self.trials],
        }


def find_bundles(
    paths: Sequence[Path],
    *,
    layout: Layout | None = None,
    geometry: Geometry | None = None,
    skipped: Sequence[str] = (),
) -> dict[str, Bundle]:
    """The bundles in `paths` by a short name, each once: a path is a bundle or a tree of them.

    A folder without any manifest is one bundle if `layout` and `geometry` say what it holds. skipped:
    patterns of names that are left out. Raises `ConfigError` if a path holds none, or all are left out, and
    what `open_bundle` raises.
    """
    found: dict[str, Bundle] = {}
    seen: set[Path] = set()
    is_heeded = layout is None
    for path in paths:
        folders = list(_folders(path))
        if not folders and geometry is None:
            raise ConfigError(
                f"{path} must be a bundle or hold some, but no {MANIFEST} of one is there; files "
                "without one need --layout and --geometry"
            )
        for folder in folders or [path]:
            name = _name(path, folder, found)
            is_skipped = any(fnmatchcase(name, pattern) for pattern in skipped)
            if folder.resolve() not in seen and not is_skipped:
                seen.add(folder.resolve())
                stated = geometry if not folders else None
                found[name] = open_bundle(
                    folder, layout=layout if stated else None, geometry=stated
                )
                is_heeded = is_heeded or stated is not None
    if not found:
        raise ConfigError(f"no bundle is left: {', '.join(skipped)} leaves all out")
    if not is_heeded:
        raise ConfigError(
            "every bundle has a manifest, which states its layout: leave --layout and --geometry out"
        )
    return found


def _folders(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        raise ArtifactError(f"{path} must be a folder of vector files: there is none")
    trials = {mark.parent for mark in path.rglob(RESULTS)}
    for manifest in sorted(path.rglob(MANIFEST)):
        inner = manifest.relative_to(path).parts
        is_left_out = any(part.startswith(".") for part in inner) or trials & set(manifest.parents)
        if not is_left_out and is_manifest(read_json(manifest)):
            yield manifest.parent


def _name(path: Path, folder: Path, taken: dict[str, Bundle]) -> str:
    parts = (path.resolve().name or "bundle", *folder.relative_to(path).parts)
    name = "/".join(parts)
    number = 2
    while name in taken:
        name, number = f"{'/'.join(parts)}-{number}", number + 1
    return name


def try_bundles(
    bundles: dict[str, Bundle],
    command: Command,
    expected: Expected,
    *,
    out: Path,
    jobs: int = 1,
    is_kept: bool = False,
    listener: Callable[[str, Trial], None] = lambda _name, _trial: None,
) -> Trials:
    """Run `command` on each of `bundles`, `jobs` at a time, each in a folder of `out` by its name.

    What an earlier call left there is removed, nothing else. Folders of runs that pass are removed, unless
    `is_kept`. listener: told of each trial, in order. Raises what `run_trial` raises, and `ConfigError` if
    `out` is not empty and not of an earlier call; programs are killed before anything is raised.
    """
    since = time.monotonic()
    claim(out, list(bundles))

    def run(name: str) -> Trial:
        folder = out / name
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            raise ConfigError(
                f"{folder} must be of an earlier call, but holds other files: give another --out"
            ) from None
        trial = run_trial(command, expected, bundles[name], folder)
        if trial.status == "pass" and not is_kept:
            shutil.rmtree(folder, ignore_errors=True)
        return trial

    trials = []
    with program_threads(jobs) as pool:
        for name, trial in zip(bundles, pool.each(run, bundles), strict=True):
            trials.append(trial)
            listener(name, trial)
    found = Trials(command.text, out, tuple(trials), time.monotonic() - since)
    write_json(out / RESULTS, found.to_json() | {"folders": list(bundles)})
    return found


def claim(out: Path, folders: Sequence[str] = ()) -> None:
    """Make `out` the place of `folders`; what an earlier call left there is removed, nothing else.

    Raises `ConfigError` if `out` is not empty and not of an earlier call.
    """
    if out.exists() and (not out.is_dir() or {path.name for path in out.iterdir()} - {LOCK}):
        _remove_earlier(out)
    write_json(out / RESULTS, {"kind": KIND, "folders": list(folders)})


def _remove_earlier(out: Path) -> None:
    facts = read_json(out / RESULTS) if (out / RESULTS).is_file() else {}
    if not isinstance(facts, dict) or facts.get("kind") != KIND:
        raise ConfigError(
            f"{out} must be empty or of an earlier call, but is not: give another --out"
        )
    for name in facts.get("folders", []):
        folder = out / str(name)
        if folder.resolve().is_relative_to(out.resolve()) and folder.resolve() != out.resolve():
            shutil.rmtree(folder, ignore_errors=True)
            _remove_empty(folder.parent, out)


def _remove_empty(folder: Path, out: Path) -> None:
    """Remove `folder` and those around it within `out` that hold nothing: a tree of bundles left them."""
    while folder != out:
        try:
            folder.rmdir()
        except OSError:  # it holds more
            return
        folder = folder.parent
