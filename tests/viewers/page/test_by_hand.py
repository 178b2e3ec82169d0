"""What visitors do by keyboard and by dropping files, and what is kept of it."""

import base64

import pytest

from tests.viewers.browser import needs_browser, until
from tests.viewers.page.media import portrait

DROP = """([text, names]) => {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const transfer = new DataTransfer();
    for (const name of names) transfer.items.add(new File([bytes], name, { type: 'image/png' }));
    document.body.dispatchEvent(
        new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: transfer }));
}"""


@pytest.fixture
def page(studio, open_page):
    return open_page(studio.address, "Ada")


@needs_browser
def test_all_can_be_done_by_keyboard(page):
    page.get_by_role("img", name="The head").focus()
    before = page.evaluate("() => studio.stage.camera.position.toArray()")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("() => studio.stage.camera.position.toArray()") != before
    page.get_by_role("radio", name="Shaded").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("() => studio.look") == "clay"
    page.get_by_role("searchbox").fill("smile")
    shown = page.locator(".slider-row label:visible").all_inner_texts()
    assert sorted(shown) == ["Smile left", "Smile right"]
    page.locator("[data-name=mouthSmileLeft]").focus()
    page.keyboard.press("End")
    sides = "() => [studio.face.weights[23], studio.face.weights[24]]"
    assert page.evaluate(sides) == [1, 1]  # both sides move along
    page.keyboard.press("Control+z")
    assert page.evaluate(sides) == [0, 0]
    page.get_by_role("tab", name="Expression").focus()
    page.keyboard.press("ArrowRight")
    page.get_by_role("slider", name="Head: turns the head").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("() => studio.face.turn.yaw") > 0.05
    page.keyboard.press("Home")
    assert page.evaluate("() => studio.face.turn.yaw") == 0


@needs_browser
def test_who_wants_little_motion_gets_cuts_instead_of_glides(page, studio, open_page):
    place = "() => studio.stage.camera.position.x"
    moved = "() => { studio.stage.frame('left'); return studio.stage.camera.position.x; }"
    assert page.evaluate(moved) > 0.3
    glides = open_page(studio.address, "Ada", reduced_motion="no-preference")
    before = glides.evaluate(place)
    assert glides.evaluate(moved) == before
    until(glides, "studio.stage.camera.position.x > 0.3", 30)


@needs_browser
def test_several_photos_make_one_head_and_can_be_cancelled(page):
    photo = base64.b64encode(portrait().read_bytes()).decode()
    page.evaluate(DROP, [photo, ["left.png", "right.png"]])
    until(page, "studio.work.active.length === 1")
    assert page.get_by_text("Making “left”").is_visible()
    page.get_by_role("button", name="Cancel", exact=True).click()
    until(page, "studio.work.all.length === 0", 30)


@needs_browser
def test_the_stage_is_filmed(page):
    button = page.get_by_role("button", name="Film the stage")
    button.click()
    # Long enough for an encoder that hardly gets to run.
    for turn in range(20):
        page.evaluate(f"() => studio.face.setTurn({{ yaw: {turn / 50} }})")
        page.evaluate("() => new Promise((shown) => setTimeout(shown, 100))")
    with page.expect_download() as download:
        button.click()
    assert download.value.suggested_filename.startswith("Ada.")
    assert download.value.path().stat().st_size > 1000
