"""Moved."""

from nurture.gates.placing import *  # noqa: F403
