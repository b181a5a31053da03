"""The closed vocabulary of conditions, as values: what may be asked of a customer. `rules` knows how to ask it."""

from .tree import AllOf, AnyOf, Condition, Not, parse_condition, walk
from .vocabulary import OPERATORS, Offer, Operator

__all__ = ["OPERATORS", "AllOf", "AnyOf", "Condition", "Not", "Offer", "Operator", "parse_condition", "walk"]
