"""A Python program as a job: its files go with it, and what it does not do is one line."""

import pytest

from tilewright.errors import ToolError
from tilewright.programs.jobs import run_job
from tilewright.programs.python_job import python_job

WRITES = b"""import sys
from own import WORD
open("result", "wb").write(WORD + sys.argv[1].encode())
"""


def test_a_program_with_its_files_gives_what_it_writes():
    job = python_job(
        ["a/main.py", "5"], {"a/main.py": WRITES, "a/own.py": b"WORD = b'so '"}, timeout_s=60
    )
    assert run_job(job) == run_job(job) == b"so 5"


@pytest.mark.parametrize(
    ("program", "timeout_s", "what"),
    [
        (b"raise SystemExit('no')", 60, "must end with status 0, but ended with 1; it said: no"),
        (b"print('done')", 60, "must write the file result, but did not; it said: done"),
        (b"import time; time.sleep(60)", 0.2, "must end within 0.2 s, but was stopped"),
    ],
)
def test_a_program_that_fails_is_one_line(program, timeout_s, what):
    with pytest.raises(ToolError, match=f"main.py {what}"):
        run_job(python_job(["main.py"], {"main.py": program}, timeout_s=timeout_s))
