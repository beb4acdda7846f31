"""The only code that imports Ray: the same stages as `LocalRunner`, on a cluster."""

import os

# Both must be set before Ray is imported: bind to loopback, and leave device variables alone.
os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
