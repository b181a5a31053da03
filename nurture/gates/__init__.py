"""The gates that time can open: sending windows, opening days, and later caps; each is arithmetic on instants."""
