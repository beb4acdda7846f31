"""A run from its record to its report, led or followed."""
