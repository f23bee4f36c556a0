"""The names of a network's layers, known before it is built."""

from __future__ import annotations

from tilewright.models.architecture import Family

Stages = tuple[tuple[int, ...], ...]

CLASSIFIER = "classifier"
MODULES_PER_CONVOLUTION = 3  # convolution, BatchNorm, ReLU


def name_layers(family: Family, stages: Stages) -> tuple[str, ...]:
    """Names of the convolutions and of the classifier, in execution order.

    >>> name_layers("vgg", ((16,), (32, 32)))
    ('features.0', 'features.4', 'features.7', 'classifier')
    """
    return (*(_vgg(stages) if family == "vgg" else _resnet(stages)), CLASSIFIER)


def _vgg(stages: Stages) -> list[str]:
    names, index = [], 0
    for widths in stages:
        for _ in widths:
            names.append(f"features.{index}")
            index += MODULES_PER_CONVOLUTION
        index += 1  # the max-pool
    return names


def _resnet(stages: Stages) -> list[str]:
    names, channels = ["conv1"], stages[0][0]
    for stage, widths in enumerate(stages, start=1):
        for block, width in enumerate(widths):
            place = f"layer{stage}.{block}"
            names += [f"{place}.conv1", f"{place}.conv2"]
            if width != channels:
                names.append(f"{place}.shortcut.0")
            channels = width
    return names
