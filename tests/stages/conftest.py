"""Commands run in the process of the tests, where starting one each time would cost more than it shows."""

import sys

import pytest

from tilewright.cli import main


@pytest.fixture
def run_command(monkeypatch, capsys):
    """Runs a command in this process; gives its status, stdout and stderr."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["tilewright", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return ended.value.code, told.out, told.err

    return run
