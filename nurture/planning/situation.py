"""Moved."""

from nurture.gates.situation import *  # noqa: F403
from nurture.gates.situation import PlannedStep, Situation, subject_of, watched_segments  # noqa: F401
