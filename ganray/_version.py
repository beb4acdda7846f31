"""The version, alone, so that build tools and `ganray --version` read it without imports."""

__version__ = "0.1.0"
