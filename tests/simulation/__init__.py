"""The real planner and the real delivery in a world whose time, network, mail server, LINE, disk and power are ours."""
