"""What `init` puts into a new shop folder."""
