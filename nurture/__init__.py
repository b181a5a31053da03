"""An automated nurture engine: the right word to every customer of a shop, at the right time, and never too often."""
