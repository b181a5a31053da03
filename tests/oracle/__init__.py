"""A second planner, written from docs/planning.md alone, and generated worlds in which it is held against the first.

It shares no code with `nurture.planning`, `nurture.rules`, `nurture.gates`, `nurture.zone` and `nurture.window`: it
goes round customer by customer over plain Python values, and has nothing to do with databases or with speed.
"""
