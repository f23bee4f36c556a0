"""`report`: write the report of what the stages found."""

from __future__ import annotations

from tilewright.cli.app import JsonOption, RunArgument, app
from tilewright.cli.run_folder import open_run
from tilewright.cli.summary import print_summary


@app.command()
def report(folder: RunArgument, is_json: JsonOption = False) -> None:
    """Gather what the stages found into report.html, summary.json and junit.xml."""
    from tilewright.pipeline import make_report

    opened = open_run(folder)
    print_summary(make_report(opened), opened.root, is_json=is_json)
