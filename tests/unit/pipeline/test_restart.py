"""A run anew takes the place of the old one when it is complete, and not before."""

from __future__ import annotations

from pathlib import Path

import pytest

from tilewright.config import Config, load_config
from tilewright.errors import ConfigError, ToolError
from tilewright.facts import EvaluateFacts, StageResult
from tilewright.pipeline.restart import restarted
from tilewright.pipeline.run_folder import CONFIG, RunFolder

OTHER = load_config(None, ("train.epochs=50",))


def leave(run: RunFolder, correct: int) -> None:
    """Record a result."""
    facts = EvaluateFacts(accuracy=0.5, images=2, correct=correct)
    run.record(StageResult(facts), since=0.0, inputs=run.fingerprint("evaluate"))


def found(run: RunFolder) -> int:
    return run.facts(EvaluateFacts).correct


@pytest.fixture
def old(tmp_path: Path) -> RunFolder:
    run = RunFolder(tmp_path / "run")
    run.start(Config())
    leave(run, correct=1)
    return run


def break_off(old: RunFolder, error: BaseException, *, correct: int | None) -> None:
    """Begin a new run beside `old`, which ends by `error`, perhaps after it has left a result."""

    def begin() -> None:
        with restarted(old, OTHER) as new:
            if correct is not None:
                leave(new, correct)
            raise error

    with pytest.raises(type(error)):
        begin()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_old_run_is_there_until_the_new_one_is_complete(old: RunFolder) -> None:
    with restarted(old, OTHER) as new:
        leave(new, correct=2)
        assert found(old) == 1
        assert old.config() == Config()
    assert found(old) == 2
    assert old.config() == OTHER
    assert names(old.root.parent) == ["run"]


@pytest.mark.parametrize("has_begun", [True, False])
def test_a_new_run_that_is_refused_is_forgotten(old: RunFolder, has_begun: bool) -> None:
    break_off(old, ToolError("no simulator"), correct=2 if has_begun else None)
    assert found(old) == 1
    assert names(old.root.parent) == ["run"]


def test_a_new_run_that_is_interrupted_goes_on(old: RunFolder) -> None:
    break_off(old, KeyboardInterrupt(), correct=2)
    assert found(old) == 1
    with restarted(old, OTHER) as new:
        assert found(new) == 2
    assert found(old) == 2


def test_what_was_left_of_another_new_run_is_not_used(old: RunFolder) -> None:
    break_off(old, KeyboardInterrupt(), correct=2)
    with restarted(old, Config()) as new:
        assert not new.has_result("evaluate")
        leave(new, correct=3)
    assert found(old) == 3


def test_an_exchange_that_was_cut_off_goes_on(old: RunFolder) -> None:
    break_off(old, KeyboardInterrupt(), correct=2)
    old.root.rename(old.root.with_name(".run.old"))
    with restarted(old, OTHER) as again:
        assert found(old) == 2
        leave(again, correct=3)
    assert found(old) == 3
    assert names(old.root.parent) == ["run"]


def test_a_file_of_a_user_in_the_old_run_refuses_and_survives(old: RunFolder) -> None:
    mine = old.root / "01_train" / "mine.txt"
    mine.write_text("dear")
    with (
        pytest.raises(ConfigError, match=r"holds '01_train/mine\.txt': move it"),
        restarted(old, OTHER),
    ):
        pass
    mine.unlink()
    with restarted(old, OTHER) as new:
        leave(new, correct=2)
        mine.write_text("dear")  # while the new run trains
    assert found(old) == 2
    (kept,) = old.root.parent.rglob("mine.txt")
    assert kept.read_text() == "dear"
    assert not (kept.parents[1] / CONFIG).exists()
