"""Checkpoints that are consistent whenever the process dies.

A folder holds ``checkpoint.json``, which names two tensor files by their content:
``state-<hash>.safetensors`` (weights, optimizer, tally, random state) and
``best-<hash>.safetensors`` (the weights that were best on the hold-out). The tensor files are
written first, the manifest is replaced last, and only then are the files that it no longer names
removed.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from tilewright.errors import ArtifactError, TilewrightError
from tilewright.models import ModelSpec, build
from tilewright.spec import PackedNetwork, find_packed
from tilewright.store.artifact import (
    VERSION,
    read_bytes,
    read_json,
    sha256,
    write_bytes,
    write_json,
)

KIND = "training checkpoint"
MANIFEST = "checkpoint.json"
HASH_DIGITS = 16

Tensors = dict[str, Tensor]


def save_checkpoint(folder: Path, facts: dict[str, Any], files: dict[str, Tensors | None]) -> None:
    """Write `facts` and the tensors of `files` (by role); None keeps the file of that role as it is.

    Raises `ArtifactError` if the disk refuses; the checkpoint that was there is then still whole.
    """
    manifest = folder / MANIFEST
    entries = read_json(manifest)["files"] if manifest.exists() else {}
    for role, tensors in files.items():
        if tensors is not None:
            content = save({name: tensor.cpu().contiguous() for name, tensor in tensors.items()})
            digest = sha256(content)
            name = f"{role}-{digest[:HASH_DIGITS]}.safetensors"
            write_bytes(folder / name, content)
            entries[role] = {"name": name, "sha256": digest}
    write_json(manifest, {"kind": KIND, "version": VERSION, **facts, "files": entries})
    _remove_unnamed(folder, {entry["name"] for entry in entries.values()})


def read_facts(folder: Path) -> dict[str, Any] | None:
    """The manifest of the checkpoint in `folder`, or None if there is none; `ArtifactError` if it
    is not one.
    """
    manifest = folder / MANIFEST
    if not manifest.exists():
        return None
    facts = read_json(manifest)
    if not isinstance(facts, dict) or (facts.get("kind"), facts.get("version")) != (KIND, VERSION):
        raise ArtifactError(
            f"{manifest} must describe a {KIND}, version {VERSION}: use another folder"
        )
    _check_files(facts.get("files"), manifest)
    return facts


def _check_files(files: object, manifest: Path) -> None:
    """What the manifest names must be files beside it."""
    is_table = isinstance(files, dict) and all(isinstance(e, dict) for e in files.values())
    for role, entry in files.items() if isinstance(files, dict) and is_table else ():
        name, digest = str(entry.get("name")), str(entry.get("sha256"))
        is_hash = re.fullmatch("[0-9a-f]{64}", digest) is not None
        if not is_hash or name != f"{role}-{digest[:HASH_DIGITS]}.safetensors" or "/" in role:
            is_table = False
    if not is_table:
        raise ArtifactError(
            f"{manifest} must name the files beside it by their sha256, but does not: it was altered; "
            "train again in another folder"
        )


def read_tensors(folder: Path, facts: dict[str, Any], role: str) -> Tensors:
    """The tensors of `role` that the manifest names; `ArtifactError` if missing or altered."""
    entry = facts["files"][role]
    path = folder / entry["name"]
    content = read_bytes(path)
    found = sha256(content)
    if found != entry["sha256"]:
        raise ArtifactError(
            f"{path} must have sha256 {entry['sha256']}, as {MANIFEST} says, but has {found}: "
            f"it was damaged or altered; train again in another folder"
        )
    try:
        return load(content)
    except SafetensorError as error:
        raise ArtifactError(f"{path} is not a safetensors file: {error}") from None


def load_weights(model: nn.Module, tensors: Tensors, origin: Path) -> None:
    """Copy weights into `model`; `ArtifactError` if names or shapes are of another network."""
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        detail = " ".join(str(error).split())[:200]
        raise ArtifactError(f"{origin} holds the weights of another network: {detail}") from None


def load_trained(path: Path) -> nn.Module:
    """The trained model in evaluation mode: from a training's folder, or from a packed network.

    A training's is that of its best epoch; a packed network's weights are its codes times their scale.
    Raises `ArtifactError` if there is none, or a file is damaged or altered.
    """
    stem = find_packed(path)
    if stem is not None:
        packed = PackedNetwork.load(stem)
        return _build(packed.training, _unpack(packed), stem)
    facts = _trained_facts(path)
    return _build(facts["settings"], read_tensors(path, facts, "best"), path / MANIFEST)


def identify_trained(path: Path) -> str:
    """The hash of what `load_trained` would load; raises as it does."""
    stem = find_packed(path)
    if stem is not None:
        return str(read_json(stem.with_name(stem.name + ".json")).get("sha256"))
    return str(_trained_facts(path)["files"]["best"]["sha256"])


def _trained_facts(folder: Path) -> dict[str, Any]:
    facts = read_facts(folder)
    if facts is None or "best" not in facts["files"]:
        raise ArtifactError(f"{folder} holds no trained network: run the training that writes it")
    return facts


def _build(settings: dict[str, Any], tensors: Tensors, origin: Path) -> nn.Module:
    try:
        spec = ModelSpec(**settings["model"])
    except (TypeError, KeyError, TilewrightError) as error:
        raise ArtifactError(f"{origin} describes no valid model: {error}") from None
    with torch.random.fork_rng(devices=[]):
        model = build(spec)
    load_weights(model, tensors, origin)
    return model.eval()


def _unpack(packed: PackedNetwork) -> Tensors:
    """The learned tensors, and weights on the grid: their codes times the step that made them."""
    tensors = {name: torch.from_numpy(array) for name, array in packed.learned.items()}
    for layer in packed.network.layers:
        scale = torch.from_numpy(layer.weight_scale).float().reshape(-1, 1, 1, 1)
        weight = torch.from_numpy(layer.weight) * scale  # oc ic kh kw
        is_linear = (layer.shape.ih, layer.shape.iw) == (1, 1)
        tensors[f"{layer.name}.weight"] = weight.flatten(1) if is_linear else weight
    return tensors


def _remove_unnamed(folder: Path, names: set[str]) -> None:
    """Remove tensor files that the manifest does not name, and leftovers of interrupted writes."""
    for pattern in ("state-*.safetensors", "best-*.safetensors"):
        for path in (
            *folder.glob(pattern),
            *folder.glob(f".{pattern}.*"),
            *folder.glob(f".{MANIFEST}.*"),
        ):
            if path.name not in names:
                path.unlink(missing_ok=True)
