"""Which side is better, how sure that is, and on what footing."""
