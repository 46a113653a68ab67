"""`python -m hanse.cli` is `hanse`."""

from hanse.cli.main import main

if __name__ == "__main__":
    main()
