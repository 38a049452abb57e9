"""A real Chromium and a server on a real port. ``python -m pytest -m browser`` runs these tests.

They are skipped where no Chromium is found, unless DETECT_REQUIRE_BROWSER is set. DETECT_CHROMIUM names the program
to start if it goes by an unusual name.
"""

import os
import shutil
import threading

import numpy as np
import pytest

from tests.conftest import TRAINING_TEXT, make_classifier

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def absent(sentence):
    """Skip, or fail where these tests are required."""
    if os.environ.get("DETECT_REQUIRE_BROWSER"):
        pytest.fail(f"{sentence} DETECT_REQUIRE_BROWSER is set, so that is a failure.")
    pytest.skip(sentence)


@pytest.fixture(scope="session")
def chromium():
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        absent("Playwright is missing: pip install 'detect-text[browser]'.")
    program = os.environ.get("DETECT_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if program is None:
        absent("No Chromium was found: install it, for example with apt-get install chromium.")
    with sync_playwright() as playwright:
        # in a container there is often no sandbox to be had, and nothing but our own server is opened
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def address(tiny):
    """Of a server with a tiny model."""
    uvicorn = pytest.importorskip("uvicorn", reason="the web page needs pip install 'detect-text[web]'")
    from detector import Detector
    from detector.report.page import REPORT_ALTERNATIVES
    from detector.web.app import create_app
    from detector.web.server import Server, bind

    listener = bind("127.0.0.1", 0)
    app = create_app(Detector(tiny, make_classifier(tiny), alternatives=REPORT_ALTERNATIVES))
    server = Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(30)


@pytest.fixture(params=[1280, 390], ids=["desktop", "phone"])
def width(request):
    return request.param


@pytest.fixture
def page(chromium, address, width):
    """A page of a fresh browser profile, on the form; whatever its console complains of fails the test."""
    context = chromium.new_context(base_url=address, viewport={"width": width, "height": 800}, accept_downloads=True)
    page = context.new_page()
    complaints, foreign = [], []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request", lambda asked: foreign.append(asked.url) if not asked.url.startswith((address, "data:")) else None
    )
    page.goto("/")
    yield page
    context.close()
    expected = "Failed to load resource: the server responded with a status of 4"
    assert [complaint for complaint in complaints if not complaint.startswith(expected)] == []
    assert foreign == []  # nothing is fetched from anywhere else


def show_tip(page, number):
    """Rest the pointer on a token, after the scrolling that brings it into view, which hides the tip."""
    token = page.locator("#text .t").nth(number)
    token.scroll_into_view_if_needed()
    page.mouse.move(0, 0)
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    token.hover()
    tip = page.locator("#tip")
    tip.wait_for(state="visible")
    return tip


def prose(n_words, seed=0):
    """Paragraphs of the training text's words in random order."""
    rng = np.random.default_rng(seed)
    words = TRAINING_TEXT.replace(".", "").replace("?", "").replace(":", "").split()
    paragraphs, n = [], 0
    while n < n_words:
        lengths = rng.integers(6, 22, size=int(rng.integers(3, 9)))
        sentences = [" ".join(rng.choice(words, length)).capitalize() + "." for length in lengths]
        paragraphs.append(" ".join(sentences))
        n += int(lengths.sum())
    return "\n\n".join(paragraphs)
