import pytest

from tests.unit.train.digits_subset import RECIPE, SPEC, few_digits
from tilewright.errors import ArtifactError
from tilewright.train import train_network
from tilewright.train.locking import locked


def test_a_second_training_in_the_same_folder_is_refused(tmp_path):
    folder = tmp_path / "run"
    with locked(folder), pytest.raises(ArtifactError, match=r"run must be used by one training at"):
        train_network(SPEC, few_digits(), folder=folder, recipe=RECIPE)
    assert not list(folder.iterdir())
    with locked(folder):
        pass  # it was let go


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtifactError, match=r"^cannot use .*file/run: Not a directory$"):
        train_network(SPEC, few_digits(), folder=tmp_path / "file" / "run", recipe=RECIPE)
