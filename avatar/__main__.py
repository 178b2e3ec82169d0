"""`python -m avatar` is `avatar`."""

import sys

from avatar.cli import main

if __name__ == "__main__":
    sys.exit(main())
