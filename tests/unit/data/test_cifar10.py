import hashlib
import io
import lzma
import tarfile
from pathlib import Path

import numpy as np
import pytest

from tilewright.data import cifar10, load_data
from tilewright.data.cifar10 import (
    RECORD_BYTES,
    TEST_FILE,
    TRAIN_FILES,
    decode_records,
    load_cifar10,
)
from tilewright.data.pinned_file import PinnedFile
from tilewright.errors import ConfigError, DataError

RECORDS = 20


@pytest.fixture(autouse=True)
def small_files(monkeypatch):
    """Files of 20 records in place of 10,000."""
    monkeypatch.setattr(cifar10, "RECORDS_PER_FILE", RECORDS)
    monkeypatch.setattr(cifar10, "HOLDOUT", 10)


def content_of(batch: int) -> bytes:
    """Record r of file `batch` has label r % 10 and pixels that count from 7 * (20 * batch + r)."""
    records = np.zeros((RECORDS, RECORD_BYTES), np.uint8)
    records[:, 0] = np.arange(RECORDS) % 10
    start = 7 * (RECORDS * batch + np.arange(RECORDS))
    records[:, 1:] = start[:, None] + np.arange(RECORD_BYTES - 1)
    return records.tobytes()


def write_files(folder: Path, *, packed: tuple[str, ...] = ()) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for batch, name in enumerate((*TRAIN_FILES, TEST_FILE)):
        if name in packed:
            (folder / f"{name}.xz").write_bytes(lzma.compress(content_of(batch), preset=0))
        else:
            (folder / name).write_bytes(content_of(batch))
    return folder


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_planes_and_rows_are_in_the_order_of_the_format():
    split = decode_records(content_of(0), "data_batch_1.bin")
    assert split.images.shape == (RECORDS, 3, 32, 32)
    assert split.labels.tolist() == [*range(10), *range(10)]
    assert split.images[1, 0, 0, :3].tolist() == [7, 8, 9]  # first row of the red plane
    assert split.images[0, 0, 1, 0] == 32
    assert split.images[0, 1, 0, 0] == 1024 % 256
    assert split.images[0, 2, 31, 31] == 3071 % 256
    assert split.images.flags.writeable  # torch warns of tensors over memory that is not


def test_plain_packed_and_extracted_files_give_the_same_data(tmp_path):
    plain = load_data("cifar10", data_dir=write_files(tmp_path / "plain"))
    packed = load_cifar10(write_files(tmp_path / "packed", packed=TRAIN_FILES))
    write_files(tmp_path / "outer" / "cifar-10-batches-bin")
    extracted = load_cifar10(tmp_path / "outer")
    assert plain.fingerprint() == packed.fingerprint() == extracted.fingerprint()
    assert (len(plain.train), len(plain.holdout), len(plain.test)) == (90, 10, 20)
    kept = {image.tobytes() for image in plain.holdout.images}
    assert not kept & {image.tobytes() for image in plain.train.images}


def test_a_truncated_file_is_named_with_its_size(tmp_path):
    folder = write_files(tmp_path)
    (folder / "data_batch_3.bin").write_bytes(content_of(2)[:-1])
    with pytest.raises(
        DataError, match=r"^data_batch_3\.bin must have 61460 bytes .* has 61459: it is trunc"
    ):
        load_cifar10(folder)


def test_a_missing_file_is_named_with_what_to_do(tmp_path):
    folder = write_files(tmp_path)
    (folder / TEST_FILE).unlink()
    with pytest.raises(
        DataError, match=r"must hold test_batch\.bin or test_batch\.bin\.xz.*give data_dir"
    ):
        load_cifar10(folder)


def test_a_damaged_packed_file_is_named(tmp_path):
    folder = write_files(tmp_path, packed=(TEST_FILE,))
    (folder / f"{TEST_FILE}.xz").write_bytes(b"no xz")
    with pytest.raises(DataError, match=r"test_batch\.bin\.xz cannot be read: "):
        load_cifar10(folder)


def test_a_label_beyond_nine_is_named_with_its_record():
    content = bytearray(content_of(0))
    content[4 * RECORD_BYTES] = 10
    with pytest.raises(
        DataError, match=r"^data_batch_1\.bin: labels must be 0\.\.9, but record 4 has 10: "
    ):
        decode_records(bytes(content), "data_batch_1.bin")


def archive_in(folder: Path, *, without: str = "") -> PinnedFile:
    """An archive laid out as the official one, pinned by its own hash and served from a file."""
    path = folder / "served.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for batch, name in enumerate((*TRAIN_FILES, TEST_FILE)):
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(content_of(batch))
            if name != without:
                tar.addfile(member, io.BytesIO(content_of(batch)))
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return PinnedFile("archive.tar.gz", (path.as_uri(),), len(content), digest)


def test_without_a_folder_the_archive_is_downloaded_once_and_read_by_name(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(cifar10, "ARCHIVE", archive_in(tmp_path))
    downloaded = load_cifar10()
    (tmp_path / "served.tar.gz").unlink()
    assert load_cifar10().fingerprint() == downloaded.fingerprint()
    assert downloaded.fingerprint() == load_cifar10(write_files(tmp_path / "plain")).fingerprint()
    assert names_in(tmp_path / "cache" / "tilewright") == ["archive.tar.gz"]


def test_an_archive_without_a_member_is_reported(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(cifar10, "ARCHIVE", archive_in(tmp_path, without="data_batch_2.bin"))
    with pytest.raises(DataError, match=r"must hold cifar-10-batches-bin/data_batch_2\.bin"):
        load_cifar10()


@pytest.mark.data
def test_the_real_data_set_has_the_pinned_pixels_and_split(cifar10_folder, monkeypatch):
    monkeypatch.undo()
    data = load_cifar10(cifar10_folder)
    assert (len(data.train), len(data.holdout), len(data.test)) == (45_000, 5_000, 10_000)
    assert data.fingerprint() == "182aad0c2b2821c9eccae3b51a55291b21039670211a2b6951843e8209bf70f5"


def test_a_smaller_holdout_is_part_of_the_larger_one(tmp_path):
    write_files(tmp_path)
    smaller, larger = (load_cifar10(tmp_path, holdout=count) for count in (3, 10))
    assert (len(smaller.train), len(smaller.holdout)) == (97, 3)
    assert (smaller.holdout.images == larger.holdout.images[-3:]).all()
    assert (larger.holdout.images == load_cifar10(tmp_path).holdout.images).all()


@pytest.mark.parametrize("holdout", [0, 100])
def test_a_holdout_leaves_images_to_train_on(holdout, tmp_path):
    with pytest.raises(ConfigError, match=rf"^holdout must be 1\.\.99 images, not {holdout}$"):
        load_cifar10(write_files(tmp_path), holdout=holdout)
