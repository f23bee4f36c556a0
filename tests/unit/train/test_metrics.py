import pytest

from tilewright.errors import ArtifactError
from tilewright.train.metrics import append_metrics, keep_epochs, read_metrics


def test_lines_of_lost_epochs_and_a_cut_off_line_are_dropped(tmp_path):
    for epoch in (1, 2, 3):
        append_metrics(tmp_path, {"epoch": epoch, "loss": 0.5})
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"epoch": 4, "lo')
    keep_epochs(tmp_path, 2)
    assert read_metrics(tmp_path) == [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.5}]
    append_metrics(tmp_path, {"epoch": 3})
    assert [line["epoch"] for line in read_metrics(tmp_path)] == [1, 2, 3]


def test_without_a_file_there_are_no_metrics(tmp_path):
    keep_epochs(tmp_path, 2)
    assert read_metrics(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_line_is_named(tmp_path):
    (tmp_path / "metrics.jsonl").write_text("{\n")
    with pytest.raises(ArtifactError, match=r"metrics\.jsonl must hold one JSON object a line: "):
        read_metrics(tmp_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ArtifactError, match=r"^cannot write .*file.metrics\.jsonl: "):
        append_metrics(tmp_path / "file", {"epoch": 1})
