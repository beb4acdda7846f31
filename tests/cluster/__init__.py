"""The files that bring clusters up: checked as far as can be, and run (marker `cluster`)."""
