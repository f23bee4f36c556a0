"""Words of logs and titles that the expected number follows, not the one that the core computed."""

STEMS = "exp|ref|gold|should|want|model|correct"
"""How such words begin, in patterns; in titles ``predict`` does, too."""

WHOLE = r"exp(?:ect\w*)?|ref(?:erence)?|gold(?:en)?|should|want(?:ed)?|model|correct|predict\w*"
"""The words themselves, for text in which other words begin like them (export, refresh)."""
