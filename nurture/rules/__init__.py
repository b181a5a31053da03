"""Condition trees become SQL predicates: one short function per operator, two-valued, the same for plan, recheck and explain."""
