"""What a long playback does to memory, and a lost server to a page that plays."""

import os
import sys
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.studio.page import Studio, opened, wait

SMALL = (480, 320)
WARM_UP = 0.2
"""Share of the time in which caches still fill."""

_EVERY = 20.0
_OUTAGE = 3.0


def memory_growth(studio: Studio, minutes: float) -> dict[str, float]:
    """Return how many times as much memory there is at the end as after warming up.

    A performance plays in a loop on splats and mesh by turns, in a small window, as fast as it can
    be drawn. `page` is the live JavaScript heap after a collection, `browser` and `server` are what
    their processes hold (resident memory).
    """
    samples: list[dict[str, float]] = []
    with opened(studio.address, *SMALL) as page:
        page.evaluate("() => studio.readClip(null)")
        wait(page, "studio.player.playing")
        session = page.context.new_cdp_session(page)
        session.send("HeapProfiler.enable")
        begun = time.monotonic()
        while time.monotonic() - begun < 60 * minutes:
            look = "splats" if len(samples) % 4 < 2 else "shaded"
            page.evaluate(f"() => studio.setLook('{look}')")
            time.sleep(min(_EVERY, 60 * minutes / 12))
            session.send("HeapProfiler.collectGarbage")
            heap = session.send("Runtime.getHeapUsage")["usedSize"]
            browser = _resident_below(os.getpid(), "type=")
            server = _resident_below(studio.process.pid)
            samples.append({"page": heap / 2**20, "browser": browser, "server": server})
            _tell(time.monotonic() - begun, samples[-1])
        assert page.evaluate("() => studio.player.playing && studio.connected")
    settled = samples[int(WARM_UP * len(samples)) :]
    part = max(1, len(settled) // 4)
    return {name: _mean(settled[-part:], name) / _mean(settled[:part], name) for name in samples[0]}


def _mean(samples: list[dict[str, float]], name: str) -> float:
    return sum(sample[name] for sample in samples) / len(samples)


def _tell(seconds: float, sample: dict[str, float]) -> None:
    held = ", ".join(f"{name} {value:.1f} MiB" for name, value in sample.items())
    sys.stdout.write(f"{seconds / 60:.1f} min: {held}\n")
    sys.stdout.flush()


def reconnection(studio: Studio) -> tuple[Studio, dict[str, float]]:
    """Kill the server of a page that plays and start it again; return it and what was measured.

    `back` are the seconds from the server listening to the page hearing it, `played` the share of
    the outage that the performance went on for.
    """
    with opened(studio.address) as page:
        page.evaluate("() => studio.readClip(null)")
        wait(page, "studio.player.playing")
        studio.kill()
        wait(page, "!studio.connected")
        start, began = time.monotonic(), _played(page)
        time.sleep(_OUTAGE)
        played = (_played(page) - began) / (time.monotonic() - start)
        studio = studio.again()
        listening = time.monotonic()
        wait(page, "studio.connected && studio.avatars.length")
        back = time.monotonic() - listening
        resumed = page.evaluate("() => studio.player.playing && studio.work.all.length > 0")
    sys.stdout.write(
        f"server lost for {listening - start:.1f} s: heard again {back:.1f} s after it listened,"
        f" the performance played for {played:.0%} of the outage, jobs known again: {resumed}\n"
    )
    return studio, {"back": back, "played": played, "resumed": float(resumed)}


def _played(page: Any) -> float:
    # Its clip loops within the outage at most once.
    return page.evaluate(
        "() => { studio.laps ??= 0; const now = studio.player.time();"
        " if (now < (studio.was ?? 0)) studio.laps += 1; studio.was = now;"
        " return studio.laps * studio.player.duration + now; }"
    )


def _resident_below(root: int, word: str = "") -> float:
    """Return MiB held by the processes started by `root`, whose command has a word, and by it."""
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(status.parent.name))
    waiting, total = [root], 0
    while waiting:
        process = waiting.pop()
        waiting += children.get(process, [])
        try:
            command = Path(f"/proc/{process}/cmdline").read_bytes().decode(errors="replace")
            pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
        except OSError:
            continue
        if word in command and "viewers.server.worker" not in command:
            total += pages
    return total * os.sysconf("SC_PAGE_SIZE") / 2**20
