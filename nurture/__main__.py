"""Lets `python -m nurture` stand for the `nurture` command."""

from nurture.cli import main

main()
