"""Each safety rule is taken out of a copy of the engine in turn, and a test must notice."""
