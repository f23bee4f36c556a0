"""A Python program as a job that can be done anywhere: its files go there, and what it writes comes back."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tilewright.errors import ToolError
from tilewright.programs.jobs import Job
from tilewright.programs.process import last_lines, run_limited

RESULT = "result"
"""The file in the job's folder that the program writes."""


def python_job(words: Sequence[str], files: Mapping[str, bytes], *, timeout_s: float) -> Job:
    """The job that runs ``python WORDS`` in a folder with `files`, and gives the file `RESULT` written there.

    The program may import what is installed with whoever does the job, this package among it, and its own
    files by their path from that folder. It must write the same bytes for the same words and files.
    """
    settings = json.dumps({"words": list(words), "timeout_s": timeout_s})
    return Job("tilewright.programs.python_job:run", files, settings)


def run(folder: Path, settings: dict[str, Any]) -> bytes:
    """Run the program; raises `ToolError` if it does not end with status 0 in its time, or writes nothing."""
    words, timeout_s = settings["words"], settings["timeout_s"]
    ended = run_limited([sys.executable, *words], folder=folder, timeout_s=timeout_s)
    said = last_lines(ended.text[-4000:], 3)
    if ended.stopped:
        raise ToolError(
            f"{words[0]} must end within {timeout_s:g} s, but was stopped; it said: {said}"
        )
    if ended.status:
        raise ToolError(
            f"{words[0]} must end with status 0, but ended with {ended.status}; it said: {said}"
        )
    if not (folder / RESULT).is_file():
        raise ToolError(f"{words[0]} must write the file {RESULT}, but did not; it said: {said}")
    return (folder / RESULT).read_bytes()
