import hashlib

import pytest

from tilewright.data.pinned_file import PinnedFile
from tilewright.errors import DataError

CONTENT = b"the pinned content" * 1000


@pytest.fixture
def pinned(tmp_path):
    served = tmp_path / "served"
    served.write_bytes(CONTENT)
    digest = hashlib.sha256(CONTENT).hexdigest()
    missing = (tmp_path / "missing").as_uri()
    return PinnedFile("file", (missing, served.as_uri()), len(CONTENT), digest)


def test_the_next_address_is_tried_and_the_file_kept(pinned, tmp_path):
    folder = tmp_path / "cache"
    path = pinned.fetch(folder)
    assert path.read_bytes() == CONTENT
    (tmp_path / "served").unlink()
    assert pinned.fetch(folder) == path


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (CONTENT[:-1], "the download was cut short"),
        (CONTENT[:-1] + b"x", "the file was altered or replaced"),
        (CONTENT + b"x", "the file was altered or replaced"),
    ],
)
def test_another_content_is_refused_with_expected_found_and_cause(pinned, tmp_path, content, cause):
    (tmp_path / "served").write_bytes(content)
    found = hashlib.sha256(content).hexdigest()
    message = (
        rf"served must have 18000 bytes and sha256 {pinned.sha256}, but .*{found}: probably {cause}"
    )
    with pytest.raises(DataError, match=message):
        pinned.fetch(tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_damaged_kept_file_is_refused(pinned, tmp_path):
    pinned.fetch(tmp_path / "cache").write_bytes(b"damaged")
    with pytest.raises(DataError, match=r"cache/file must have 18000 bytes"):
        pinned.fetch(tmp_path / "cache")


def test_no_address_answers(tmp_path):
    pinned = PinnedFile("file", ((tmp_path / "missing").as_uri(),), 1, "0" * 64)
    with pytest.raises(
        DataError, match=r"^file could not be downloaded \(.*missing.*\): get it by other"
    ):
        pinned.fetch(tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []
