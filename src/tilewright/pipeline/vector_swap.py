"""New vectors take the place of old ones when they are complete; what is not ours stays."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tilewright.errors import ArtifactError
from tilewright.pipeline.inventory import FOLDERS
from tilewright.pipeline.run_folder import RunFolder
from tilewright.vectors import MANIFEST
from tilewright.vectors.bundle_writer import check_replaceable

VECTORS = FOLDERS["export"]


@contextmanager
def written_beside(run: RunFolder) -> Iterator[RunFolder]:
    """A run folder within `run` whose vectors become those of `run` when the context ends well.

    They replace the vectors of the same layers, in whatever bundles, and no others. Raises `ArtifactError`,
    and changes nothing, if a bundle to be replaced holds what is not of it.
    """
    try:
        run.root.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.TemporaryDirectory(
            dir=run.root, prefix=f".{VECTORS}.", ignore_cleanup_errors=True
        )
    except OSError as error:
        raise ArtifactError(f"cannot write to {run.root}: {error.strerror or error}") from None
    with scratch as name:
        beside = RunFolder(Path(name))
        yield beside
        _exchange(run, beside)


def _exchange(run: RunFolder, beside: RunFolder) -> None:
    new = list(_bundles(beside.folder("export")))
    places = {run.root / path.relative_to(beside.root): path for path in new}
    tops = {place.relative_to(run.folder("export")).parts[0] for place in places}
    old = [path for top in sorted(tops) for path in _bundles(run.folder("export") / top)]
    for place in (*places, *old):
        check_replaceable(place)
    run.begin("export")
    retired = beside.root / "old"
    retired.mkdir()
    try:
        for number, path in enumerate((*old, *(place for place in places if place.is_dir()))):
            if path.is_dir():  # an empty folder, or an old bundle
                path.rename(retired / str(number))
        for place, path in places.items():
            place.parent.mkdir(parents=True, exist_ok=True)
            path.rename(place)
    except OSError as error:
        raise ArtifactError(
            f"cannot replace the vectors in {run.folder('export')}: {error.strerror or error}; "
            "export again"
        ) from None


def _bundles(folder: Path) -> Iterator[Path]:
    """Folders below `folder`, or itself, that hold a manifest."""
    if folder.is_symlink() or not folder.is_dir():
        return
    if (folder / MANIFEST).is_file():
        yield folder
        return
    for path in sorted(folder.iterdir()):
        yield from _bundles(path)
