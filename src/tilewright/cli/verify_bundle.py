"""`verify-bundle`: check a bundle against itself."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from tilewright.cli.app import FAILED, JsonOption, app


@app.command("verify-bundle")
def verify_bundle(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A bundle folder.")],
    is_json: JsonOption = False,
) -> None:
    """Let a bundle prove itself: hashes, shapes, ranges, and its convolution recomputed."""
    from tilewright.bundles import check_bundle

    verdict = check_bundle(folder)
    if is_json:
        print(json.dumps(verdict.to_json(), indent=2))
    else:
        bundle = verdict.bundle
        print(
            f"{bundle.layer_name}: sample {bundle.sample}, layout {bundle.layout.name}, "
            f"{len(bundle.files)} files, {len(verdict.faults)} at fault"
        )
        for kind in verdict.kinds:
            print(f"  {kind}")
        print(f"{verdict.compared:,} numbers compared, {verdict.mismatches:,} differ")
        print(f"verdict: {'pass' if verdict.passed else 'fail'}")
    for fault in verdict.faults:
        print(f"FAILED {fault}", file=sys.stderr)
    for kind in verdict.kinds:
        if kind.mismatches:
            print(f"FAILED {kind}", file=sys.stderr)
    raise typer.Exit(0 if verdict.passed else FAILED)
