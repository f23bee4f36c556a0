"""Train in child processes that die at chosen moments of writing; print what the folders then hold.

Argument: a folder. Prints a JSON object: the name of the final state file (it contains the hash of
all weights) without interruption and after the kills, and how many children were killed.
"""

import json
import os
import signal
import sys
from pathlib import Path

import tilewright.quant.map_kernels  # noqa: F401 - once here, or every child compiles its loops
from tests.unit.train.digits_subset import RECIPE, SPEC, few_digits
from tilewright.data import ImageData
from tilewright.train import train_network

KILL_AFTER_CALLS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 19, 24)
WRITING_CALLS = ((os, "fsync"), (os, "replace"), (Path, "replace"), (Path, "unlink"))


def die_after(calls: int) -> None:
    """Kill this process on entering one of `WRITING_CALLS` for the n-th time."""
    remaining = [calls]

    def mortal(call):
        def wrapped(*arguments, **values):
            remaining[0] -= 1
            if remaining[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **values)

        return wrapped

    for owner, name in WRITING_CALLS:
        setattr(owner, name, mortal(getattr(owner, name)))


def train_in_child(
    folder: Path, data: ImageData, *, calls: int | None, checkpoint_seconds: float
) -> bool:
    """Train or go on in a forked process; True if it was killed."""
    child = os.fork()
    if child == 0:
        if calls is not None:
            die_after(calls)
        train_network(
            SPEC,
            data,
            folder=folder,
            recipe=RECIPE,
            checkpoint_seconds=checkpoint_seconds,
        )
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if status not in (0, signal.SIGKILL):
        raise SystemExit(f"the child ended with status {status}")
    return status == signal.SIGKILL


def state_name(folder: Path) -> str:
    (state,) = folder.glob("state-*")
    return state.name


def main() -> None:
    root, data = Path(sys.argv[1]), few_digits()
    train_in_child(root / "whole", data, calls=None, checkpoint_seconds=1e9)
    killed = [
        train_in_child(root / "killed", data, calls=calls, checkpoint_seconds=0)
        for calls in (*KILL_AFTER_CALLS, None)
    ]
    names = {folder: state_name(root / folder) for folder in ("whole", "killed")}
    sys.stdout.write(json.dumps(names | {"kills": sum(killed)}))


if __name__ == "__main__":
    main()
