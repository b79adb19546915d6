"""``python -m siting``: the command line from a checkout, without installing the project."""

from siting.cli import main

if __name__ == "__main__":
    main()
