"""An integer network, from wherever it lies."""

from __future__ import annotations

from pathlib import Path

from tilewright.errors import ArtifactError
from tilewright.pipeline.run_folder import RunFolder
from tilewright.spec import IntegerNetwork, PackedNetwork


def load_network(path: Path | str) -> IntegerNetwork:
    """The network of a run folder, of a packed network, or of an artifact (``02_recover/network``).

    A file is named by its stem, or by its whole name. Raises `ArtifactError` if it is none of these.
    """
    path = Path(path)
    if path.is_dir():
        return RunFolder(path).network()
    stem = path.with_suffix("") if path.suffix in (".json", ".npz", ".safetensors") else path
    if stem.with_name(f"{stem.name}.npz").is_file():
        return PackedNetwork.load(stem).network
    if not stem.with_name(f"{stem.name}.json").is_file():
        raise ArtifactError(
            f"{path} must be a run folder, a packed network or a network's file, but is none: "
            "give the path of one"
        )
    return IntegerNetwork.load(stem)
