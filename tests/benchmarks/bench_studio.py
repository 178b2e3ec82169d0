"""How long the studio's page takes to draw a head, in Chromium.

    python -m tests.benchmarks.bench_studio [--update]

The default head (12 parts, 52 morphs) at 1280 x 720, drawn until its pixels can be read. The times
printed are this machine's, by the renderer that Chromium names; kept is what 52 active morphs cost
on top of none, and shading on top of plain colour.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from avatar.create.default_head import default_head
from tests.benchmarks.metric import Metric, gate

FRAMES = 24
ALL_ACTIVE = "studio.face.weights.fill(0.3 + 0.005 * frame); studio.face.onChange();"
FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=gl-egl", "--ignore-gpu-blocklist"]


def measure() -> list[Metric]:
    """Return the benchmark's metrics."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        default_head().save(Path(folder) / "default.avatar")
        command = [sys.executable, "-m", "avatar", "view", folder, "--port", "0"]
        with subprocess.Popen([*command, "--no-browser"], stdout=subprocess.PIPE) as server:
            assert server.stdout is not None
            address = server.stdout.readline().decode().split()[-1]
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=FLAGS
            )
            page = browser.new_page(viewport={"width": 1280, "height": 720})
            page.goto(address)
            while not page.evaluate("() => Boolean(window.studio?.shown)"):
                time.sleep(0.2)
            page.wait_for_timeout(1000)
            times = _measured(page)
            browser.close()
            server.terminate()
    return [
        Metric(
            name="studio: frame with 52 active morphs / with none",
            value=times["active"] / times["rest"],
            unit="times",
            direction="lower is better",
            tolerance=0.5,
        ),
        Metric(
            name="studio: shaded frame / plain colour",
            value=times["rest"] / times["plain"],
            unit="times",
            direction="lower is better",
            tolerance=0.5,
        ),
    ]


def _measured(page: Any) -> dict[str, float]:
    renderer = page.evaluate(
        "() => { const c = studio.stage.renderer.getContext();"
        " return c.getParameter(c.getExtension('WEBGL_debug_renderer_info')"
        ".UNMASKED_RENDERER_WEBGL); }"
    )
    times = {
        "rest": _fastest(page, "studio.face.reset()", ""),
        "active": _fastest(page, "", ALL_ACTIVE),
        "plain": _fastest(page, "studio.face.reset(); studio.setLook('albedo')", ""),
    }
    sys.stdout.write(f"{renderer}\n")
    for name, seconds in times.items():
        sys.stdout.write(f"{name}: {seconds:.1f} ms a frame\n")
    return times


def _fastest(page: Any, before: str, each: str) -> float:
    # The fastest of many: what else the machine does only ever adds.
    return page.evaluate(
        f"() => {{ {before}; const draw = (n) => studio.stage.measure(n, (frame) => {{ {each} }});"
        f" draw(3); return Math.min(...draw({FRAMES})); }}"
    )


def main() -> int:
    """Measure, print, and compare with the baseline."""
    metrics = measure()
    for metric in metrics:
        sys.stdout.write(f"{metric.name}: {metric.value:.3g} {metric.unit}\n")
    baseline = Path(__file__).with_name("bench_studio.json")
    problems = gate(metrics, baseline, update="--update" in sys.argv)
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
