"""`verify-bundle`: check a bundle, or files without a manifest, against themselves."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tilewright.cli.app import FAILED, GeometryOption, JsonOption, app
from tilewright.errors import counted

if TYPE_CHECKING:
    from tilewright.bundles import BundleVerdict


@app.command("verify-bundle")
def verify_bundle(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="A bundle, a folder of bundles, or a folder of foreign files."
        ),
    ],
    layout: Annotated[
        str | None,
        typer.Option("--layout", metavar="NAME", help="Layout of files without a manifest."),
    ] = None,
    geometry: GeometryOption = None,
    is_json: JsonOption = False,
) -> None:
    """Let files prove themselves: hashes, shapes, ranges, and their convolution recomputed."""
    from tilewright.vectors import MANIFEST

    verdicts = _verdicts(folder, layout, geometry)
    passed = all(verdict.passed for verdict in verdicts)
    if is_json:
        facts = [verdict.to_json() for verdict in verdicts]
        several = {"passed": passed, "bundles": facts}
        is_one = layout is not None or (folder / MANIFEST).is_file()
        print(json.dumps(facts[0] if is_one else several, indent=2))
    else:
        for verdict in verdicts:
            _show(verdict)
            if verdict.mismatches:
                place = shlex.quote(str(verdict.bundle.folder))
                form = ["--layout", layout, "--geometry", geometry] if layout and geometry else []
                print(f"  why: tilewright explain {place} {place} {shlex.join(form)}".rstrip())
        _sum_up(verdicts, passed=passed)
    for verdict in verdicts:
        where = f"{verdict.bundle.folder}: " * (len(verdicts) > 1)
        for fault in verdict.faults:
            print(f"FAILED {where}{fault}", file=sys.stderr)
        for kind in verdict.kinds:
            if kind.mismatches:
                print(f"FAILED {where}{kind}", file=sys.stderr)
    raise typer.Exit(0 if passed else FAILED)


def _verdicts(folder: Path, layout: str | None, geometry: str | None) -> list[BundleVerdict]:
    from tilewright.bundles import EXAMPLE, Geometry, bundles_below, check_bundle, check_foreign
    from tilewright.errors import ArtifactError, ConfigError
    from tilewright.vectors import load_layout

    folders = bundles_below(folder)
    if layout is None and geometry is None:
        if not folders:
            raise ArtifactError(
                f"{folder} must have a manifest.json, or bundles below it; files of others are "
                f"verified with --layout NAME --geometry {EXAMPLE}, or understood by 'adopt'"
            )
        return [check_bundle(place) for place in folders]
    if folder in folders:
        raise ConfigError(f"{folder} has a manifest: leave --layout and --geometry out")
    if layout is None or geometry is None:
        missing = "--geometry" if geometry is None else "--layout"
        raise ConfigError(
            f"files without a manifest need --layout and --geometry: {missing} is missing"
        )
    return [check_foreign(folder, load_layout(layout), Geometry.parse(geometry))]


def _show(verdict: BundleVerdict) -> None:
    bundle = verdict.bundle
    print(
        f"{bundle.layer_name}: sample {bundle.sample}, layout {bundle.layout.name}, "
        f"{counted(len(bundle.files), 'file')}, {len(verdict.faults)} at fault"
    )
    for note in verdict.notes:
        print(f"  {note}")
    for kind in verdict.kinds:
        print(f"  {kind}")


def _sum_up(verdicts: list[BundleVerdict], *, passed: bool) -> None:
    def total(name: str) -> Any:
        return sum(getattr(verdict, name) for verdict in verdicts)

    print(f"{counted(total('compared'), 'number')} compared, {total('mismatches'):,} differ")
    if len(verdicts) > 1:
        right = sum(verdict.passed for verdict in verdicts)
        print(f"{right:,} of {len(verdicts):,} bundles consistent")
    print(f"verdict: {'pass' if passed else 'fail'}")
