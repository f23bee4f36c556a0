"""Provenance of a result: versions, revision, seed, device, threads, time."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

PACKAGES = ("tilewright", "numpy", "safetensors")


def describe_provenance(
    settings: dict[str, Any], *, device: str, threads: int, seconds: float
) -> dict[str, Any]:
    """Versions, revision, device, threads, wall time and the hash of `settings`, as JSON values."""
    canonical = json.dumps(settings, sort_keys=True).encode()
    return {
        "versions": {
            "python": platform.python_version(),
            "torch": str(
                torch.__version__
            ),  # with its build, such as +cpu, which the wheel's name lacks
            **{name: version(name) for name in PACKAGES},
        },
        "revision": find_revision(Path(__file__)),
        "device": _describe_device(device),
        "threads": threads,
        "seed": settings["recipe"]["seed"],
        "settings_sha256": hashlib.sha256(canonical).hexdigest(),
        "wall_seconds": round(seconds, 3),
    }


def find_revision(start: Path) -> str | None:
    """The git revision checked out around `start`, or None outside a checkout."""
    for folder in start.resolve().parents:
        git = folder / ".git"
        if git.is_file():  # a linked working tree names its folder
            git = folder / git.read_text().strip().removeprefix("gitdir: ")
        if (git / "HEAD").is_file():
            shared = git / "commondir"
            refs = git / shared.read_text().strip() if shared.is_file() else git
            return _resolve(refs, (git / "HEAD").read_text().strip())
    return None


def _resolve(git: Path, head: str) -> str | None:
    """Follow ``ref: NAME`` to its revision, loose or packed."""
    if not head.startswith("ref: "):
        return head
    name = head.removeprefix("ref: ")
    if (git / name).is_file():
        return (git / name).read_text().strip()
    packed = git / "packed-refs"
    lines = packed.read_text().splitlines() if packed.is_file() else []
    return next((line.split()[0] for line in lines if line.endswith(f" {name}")), None)


def _describe_device(device: str) -> str:
    if device == "cpu":
        return f"cpu: {_processor()}"
    return f"{device}: {torch.cuda.get_device_name(device)}"


def _processor() -> str:
    """Name of the CPU."""
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text().splitlines() if facts.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
