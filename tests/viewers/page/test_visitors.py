"""Several pages, large files, and pages of others."""

from tests.viewers.browser import choose, needs_browser, until
from tests.viewers.conftest import read_json


@needs_browser
def test_two_pages_see_the_same_gallery(start_studio, open_page, own_heads):
    studio = start_studio("--port", "0", "--no-browser", path=own_heads)
    first, second = open_page(studio.address), open_page(studio.address)
    for page in (first, second):
        until(page, "studio.shown")
    first.evaluate("() => studio.rename(studio.shown, 'Countess')")
    until(second, "studio.shown && studio.shown.name === 'Countess'", 20)
    second.evaluate("() => studio.delete(studio.shown)")
    for page in (first, second):
        until(page, "studio.shown === null && studio.avatars.length === 0", 20)
    assert first.get_by_role("heading", name="Drop a photo of a face").is_visible()
    second.get_by_role("button", name="Undo", exact=True).click()
    for page in (first, second):
        until(page, "studio.avatars.length === 1", 20)
    # Every part can be reached and told by keyboard and screen reader.
    nameless = second.evaluate(
        "() => [...document.querySelectorAll('button, input, select, textarea, a[href]')]"
        ".filter(e => !(e.getAttribute('aria-label') || e.innerText || e.labels?.length"
        " || e.getAttribute('placeholder'))).map(e => e.outerHTML)"
    )
    assert nameless == []


@needs_browser
def test_half_a_gigabyte_is_refused_politely(studio, open_page, tmp_path):
    page = open_page(studio.address, "Ada")
    large = tmp_path / "holiday.mp4"
    with large.open("wb") as file:
        file.truncate(500 << 20)
    choose(page, "Follow a video", large)
    page.get_by_role("button", name="Let Ada do the same").click()
    until(page, "document.querySelector('.toast.error')", 30)
    said = page.locator(".toast.error").inner_text()
    assert "524 MB" in said
    assert "384 MB at most" in said
    assert page.evaluate("() => studio.work.active.length") == 0


@needs_browser
def test_another_sites_page_gets_nothing(studio, browser, heads):
    context = browser.new_context()
    page = context.new_page()
    page.goto("data:text/html,<title>evil</title>")
    heard = page.evaluate(
        """async (address) => {
            const host = new URL(address).host;
            const socket = await new Promise((resolve) => {
                const line = new WebSocket(`ws://${host}/api/events`);
                line.onmessage = () => resolve('heard');
                line.onclose = () => resolve('closed');
            });
            const read = await fetch(address + 'api/avatars')
                .then((a) => a.text(), () => 'refused');
            const job = await fetch(address + 'api/jobs', {
                method: 'POST', mode: 'no-cors', headers: { 'content-type': 'text/plain' },
                body: '{"kind":"reconstruct","uploads":[],"name":"x"}',
            }).then((a) => a.type, () => 'refused');
            return [socket, read, job];
        }""",
        studio.address,
    )
    context.close()
    # `opaque`: the browser sent it and shows nothing of the answer, which is a refusal.
    assert heard[:2] == ["closed", "refused"]
    jobs = heads / ".avatar-studio" / "jobs"
    assert [read_json(path)["order"]["task"] for path in jobs.glob("*/job.json")] in ([], ["clip"])
