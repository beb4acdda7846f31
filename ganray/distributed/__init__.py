"""The only code that imports Ray: the same stages as `LocalRunner`, on a cluster."""
