"""Camera and microphone in the page: the head follows, late by what is shown; takes are kept."""

from avatar.core.arkit import ARKIT_INDEX
from tests.viewers.browser import DELAY, needs_browser, until

SHOWN = f"/^\\d+ ms$/.test({DELAY})"


@needs_browser
def test_the_head_does_what_the_camera_sees_and_the_take_is_kept(studio, open_page):
    page = open_page(studio.address, "Ada")
    page.get_by_role("button", name="Webcam").click()
    # She smiles, and looks into the camera.
    until(page, "studio.face.weights.some((weight) => weight > 0.3)")
    until(page, SHOWN, 30)
    smile = [ARKIT_INDEX[name] for name in ("mouthSmileLeft", "mouthSmileRight")]
    assert page.evaluate(f"() => Math.max(...{smile}.map((at) => studio.face.weights[at]))") > 0.2
    seconds, _ = kept(page, "Webcam take")
    assert seconds > 0.2


@needs_browser
def test_the_head_speaks_along_and_the_take_is_kept_with_its_sound(studio, open_page):
    page = open_page(studio.address, "Speaker")
    page.get_by_role("button", name="Speak live").click()
    until(page, SHOWN)
    until(page, f"studio.face.weights[{ARKIT_INDEX['jawOpen']}] > 0.05", 30)
    assert float(page.evaluate("() => getComputedStyle(document.querySelector('.level'))"
                               ".getPropertyValue('--level')")) >= 0  # fmt: skip
    seconds, sound = kept(page, "Voice take")
    assert seconds > 0.2
    assert sound


def kept(page, title: str) -> tuple[float, bool]:
    """Stop, play the take and forget it; return its seconds and whether it sounds."""
    page.get_by_role("button", name="Stop").click()
    until(page, f"studio.work.all.some((job) => job.title === '{title}')", 60)
    page.get_by_role("button", name=f"Play {title}").click()
    until(page, "studio.player.playing", 30)
    take = page.evaluate("() => [studio.player.duration, studio.player.hasSound]")
    page.evaluate("() => studio.unloadClip()")
    page.get_by_role("button", name=f"Forget {title}").click()
    until(page, "studio.work.all.length === 0", 10)
    return tuple(take)
