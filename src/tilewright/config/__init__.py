"""The configuration of a run: validated, frozen, read from TOML. Blocks never see it; the pipeline does."""

from __future__ import annotations

import json
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, field_validator, model_validator

from tilewright.config.array import ArrayConfig, Count, Section, VectorsConfig, check_layout
from tilewright.errors import ConfigError, UnknownNameError, printable
from tilewright.spec.quantizer import known_quantizer
from tilewright.store.toml import parse_toml

MOST_DIGITS = 100
"""Of an integer that stands in ``--set``."""

Bits = Annotated[int, Field(ge=2, le=8)]


class DataConfig(Section):
    """The images of the run. `dir` holds CIFAR-10's binary files; empty: bundled or downloaded.

    `holdout`: how many training images are kept for selection; 0: the usual number of the data set.
    """

    name: Literal["digits", "cifar10"] = "digits"
    dir: str = ""
    holdout: Annotated[int, Field(ge=0)] = 0


class ModelConfig(Section):
    """The network. `choke_width` 0: no chokepoint; `choke_stage` 0: where the model has it by default.

    `per_channel`: a weight step for each output channel. `layer_bits`: widths of single layers, a list
    of [layer, weight bits, activation bits]. `course_ends`: a float classifier and a first layer that
    reads normalized images, as in the course (with quantizer "pact"). `skip`: "trained" for the path around
    the chokepoint.
    """

    name: Literal[
        "vgg_tiny", "vgg16", "resnet8", "resnet20", "ic_resnet8", "mobilenet_v2", "vit_tiny"
    ] = "vgg_tiny"
    weight_bits: Bits = 4
    act_bits: Bits = 4
    choke_width: Annotated[int, Field(ge=0, le=512)] = 8
    choke_stage: Annotated[int, Field(ge=0, le=5)] = 0
    choke_norm: bool = False
    per_channel: bool = False
    layer_bits: tuple[tuple[str, Bits, Bits], ...] = ()
    quantizer: Annotated[str, AfterValidator(known_quantizer)] = "lsq"
    course_ends: bool = False
    skip: Literal["none", "trained"] = "none"


class TrainConfig(Section):
    """How the network is trained. Learning rates are the peaks of the schedule.

    `start`: folder of a run whose trained weights this one starts from; empty: the phase before, or
    fresh weights. `teacher`: an earlier phase, or the folder of a run, whose network's outputs are part
    of the loss, or several of them, whose mean is; empty: none. `device`: "cpu", "cuda", or
    "auto", a GPU where there is one.
    """

    epochs: Count = 16
    batch_size: Annotated[int, Field(ge=2)] = 64
    optimizer: Literal["sgd", "muon", "adamw"] = "muon"
    lr: Annotated[float, Field(gt=0)] = 0.05
    step_lr: Annotated[float, Field(ge=0)] = 0.0125
    angle_lr: Annotated[float, Field(gt=0, lt=1)] = 0.015
    weight_decay: Annotated[float, Field(ge=0, lt=1)] = 0.0005
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.1
    warmup_epochs: Annotated[float, Field(ge=0)] = 2.0
    schedule: Literal["cosine", "constant"] = "cosine"
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    nesterov: bool = True
    decay: Literal["weights", "weights_and_steps", "all_but_steps", "all"] = "weights"
    trains: Literal["all", "chokepoint"] = "all"
    augmentation: Literal["none", "crop", "crop_flip", "crop_alternate"] = "crop"
    crop_shift: Annotated[int, Field(ge=0, le=4)] = 4
    cutout: Annotated[int, Field(ge=0, le=32)] = 0
    start: str = ""
    resize_start: bool = True
    fit_steps: bool = False
    teacher: str | tuple[str, ...] = ""
    teacher_weight: Annotated[float, Field(ge=0, le=1)] = 0.5
    temperature: Annotated[float, Field(gt=0)] = 2.0
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0.0
    norm_images: Annotated[int, Field(ge=0)] = 0
    selection: Literal["best", "last"] = "best"
    bfloat16: bool = True
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    threads: Annotated[int, Field(ge=1, le=256)] = 1
    device: Literal["auto", "cpu", "cuda"] = "cpu"


