"""A run anew: beside the old one, whose place it takes when it is complete."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tilewright.config import Config
from tilewright.errors import ArtifactError, TilewrightError
from tilewright.pipeline.inventory import foreign_paths, remove_own
from tilewright.pipeline.run_folder import RunFolder


@contextmanager
def restarted(old: RunFolder, config: Config) -> Iterator[RunFolder]:
    """A new run beside `old`; when the context ends well it takes the place of `old`, which is removed.

    If the new run is refused, it is removed and `old` is as it was. If it is interrupted, both stay, and the
    next restart with the same configuration goes on. Raises `ConfigError` if `old` holds no run, or what
    this program did not write.
    """
    _finish_exchange(old.root)
    old.check_removable()
    new = RunFolder(_beside(old.root, "restart"))
    _forget_another(new, config)
    new.start(config)
    try:
        yield new
    except (TilewrightError, OSError):
        if new.root.is_dir():
            remove_own(new.root)
        raise
    _exchange(old.root, new.root)


def _forget_another(run: RunFolder, config: Config) -> None:
    """Remove what an earlier restart left, unless it is of the same configuration."""
    if not run.root.is_dir():
        return
    try:
        is_same = run.config() == config
    except TilewrightError:
        is_same = False
    if not is_same:
        remove_own(run.root)


def _exchange(old: Path, new: Path) -> None:
    retired = _beside(old, "old")
    try:
        old.rename(retired)
        _finish_exchange(old)
    except OSError as error:
        raise ArtifactError(
            f"the new run is complete in {new}, but cannot take the place of {old}: "
            f"{error.strerror or error}; exchange the two folders by hand"
        ) from None


def _finish_exchange(place: Path) -> None:
    """Go on with an exchange, where one was cut off; a file of another's is kept, in the old folder."""
    new, retired = _beside(place, "restart"), _beside(place, "old")
    if not retired.is_dir():
        return
    if not place.exists():
        new.rename(place)
    if any(foreign_paths(retired)) or (retired / "config.toml").is_file():
        remove_own(retired)


def _beside(place: Path, what: str) -> Path:
    place = place.resolve()
    return place.with_name(f".{place.name}.{what}")
