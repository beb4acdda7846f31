"""How weights are moved: optimisers, the arithmetic, and how often."""
