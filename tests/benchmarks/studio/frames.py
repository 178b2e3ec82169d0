"""How long a frame of the page takes until its pixels can be read, in milliseconds."""

import sys
from typing import Any

FRAMES = 24
ALL_ACTIVE = "studio.face.weights.fill(0.3 + 0.005 * frame); studio.face.onChange();"
TURNING = (
    "studio.face.weights.fill(0.3 + 0.005 * frame); studio.face.setTurn({ yaw: 0.01 * frame });"
)


def renderer(page: Any) -> str:
    """Return what draws, by its own name."""
    return page.evaluate(
        "() => { const c = studio.stage.renderer.getContext();"
        " return c.getParameter(c.getExtension('WEBGL_debug_renderer_info')"
        ".UNMASKED_RENDERER_WEBGL); }"
    )


def mesh_times(page: Any) -> dict[str, float]:
    """Return the times of the mesh: at rest, with 52 active morphs, and in plain colour."""
    return _told(
        {
            "mesh at rest": _fastest(page, "studio.setLook('shaded'); studio.face.reset()", ""),
            "mesh, 52 active morphs": _fastest(page, "", ALL_ACTIVE),
            "mesh in plain colour": _fastest(page, "studio.setLook('albedo')", ""),
        }
    )


def splat_times(page: Any) -> dict[str, float]:
    """Return the times of splats that all move, whole and with half the pixels, and as played.

    As played: the median from one frame to the next while the page makes a face move, with as many
    pixels as the machine has time for.
    """
    times = {
        "splats, 52 weights and the head moving": _fastest(page, "studio.face.reset()", TURNING),
        "splats, in another light": _fastest(
            page, "studio.light.setEnvironment('window')", TURNING
        ),
        "splats, only the camera moving": _fastest(
            page, "", "studio.stage.camera.position.x += 0.001"
        ),
        "splats, half the pixels each way": _fastest(
            page, "studio.light.setEnvironment('filmed'); studio.stage.movingRatio /= 2", TURNING
        ),
    }
    page.evaluate("() => { studio.stage.movingRatio *= 2; studio.stage.frame('filmed', false); }")
    times["splats, as played"] = page.evaluate(
        """async () => {
            const told = [];
            const start = performance.now();
            let before = start;
            while (before - start < 6000 || told.length < 24) {
                const frame = before / 20;
                studio.face.weights.fill(0.3 + 0.2 * Math.sin(frame / 9));
                studio.face.setTurn({ yaw: 0.3 * Math.sin(frame / 13) });
                await new Promise(requestAnimationFrame);
                told.push(performance.now() - before);
                before = performance.now();
            }
            told.sort((a, b) => a - b);
            return told[told.length >> 1];
        }"""
    )
    return _told(times)


def _fastest(page: Any, before: str, each: str) -> float:
    # The fastest of many: what else the machine does only ever adds.
    return page.evaluate(
        f"() => {{ {before}; const draw = (n) => studio.stage.measure(n, (frame) => {{ {each} }});"
        f" draw(3); return Math.min(...draw({FRAMES})); }}"
    )


def _told(times: dict[str, float]) -> dict[str, float]:
    sys.stdout.writelines(f"{name}: {took:.1f} ms a frame\n" for name, took in times.items())
    return times
