"""`python -m ganray` is the `ganray` command."""

from ganray.cli import main

if __name__ == "__main__":
    main()
