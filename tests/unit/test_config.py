"""The configuration: every message names the key, what it must be and what was found."""

import re
from importlib.resources import files
from pathlib import Path
from typing import get_args

import pytest

from tilewright.config import Config, DataConfig, dump_config, load_config
from tilewright.config.array import Container
from tilewright.errors import ConfigError
from tilewright.vectors import layout_names
from tilewright.vectors.containers import CONTAINERS

CONFIGS = Path(__file__).parents[2] / "configs"


def test_the_defaults_are_the_committed_digits_config():
    assert load_config(CONFIGS / "digits_w4a4.toml") == Config()


def test_every_container_of_layouts_can_be_configured():
    assert get_args(Container) == CONTAINERS


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_committed_config_is_valid_and_survives_a_round_trip(path, tmp_path):
    config = load_config(path)
    (tmp_path / "copy.toml").write_text(dump_config(config))
    assert load_config(tmp_path / "copy.toml") == config


def test_strings_with_quotes_and_backslashes_survive_a_round_trip(tmp_path):
    config = load_config(None, ('data.dir="a \\"b\\" \\\\ c"',))
    assert config.data.dir == 'a "b" \\ c'
    (tmp_path / "copy.toml").write_text(dump_config(config))
    assert load_config(tmp_path / "copy.toml") == config


@pytest.mark.parametrize("name", ["\u00e9", "\U0001f600", "a\x7fb", "a\tb\x01"])
def test_a_string_of_any_characters_survives_a_round_trip(tmp_path, name):
    config = Config(data=DataConfig(dir=name))
    (tmp_path / "copy.toml").write_text(dump_config(config), encoding="utf-8")
    assert load_config(tmp_path / "copy.toml") == config


def test_widths_of_single_layers_survive_a_round_trip(tmp_path):
    bits = '[["features.15", 8, 4], ["classifier", 8, 8]]'
    config = load_config(None, (f"model.layer_bits={bits}",))
    assert config.model.layer_bits == (("features.15", 8, 4), ("classifier", 8, 8))
    (tmp_path / "copy.toml").write_text(dump_config(config))
    assert load_config(tmp_path / "copy.toml") == config


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "train.epoch=3",
            "--set: train.epoch is no key; did you mean epochs? valid here: .*weight_decay",
        ),
        (
            "trian.epochs=3",
            "--set: trian is no key; did you mean train? valid here: array, .*vectors",
        ),
        (
            "model.weight_bits=9",
            "--set: model.weight_bits: input should be less than or equal to 8, found 9",
        ),
        ("model.act_bits=1", "--set: model.act_bits: .*greater than or equal to 2, found 1"),
        (
            'model.layer_bits=[["features.15", 9, 4]]',
            "--set: model.layer_bits.0.1: .*less than or equal to 8, found 9",
        ),
        (
            "model.name=resnet21",
            "--set: model.name: .*'mobilenet_v2' or 'vit_tiny', found 'resnet21'",
        ),
        ("model.weight_bits=four", "--set: model.weight_bits: .*valid integer, found 'four'"),
        ("model.weight_bits=4.0", "--set: model.weight_bits: .*valid integer, found 4.0"),
        (
            "cosim.timeout_s=inf",
            "--set: cosim.timeout_s: .*less than or equal to 1000000, found inf",
        ),
        ("array.rows=257", "--set: array.rows: .*less than or equal to 256, found 257"),
        (
            "train.epochs",
            "--set needs section.key=value, for example train.epochs=5, not 'train.epochs'",
        ),
        ("epochs=1", "--set needs section.key=value"),
        (f"vectors.seed={'9' * 5000}", "--set: a number has at most 100 digits, not 5000"),
        ("train.lr=inf", "--set: train.lr: input should be a finite number, found inf"),
        ("train.lr=nan", "--set: train.lr: input should be a finite number, found nan"),
        ("data.dir=\udcff", "--set must be UTF-8 text, not 'data.dir=.udcff'"),
    ],
)
def test_bad_overrides_are_one_clear_line(override, message):
    with pytest.raises(ConfigError) as caught:
        load_config(None, (override,))
    assert re.match(message.replace("?", r"\?"), str(caught.value))
    assert "\n" not in str(caught.value)


