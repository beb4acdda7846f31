"""Games so small that all of them can be seen."""
