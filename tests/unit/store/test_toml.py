"""TOML that others write: read, or refused in one line."""

import pytest

from tilewright.errors import ConfigError
from tilewright.store.toml import MAX_BYTES, MAX_DEPTH, parse_toml, read_toml


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"epochs = {'9' * 5000}", "digits"),
        (f"a = {'[' * 3000}{']' * 3000}", ""),
        (f"a = {'[' * MAX_DEPTH}1{']' * MAX_DEPTH}", f"in each other {MAX_DEPTH} times, not more"),
        (f"[{'.'.join('a' * 20)}]\nb = 1", f"in each other {MAX_DEPTH} times, not more"),
        ("[train\n", ""),
        ("a = 1\na = 2\n", ""),
        ("a = '\x00'\n", "character"),
    ],
    ids=["digits", "levels", "lists", "tables", "half", "twice", "control"],
)
def test_what_is_none_is_refused_in_one_line(text, message, tmp_path):
    path = tmp_path / "run.toml"
    path.write_text(text)
    for read in (lambda: parse_toml(text, str(path)), lambda: read_toml(path)):
        with pytest.raises(ConfigError, match=r"^\S*run\.toml must be TOML: .*") as refusal:
            read()
        assert message in str(refusal.value)
        assert "\n" not in str(refusal.value)
        assert len(str(refusal.value)) < 400


def test_depth_up_to_the_limit_is_read():
    depth = MAX_DEPTH - 1
    found = parse_toml(f"a = {'[' * depth}1{']' * depth}", "here")["a"]
    for _ in range(depth):
        (found,) = found
    assert found == 1


def test_what_editors_of_windows_write_is_read(tmp_path):
    (tmp_path / "mine.toml").write_bytes(b"\xef\xbb\xbfbits = 4\r\n[psum]\r\nfile = 'a'\r\n")
    assert read_toml(tmp_path / "mine.toml") == {"bits": 4, "psum": {"file": "a"}}


def test_a_file_that_cannot_be_text_is_named(tmp_path):
    path = tmp_path / "run.toml"
    with pytest.raises(ConfigError, match=r"^cannot read \S*run\.toml: No such file"):
        read_toml(path)
    path.write_bytes(b"a = '\xff'\n")
    with pytest.raises(ConfigError, match=r"run\.toml must be TOML: .*utf-8"):
        read_toml(path)
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(ConfigError, match=r"of at most 4,194,304 bytes, not 4,194,305$"):
        read_toml(path)
