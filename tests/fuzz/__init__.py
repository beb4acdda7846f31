"""Damaged sources by the thousand, fed to what reads them; `python -m tests.fuzz --help`."""
