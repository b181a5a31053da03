"""Condition trees become SQL predicates: a short function per operator, one meaning for plan, recheck and explain."""
