"""Open lists: a toy member of each, from the test's own file, from YAML to report."""
