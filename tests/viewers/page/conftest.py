"""One Chromium with a camera and a microphone, and one studio with three heads, for all tests."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks.studio.splat_head import splat_head
from tests.core.a_few_splats import a_few_splats
from tests.export.synthetic import synthetic_avatar
from tests.viewers.browser import CHROMIUM, FLAGS, PATIENCE, until
from tests.viewers.conftest import StudioProcess
from tests.viewers.page.heads import lit_splats
from tests.viewers.page.media import camera_film, voice_file

WIDE = {"width": 1024, "height": 576}
"""As small as the page is laid out with all its panels: a picture costs by its pixels."""


# No longer than this folder: while it lives, nobody else in this thread may run an event loop.
@pytest.fixture(scope="package")
def browser(tmp_path_factory) -> Iterator[object]:
    sync_api = pytest.importorskip("playwright.sync_api")
    media = tmp_path_factory.mktemp("media")
    flags = [
        *("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"),
        f"--use-file-for-fake-video-capture={camera_film(media)}",
        f"--use-file-for-fake-audio-capture={voice_file(media / 'voice.wav', 10.0)}",
    ]
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def heads(tmp_path_factory) -> Path:
    """Ada is made up, Grace too and has splats; Speaker is the average head, covered by splats."""
    folder = tmp_path_factory.mktemp("shared") / "heads"
    folder.mkdir()
    ada = synthetic_avatar()
    ada.save(folder / "Ada.avatar")
    grace = replace(ada, splats=lit_splats(a_few_splats(ada)))
    grace.save(folder / "Grace.avatar")
    splat_head(6000).save(folder / "Speaker.avatar")
    return folder


@pytest.fixture(scope="package")
def studio(heads: Path, tmp_path_factory) -> Iterator[StudioProcess]:
    """A studio that tests leave as they found it."""
    studio = StudioProcess.start(heads, tmp_path_factory.mktemp("studio"))
    yield studio
    studio.close()


@pytest.fixture
def open_page(browser) -> Iterator[Callable[..., object]]:
    """Open pages in browsers of their own; whatever goes wrong in one fails the test."""
    contexts = []
    wrong: list[str] = []

    def listen(said) -> None:
        if "Content Security" in said.text:
            wrong.append(said.text)

    def open_page(address: str, head: str | None = None, **options: object):
        options = {"viewport": WIDE, "reduced_motion": "reduce", **options}
        context = browser.new_context(**options)
        contexts.append(context)
        context.set_default_timeout(1000 * PATIENCE)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", listen)
        page.goto(address)
        until(page, "window.studio?.connected")
        if head is not None:
            show(page, head)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


def show(page, head: str) -> None:
    """Put a head of the gallery on the stage."""
    page.evaluate(f"() => studio.open(studio.avatars.find((one) => one.name === '{head}'))")
    until(page, f"studio.shown?.name === '{head}' && studio.stage.resting")


@pytest.fixture
def own_heads(heads: Path, tmp_path: Path) -> Path:
    """A folder with Ada alone, for tests that change it."""
    folder = tmp_path / "own"
    folder.mkdir()
    shutil.copy(heads / "Ada.avatar", folder)
    return folder
