"""Jobs by threads here: order, folders, and what is said where there is no cluster."""

import pytest

from tests.chain import tilewright
from tilewright.errors import ToolError
from tilewright.programs import jobs
from tilewright.programs.jobs import Job, run_job, run_jobs


def spell(folder, settings):
    """Work of these tests: the files of the job, in order, so many times."""
    names = sorted(path for path in folder.rglob("*") if path.is_file())
    text = b"".join(path.read_bytes() for path in names) * settings["times"]
    (folder / "left").write_text("behind")
    return text


SPELL = f"{__name__}:spell"


def _jobs(count):
    return [
        Job(SPELL, {"b/c": b"%d" % number, "a": b"-"}, '{"times": 2}') for number in range(count)
    ]


def test_results_are_in_the_order_of_the_jobs():
    found = list(run_jobs(_jobs(20), threads=3))
    assert found == [b"-%d-%d" % (number, number) for number in range(20)]
    assert run_job(_jobs(1)[0]) == found[0]


def test_a_job_is_what_its_files_and_settings_are():
    first, other = _jobs(2)
    assert first.fingerprint == _jobs(1)[0].fingerprint
    moved = Job(SPELL, {"b": b"/c0", "a": b"-"}, '{"times": 2}')
    again = Job(SPELL, first.files, '{"times": 3}')
    assert len({one.fingerprint for one in (first, other, moved, again)}) == 4


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://x"])
def test_a_cluster_that_is_not_there_is_one_line(address, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(jobs, "PATIENCE_S", 0.5)
    with pytest.raises(ToolError, match=f"cannot reach the cluster {address}: ") as caught:
        list(run_jobs(_jobs(1), workers=address))
    assert "\n" not in str(caught.value)
    done = tilewright("faults", "nothing", "--layer", "one", "--workers", address)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert f"cannot reach the cluster {address}: " in done.stderr  # before anything is begun
