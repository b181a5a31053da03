"""The daemon is killed at each commit and at each packet of a short scene, on both databases, and must recover."""
