"""OpenGL without a window."""

from typing import Any

import moderngl

from avatar.core.errors import OptionError

VERSION = 330
"""The OpenGL everything here gets by with; every machine of the last decade has it."""


def headless_context() -> moderngl.Context:
    """Return a context that draws into memory: EGL on Linux, the system's own elsewhere.

    Raises:
        OptionError: there is no OpenGL 3.3 here.
    """
    egl_only: Any = {"backend": "egl"}
    try:
        return moderngl.create_context(standalone=True, require=VERSION, **egl_only)
    except Exception as egl:  # whatever the driver's loader raises
        try:
            return moderngl.create_context(standalone=True, require=VERSION)
        except Exception:
            raise OptionError(
                f"desktop: no OpenGL 3.3 to draw with ({egl}); on Debian and Ubuntu: apt-get"
                " install libegl1 libgl1-mesa-dri; `avatar view` without --desktop opens the studio"
                " in a browser instead"
            ) from egl


def is_software(context: moderngl.Context) -> bool:
    """Tell whether the processor plays the graphics card."""
    name = str(context.info["GL_RENDERER"]).lower()
    return any(word in name for word in ("llvmpipe", "softpipe", "swiftshader", "software"))
