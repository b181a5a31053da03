"""Real daemons and workers on a real PostgreSQL: killed, stopped, and the server restarted under them."""