class PhaseConfig(Section):
    """A training before the last one, from which the next starts.

    `model` and `train` hold the keys that differ from the sections of these names; `float`: nothing is
    quantized yet.
    """

    name: Annotated[str, Field(pattern="^[a-z][a-z0-9_-]*$")]
    float: bool = False
    model: dict[str, Any] = Field(default_factory=dict)
    train: dict[str, Any] = Field(default_factory=dict)


class RecoverConfig(Section):
    """The number of test samples, from the first on, that become stimulus."""

    samples: Count = 16


class SimConfig(Section):
    """How many samples run through the cycle-level model, in every layer, and by which engine.

    "fast": closed form and exact arithmetic, the same results; "registers": register by register.
    """

    samples: Count = 1
    engine: Literal["fast", "registers"] = "fast"


class CosimConfig(Section):
    """The simulator that runs the RTL, its time limit for one bundle, and the RTL (empty: our core).

    `processes`: simulations at a time, of different output tiles. `stall_level`: chance (of 256) that a
    memory is not ready in a cycle; cycles are then more than the model's. `reset_at`: cycle in which each
    first job is reset; 0: never. `modes`: run the corner vectors of our core's modes; "auto": on ours only.
    `simulator`: "auto" is Verilator, where there is one, and for arrays of more than 4,096 PEs, which it
    compiles too long, Icarus.
    """

    simulator: str = "auto"
    timeout_s: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=True)] = 600.0
    rtl_dir: str = ""
    processes: Annotated[int, Field(ge=1, le=256)] = 1
    stall_level: Annotated[int, Field(ge=0, le=255)] = 0
    reset_at: Annotated[int, Field(ge=0, lt=2**31)] = 0
    modes: Literal["auto", "yes", "no"] = "auto"

    @field_validator("simulator")
    @classmethod
    def _is_simulator(cls, name: str) -> str:
        from tilewright.cores import check_simulator  # not for --help: it loads other packages

        return check_simulator(name)


class Config(Section):
    """A whole run. The defaults are `configs/digits_w4a4.toml`."""

    data: DataConfig = DataConfig()
    model: ModelConfig = ModelConfig()
    train: TrainConfig = TrainConfig()
    phases: tuple[PhaseConfig, ...] = ()
    recover: RecoverConfig = RecoverConfig()
    array: ArrayConfig = ArrayConfig()
    vectors: VectorsConfig = VectorsConfig()
    sim: SimConfig = SimConfig()
    cosim: CosimConfig = CosimConfig()

    @model_validator(mode="after")
    def _has_enough_samples(self) -> Self:
        real = self.vectors.samples if self.vectors.stimulus == "real" else 0
        for key, wanted in (("vectors", real), ("sim", self.sim.samples)):
            if wanted > self.recover.samples:
                raise ValueError(
                    f"{key}.samples must be at most recover.samples = {self.recover.samples}, not {wanted}"
                )
        return self

    @model_validator(mode="after")
    def _has_a_layout_of_the_dataflow(self) -> Self:
        check_layout(self.array, self.vectors)
        return self

    @model_validator(mode="after")
    def _has_valid_phases(self) -> Self:
        names = [phase.name for phase in self.phases]
        for index, phase in enumerate(self.phases):
            if phase.name in names[:index]:
                raise ValueError(f"phases: {phase.name!r} must be the name of one phase only")
            try:
                self.model_of(phase), self.train_of(phase)
            except ValidationError as error:
                problem = error.errors()[0]
                key = ".".join(str(part) for part in problem["loc"])
                raise ValueError(
                    f"phases: {phase.name}: {key}: {problem['msg'].lower()}, found {problem['input']!r}"
                ) from None
        return self

    def model_of(self, phase: PhaseConfig) -> ModelConfig:
        """The network of `phase`."""
        return ModelConfig.model_validate(self.model.model_dump() | phase.model)

    def train_of(self, phase: PhaseConfig) -> TrainConfig:
        """How `phase` is trained; where it starts and its teacher are its own, or none."""
        own = {"start": "", "teacher": ""}
        return TrainConfig.model_validate(self.train.model_dump() | own | phase.train)

    @property
    def data_dir(self) -> Path | None:
        """Folder of the data set, or None."""
        return Path(self.data.dir) if self.data.dir else None


