"""The kinds of file that can be imported."""

from collections.abc import Mapping

from nurture.intake.customers import CUSTOMERS
from nurture.intake.kind import Kind

KINDS: Mapping[str, Kind] = {each.name: each for each in (CUSTOMERS,)}
