"""Tests that draw by OpenGL: skipped where there is none."""

from importlib.util import find_spec

import pytest

from avatar.core.errors import OptionError


def _missing() -> str:
    if find_spec("moderngl") is None:
        return "moderngl"
    from viewers.desktop.context import headless_context

    try:
        headless_context().release()
    except OptionError as error:
        return str(error)
    return ""


MISSING = _missing()

needs_opengl = pytest.mark.skipif(bool(MISSING), reason=f"needs OpenGL: {MISSING}")
