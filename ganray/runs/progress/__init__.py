"""How far a run is, as its events tell it, and what is written down of it."""
