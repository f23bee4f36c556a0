"""Layouts by name: each is a TOML file that lies beside this module."""

from importlib.resources import files

FLATTENED = files(__package__) / "flattened.toml"
STACKED = files(__package__) / "stacked.toml"
