"""Training that can stop at any moment, and what it leaves."""

from tilewright.train.checkpoint import load_trained
from tilewright.train.distributed import World, join_world
from tilewright.train.evaluation import Accuracy, evaluate, predict
from tilewright.train.events import Listener, Notice, Progress
from tilewright.train.metrics import read_metrics
from tilewright.train.network import TrainingResult, train_network
from tilewright.train.recipe import Recipe

__all__ = [
    "Accuracy",
    "Listener",
    "Notice",
    "Progress",
    "Recipe",
    "TrainingResult",
    "World",
    "evaluate",
    "join_world",
    "load_trained",
    "predict",
    "read_metrics",
    "train_network",
]