def load_config(
    path: Path | None = None, overrides: tuple[str, ...] = (), *, is_whole: bool = False
) -> Config:
    """Read `path` (None: the defaults) and apply overrides ``section.key=value``.

    The file alone is checked first, so that a message about ``--set`` is about ``--set``. is_whole: it must
    state every key, as one that `dump_config` wrote does.
    Raises `ConfigError` naming the key, what it must be and what was found, or the valid keys.
    """
    text = "" if path is None else _read(path)
    config = _parsed(text, str(path))
    if is_whole:
        _expect_all_keys(config, str(path))
    values = parse_toml(text, str(path)) if overrides else {}
    for override in overrides:
        _apply(values, override)
    return _validate(values, "--set") if overrides else config


def dump_config(config: Config) -> str:
    """`config` as TOML that `load_config` reads back."""
    lines = []
    for section, values in config.model_dump(mode="json").items():
        tables = values if isinstance(values, list) else [values]
        heading = f"[[{section}]]" if isinstance(values, list) else f"[{section}]"
        for table in tables:
            lines += [heading, *(f"{key} = {_toml(value)}" for key, value in table.items()), ""]
    return "\n".join(lines)


@lru_cache(maxsize=16)
def _parsed(text: str, origin: str) -> Config:
    return _validate(parse_toml(text, origin), origin)


def _expect_all_keys(config: Config, origin: str) -> None:
    """Raise `ConfigError` if a key was not stated: the file was cut short, or is another's."""
    parts = {name: (getattr(config, name),) for name in Config.model_fields}
    for section, tables in (parts | {"phases": config.phases}).items():
        for table in tables:
            for key in type(table).model_fields:
                if key not in table.model_fields_set:
                    raise ConfigError(
                        f"{origin} must state every key of a run, but lacks {section}.{key}: it was cut "
                        "short or altered; put it back, or start another run"
                    )


def _validate(values: dict[str, Any], origin: str) -> Config:
    try:
        return Config.model_validate(_tuples(values))
    except ValidationError as error:
        raise ConfigError(_one_line(error, origin)) from None
    except UnknownNameError as error:
        raise ConfigError(f"{origin}: {error}") from None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} must be TOML: {error}") from None


def _apply(values: dict[str, Any], override: str) -> None:
    if any("\ud800" <= character <= "\udfff" for character in override):
        raise ConfigError(f"--set must be UTF-8 text, not {override!r}")
    key, equals, text = override.partition("=")
    section, dot, name = key.strip().partition(".")
    if not (equals and dot and section and name):
        raise ConfigError(
            f"--set needs section.key=value, for example train.epochs=5, not '{override}'"
        )
    table = values.setdefault(section, {})
    if not isinstance(table, dict):
        raise ConfigError(f"--set {override}: '{section}' is not a section")
    table[name] = _parse_value(text.strip())


def _parse_value(text: str) -> Any:
    """A TOML value; what is none (a bare word) is a string."""
    if text.strip("+-").isdecimal() and len(text) > MOST_DIGITS:
        raise ConfigError(f"--set: a number has at most {MOST_DIGITS} digits, not {len(text)}")
    try:
        return parse_toml(f"value = {text}", "--set")["value"]
    except ConfigError:
        return text


def _tuples(values: dict[str, Any]) -> dict[str, Any]:
    """TOML has arrays where the sections have tuples."""

    def convert(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: convert(entry) for key, entry in value.items()}
        return tuple(convert(entry) for entry in value) if isinstance(value, list) else value

    return {section: convert(table) for section, table in values.items()}


def _one_line(error: ValidationError, origin: str) -> str:
    problem = error.errors()[0]
    place = ".".join(str(part) for part in problem["loc"])
    shown = printable(repr(problem["input"]), 100)
    if problem["type"] == "value_error":
        return f"{origin}: {problem['ctx']['error']}"
    if problem["type"] != "extra_forbidden":
        return f"{origin}: {place}: {problem['msg'].lower()}, found {shown}"
    valid = sorted(_keys_beside(problem["loc"]))
    near = get_close_matches(str(problem["loc"][-1]), valid, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"{origin}: {place} is no key; {hint}valid here: {', '.join(valid)}"


def _keys_beside(location: tuple[int | str, ...]) -> set[str]:
    if len(location) == 1:
        return set(Config.model_fields)
    if location[0] == "phases":
        return set(PhaseConfig.model_fields)
    return set(type(Config.model_fields[str(location[0])].default).model_fields)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key} = {_toml(entry)}' for key, entry in value.items())}}}"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # TOML escapes DEL
    return repr(value)
