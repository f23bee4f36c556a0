"""Strength of vectors: plant faults in the core, one at a time, and count those that the vectors notice."""

from tilewright.cores.sources import read_core
from tilewright.mutation.campaign import Campaign, run_campaign
from tilewright.mutation.conditional import compiled_branches, mutants_in
from tilewright.mutation.equivalence import STATED, Judge, StatedReason, load_reasons
from tilewright.mutation.generate import mutants_of
from tilewright.mutation.log import CampaignLog, identify_campaign
from tilewright.mutation.mutant import CATEGORIES, Mutant, count_categories, sample
from tilewright.mutation.trial import Bench, Outcome

__all__ = [
    "CATEGORIES",
    "STATED",
    "Bench",
    "Campaign",
    "CampaignLog",
    "Judge",
    "Mutant",
    "Outcome",
    "StatedReason",
    "compiled_branches",
    "count_categories",
    "identify_campaign",
    "load_reasons",
    "mutants_in",
    "mutants_of",
    "read_core",
    "run_campaign",
    "sample",
]
