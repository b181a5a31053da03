"""Channels hand a finished message over and say what became of it. They choose nobody and retry nothing."""
