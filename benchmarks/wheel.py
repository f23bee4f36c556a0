"""Is the wheel the same, byte for byte, when it is built again from another place at another time?

``python benchmarks/wheel.py``: copies the sources twice, gives the copies other times, builds a wheel of each
with pip (which fetches the build backend), and compares. Ends with 1 if they differ.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "src")


def build(place: Path, *, seconds: int) -> Path:
    """The wheel of a copy of the sources in `place`, whose files are `seconds` old since 1970."""
    copy, out = place / "sources", place / "wheel"
    copy.mkdir(parents=True)
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / name)
    for path in copy.rglob("*"):
        os.utime(path, (seconds, seconds))
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"]
    subprocess.run([*command, str(out), str(copy)], check=True)
    (wheel,) = out.glob("*.whl")
    return wheel


def differences(one: Path, two: Path) -> list[str]:
    """Members of two wheels that are not the same in name, order, time, mode or content."""
    with zipfile.ZipFile(one) as first, zipfile.ZipFile(two) as second:
        members = [
            [(m.filename, m.date_time, m.external_attr, m.CRC) for m in archive.infolist()]
            for archive in (first, second)
        ]
    found = [a[0] for a, b in zip(*members, strict=False) if a != b]
    return found or ([] if one.read_bytes() == two.read_bytes() else ["the archive around them"])


def main() -> int:
    """Build twice, compare, say it."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    with tempfile.TemporaryDirectory() as place:
        one = build(Path(place) / "one", seconds=1_000_000_000)
        two = build(Path(place) / "another" / "folder", seconds=1_700_000_000)
        wrong = differences(one, two)
        for wheel in (one, two):
            digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
            print(f"{wheel.name}: {wheel.stat().st_size:,} bytes, sha256 {digest}")
    print("the same bytes" if not wrong else f"they differ in {', '.join(wrong[:5])}")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
