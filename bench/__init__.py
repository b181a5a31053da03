"""How fast nurture is: a world made from a seed, measurements with their goals, and the table they are printed in."""
