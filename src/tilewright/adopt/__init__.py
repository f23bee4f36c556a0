"""Files that nobody described: from their numbers to a layout and a geometry."""

from tilewright.adopt.adoption import AdoptedLayer, Adoption, adopt, probe
from tilewright.adopt.ties import Tie
from tilewright.adopt.toml_text import layout_toml

__all__ = ["AdoptedLayer", "Adoption", "Tie", "adopt", "layout_toml", "probe"]
