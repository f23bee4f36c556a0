"""One run folder, one writer: who asks is told, who waits gets it next."""

import threading

import pytest

from tilewright.errors import ArtifactError
from tilewright.pipeline.run_lock import locked_run
from tilewright.store.folder_lock import LOOK_S, is_held


def test_a_folder_is_held_as_long_as_its_command_runs(tmp_path):
    root = tmp_path / "run"
    assert not is_held(root)
    with locked_run(root, "train"):
        assert is_held(root)
        with (
            pytest.raises(ArtifactError, match=r"is held by 'tilewright train' \(process"),
            locked_run(root, "report"),
        ):
            pass
        assert is_held(root)
    assert not is_held(root)
    assert not root.exists()


def test_who_waits_is_told_once_for_whom_and_gets_it_next(tmp_path):
    root, told, got = tmp_path / "run", [], threading.Event()

    def wait():
        with locked_run(root, "second", wait=told.append):
            got.set()

    with locked_run(root, "first"):
        waiting = threading.Thread(target=wait)
        waiting.start()
        assert not got.wait(5 * LOOK_S)
    waiting.join(timeout=60)
    assert got.is_set()
    assert len(told) == 1
    assert told[0].startswith("'tilewright first' (process ")


def test_a_look_never_turns_a_command_away(tmp_path):
    """`is_held` has the lock for a moment: a command that comes in just then tries again."""
    root = tmp_path / "run"
    root.mkdir()
    stop = threading.Event()

    def look():
        while not stop.wait(0.001):
            is_held(root)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        for _ in range(200):
            with locked_run(root, "train"):
                (root / "kept").touch()
    finally:
        stop.set()
        looking.join()
