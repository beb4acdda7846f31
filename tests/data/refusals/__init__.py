"""What reading data refuses: each bad input made for real, and the line that is printed.

    python -m tests.data.refusals > docs/refusals.md

writes the page anew; `--unreached` lists the places in `ganray.data` that refuse something and are
reached by no row.
"""
