"""`python -m avatar.cli` is the same as `avatar`."""

import sys

from avatar.cli import main

if __name__ == "__main__":
    sys.exit(main())
