"""A file on the web with a known size and hash."""

from __future__ import annotations

import hashlib
import http.client
import os
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tilewright.errors import DataError

CHUNK_BYTES = 1 << 20
TIMEOUT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """A file, where to get it (`urls`, tried in turn), its `size` in bytes and its hexadecimal `sha256`."""

    name: str
    urls: tuple[str, ...]
    size: int
    sha256: str

    def fetch(self, folder: Path) -> Path:
        """Path of the file in `folder`, downloaded unless it is there already; its hash is always
        checked.

        A reader of `folder` sees the whole file or none. Raises `DataError` if no address answers
        or the content is not the pinned one.
        """
        path = folder / self.name
        if path.exists():
            self.check(path, origin=str(path))
            return path
        failures = []
        for url in self.urls:
            try:
                self._download(url, path)
            except (OSError, http.client.HTTPException) as error:
                failures.append(f"{url}: {error}")
            else:
                return path
        raise DataError(
            f"{self.name} could not be downloaded ({'; '.join(failures)}): "
            f"get it by other means and name its folder with data_dir"
        )

    def check(self, path: Path, *, origin: str) -> None:
        """Raise `DataError` naming `origin` unless `path` holds the pinned content."""
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        size = path.stat().st_size
        if found == self.sha256:
            return
        cause = (
            "the download was cut short" if size < self.size else "the file was altered or replaced"
        )
        raise DataError(
            f"{origin} must have {self.size} bytes and sha256 {self.sha256}, but has {size} bytes "
            "and sha256 "
            f"{found}: probably {cause}; delete it if it is on this disk, and try again"
        )

    def _download(self, url: str, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{self.name}.")
        try:
            with (
                os.fdopen(handle, "wb") as file,
                urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as reply,  # noqa: S310 - pinned
            ):
                _copy(reply, file, limit=self.size + 1)
            self.check(Path(temporary), origin=url)
            Path(temporary).replace(path)
        finally:
            Path(temporary).unlink(missing_ok=True)


def _copy(source: IO[bytes], target: IO[bytes], *, limit: int) -> None:
    """Copy at most `limit` bytes and bring them to the disk."""
    while limit > 0 and (chunk := source.read(min(CHUNK_BYTES, limit))):
        target.write(chunk)
        limit -= len(chunk)
    target.flush()
    os.fsync(target.fileno())
