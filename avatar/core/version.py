"""Which version of this package runs."""

from importlib.metadata import PackageNotFoundError, version


def own_version() -> str:
    """Return the version that is installed, or words for sources that are not."""
    try:
        return version("avatar")
    except PackageNotFoundError:
        return "of the source tree"