def test_a_bad_file_is_named(tmp_path):
    path = tmp_path / "bad.toml"
    with pytest.raises(ConfigError, match=r"^cannot read .*bad\.toml: No such file"):
        load_config(path)
    path.write_text("[train\n")
    with pytest.raises(ConfigError, match=r"bad\.toml must be TOML"):
        load_config(path)
    path.write_text("train = 3\n")
    with pytest.raises(ConfigError, match=r"bad\.toml: train: .*found 3"):
        load_config(path)


def test_a_section_that_is_a_value_cannot_take_an_override(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text("[train]\nepochs = 3\n")
    assert load_config(path, ("train.lr=0.5",)).train.lr == 0.5
    assert load_config(path, ("data.dir=some/folder",)).data_dir == Path("some/folder")


def test_a_phase_has_the_keys_of_the_last_unless_it_says_otherwise(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text(
        '[train]\nepochs = 7\nstart = "somewhere"\n'
        '[[phases]]\nname = "float"\nfloat = true\ntrain = { lr = 0.5 }\n'
        '[[phases]]\nname = "w8"\nmodel = { weight_bits = 8 }\n'
    )
    config = load_config(path)
    first, second = config.phases
    assert (first.float, second.float) == (True, False)
    assert (config.train_of(first).epochs, config.train_of(first).lr) == (7, 0.5)
    assert config.train_of(first).start == ""
    assert config.model_of(second).weight_bits == 8
    assert config.model_of(first) == config.model


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[[phases]]\nname = "a"\ntrain = { epoch = 3 }\n',
            r"phases: a: epoch: extra inputs are not permitted, found 3",
        ),
        (
            '[[phases]]\nname = "a"\nmodel = { act_bits = 9 }\n',
            r"phases: a: act_bits: .* less than or equal to 8, found 9",
        ),
        (
            '[[phases]]\nname = "a"\n[[phases]]\nname = "a"\n',
            r"phases: 'a' must be the name of one phase only",
        ),
        ('[[phases]]\nname = "../a"\n', r"phases\.0\.name: string should match pattern"),
        ('[[phases]]\nname = "a"\nlr = 3\n', r"phases\.0\.lr is no key; valid here: float, model"),
    ],
)
def test_a_bad_phase_is_one_clear_line(tmp_path, text, message):
    path = tmp_path / "c.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message) as caught:
        load_config(path)
    assert "\n" not in str(caught.value)


FOREIGN = ("ece284-notebook", "ece284-unpadded", "ece284-unpadded-2b", "readmemb", "readmemh")


@pytest.mark.parametrize(
    ("mode", "layouts"),
    [
        ("ws", {"ece284-ws", *FOREIGN, "ece284-unpadded-2b-4b"}),
        ("simd", {"ece284-2b", *FOREIGN, "ece284-unpadded-2b-4b"}),
        ("os", {"ece284-os"}),
    ],
)
def test_mode_and_layout_must_state_the_same_plan(mode, layouts):
    """A foreign layout says how its rows are used, and leaves the channels of a PE open."""
    load_config(None, (f"array.mode={mode}",))  # the layout follows
    for layout in layout_names():
        overrides = (f"array.mode={mode}", f"vectors.layout={layout}")
        if layout in layouts:
            assert load_config(None, overrides).vectors.layout == layout
            continue
        with pytest.raises(
            ConfigError, match=rf"array\.mode = '{mode}' .* vectors\.layout = '{layout}' must state"
        ):
            load_config(None, overrides)


def test_a_layout_of_ones_own_must_agree_where_it_says_what_a_pe_takes(tmp_path):
    text = (files("tilewright.vectors") / "layouts/ece284-2b.toml").read_text()
    path = tmp_path / "mine.toml"
    path.write_text(text.replace('lines = "col pair"', 'lines = "-col pair"'))
    load_config(None, ("array.mode=simd", f"vectors.layout={path}"))
    with pytest.raises(ConfigError, match=r"\(weight stationary\) .* array.mode to 'simd'$"):
        load_config(None, (f"vectors.layout={path}",))
    path.unlink()  # whoever uses it says so
    load_config(None, (f"vectors.layout={path}",))


def test_a_mode_that_is_no_dataflow_lists_them():
    with pytest.raises(
        ConfigError, match=r"array.mode: input should be 'ws', 'simd' or 'os', found 'is'$"
    ):
        load_config(None, ("array.mode=is",))
