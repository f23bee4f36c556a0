"""Whether what a stage found is about what lies on the disk now."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any, Protocol

from tilewright import __version__
from tilewright.config import Config
from tilewright.errors import TilewrightError
from tilewright.facts import CornerBundle, CosimFacts, ExportFacts, RunFacts
from tilewright.store.artifact import sha256, sha256_of
from tilewright.vectors import MANIFEST, read_bundle


class Results(Protocol):
    """A run folder: its configuration, and the JSON that its stages left."""

    @property
    def root(self) -> Path:
        """The folder."""

    def config(self) -> Config:
        """Its configuration."""

    def has_result(self, stage: str) -> bool:
        """Whether a stage has left a result."""

    def stored(self, stage: str) -> dict[str, Any]:
        """The JSON that a stage left."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a stage reads: configuration keys, patterns of files, and the facts of the stages before it."""

    keys: tuple[str, ...]
    files: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()


_WEIGHTS = ("01_train/checkpoint.json", "01_train/best-*.safetensors")
_INTEGERS = tuple(
    f"02_recover/{name}.{suffix}"
    for name in ("network", "stimulus")
    for suffix in ("json", "safetensors")
)
_OWN_IMAGES = ("02_recover/images.json", "02_recover/images.safetensors")
_CYCLES = ("06_sim/fold_cycles.json", "06_sim/fold_cycles.safetensors")
INPUTS = {
    "train": Inputs(("data", "model", "train", "phases")),
    "evaluate": Inputs(("data",), (*_WEIGHTS, *_OWN_IMAGES)),
    "recover": Inputs(("data", "recover"), _WEIGHTS),
    "verify": Inputs(("array.psum_bits",), _INTEGERS),
    "tile": Inputs(("array",), _INTEGERS),
    "export": Inputs(("vectors",), _INTEGERS, ("tile",)),
    "simulate": Inputs(("sim",), _INTEGERS, ("tile",)),
    "cosim": Inputs(("cosim",), _CYCLES, ("export", "simulate")),
    "certify": Inputs(("data",), (*_WEIGHTS, *_INTEGERS, *_OWN_IMAGES)),
}
"""What the result of a stage follows from, beside this version of tilewright (a trained network stays what
it is): when it changes, the result is stale."""


class Evidence:
    """One look at a run folder; each file is hashed once."""

    def __init__(self, run: Results) -> None:
        self._run = run
        self._config = run.config()
        self._hashes: dict[Path, str] = {}

    def fingerprint(self, stage: str) -> str:
        """Hash of what `stage` would read now; what is absent counts as empty."""
        inputs, run = INPUTS[stage], self._run
        values = [repr(attrgetter(key)(self._config)) for key in inputs.keys]
        paths = [path for pattern in inputs.files for path in sorted(run.root.glob(pattern))]
        hashes = [[path.name, self._hash(path)] for path in paths]
        facts = [run.stored(name) for name in inputs.facts if run.has_result(name)]
        timeless = [{key: fact[key] for key in fact if key != "seconds"} for fact in facts]
        version = "" if stage == "train" else __version__
        rtl = _rtl_hashes(self._config) if stage == "cosim" else []
        return sha256(json.dumps([version, values, hashes, timeless, rtl]).encode())

    def is_stale(self, stage: str) -> bool:
        """Whether what `stage` read has changed since it ran."""
        stored = self._run.stored(stage)
        changed = stored.get("fingerprint") != self.fingerprint(stage)
        return changed or (stage == CosimFacts.STAGE and self._has_other_programs(stored))

    def altered(self, found: RunFacts) -> Iterator[tuple[str, str]]:
        """Stages, and what was done since to the files that each wrote: one line a file."""
        for result in found.results:
            for name, stated in result.outputs.items():
                actual = self._hash(self._run.root / name)
                if actual != stated:
                    how = "altered" if actual else "removed"
                    yield result.stage, f"{name} is not what {result.stage} wrote: it was {how}"
        if found.export is not None:
            for problem in self._altered_bundles(found.export.facts):
                yield ExportFacts.STAGE, problem

    def _altered_bundles(self, exported: ExportFacts) -> Iterator[str]:
        corners = [bundle for one in exported.corners or () for bundle in one.bundles]
        for bundle in (*exported.bundles, *corners):
            try:
                yield from self._check_bundle(bundle)
            except TilewrightError as error:
                yield str(error)

    def _check_bundle(self, bundle: CornerBundle) -> Iterator[str]:
        folder = self._run.root / bundle.folder
        if self._hash(folder / MANIFEST) != bundle.manifest:
            yield f"{bundle.folder}/{MANIFEST} is not what export wrote: it was altered or removed"
        else:
            read_bundle(folder)

    def _has_other_programs(self, stored: dict[str, Any]) -> bool:
        programs = stored.get("programs")
        if not isinstance(programs, dict):
            return False
        return any(self._hash(Path(path)) != digest for path, digest in programs.items())

    def _hash(self, path: Path) -> str:
        if path not in self._hashes:
            self._hashes[path] = sha256_of(path) if path.is_file() else ""
        return self._hashes[path]


def _rtl_hashes(config: Config) -> list[list[str]]:
    """Name and sha256 of every source that cosim would build; empty where there is no core."""
    from tilewright.cores import read_sources  # not for the stages before: it loads other packages

    try:
        sources = read_sources(Path(config.cosim.rtl_dir) if config.cosim.rtl_dir else None)
    except (OSError, TilewrightError):
        return []
    return [[name, sha256(content)] for name, content in sources.items()]
