"""`python -m dermis` is the command line."""

from dermis.cli import main

if __name__ == "__main__":
    main()
