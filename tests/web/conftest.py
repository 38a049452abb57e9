"""A server in the same process: a tiny model with its own classifier, nothing bound to a port."""

import threading
import time

import pytest

pytest.importorskip("starlette", reason="the web page needs pip install 'detect-text[web]'")
pytest.importorskip("httpx2", reason="its tests need pip install 'detect-text[test]'")

from starlette.testclient import TestClient

from detector import Detector
from detector.web.app import create_app
from detector.web.limits import Limits
from tests.conftest import TRAINING_TEXT, make_classifier

LONG = TRAINING_TEXT + " " + TRAINING_TEXT.replace("boats", "ships")
LIMITS = Limits(upload_megabytes=0.2, characters=20_000, waiting=12, kept_results=20, texts=8)
BASE = "http://127.0.0.1:8000"
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture(scope="session")
def judge(tiny):
    return Detector(tiny, make_classifier(tiny), alternatives=10)


@pytest.fixture
def app(judge):
    return create_app(judge, LIMITS)


@pytest.fixture
def client(app):
    """Asks as a program does."""
    with TestClient(app, base_url=BASE, follow_redirects=False) as client:
        yield client


@pytest.fixture
def browser(app):
    """Asks as a browser does."""
    with TestClient(app, base_url=BASE, headers=BROWSER, follow_redirects=False) as client:
        yield client


def until(holds):
    """Wait for what another thread brings about."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class HeldDetector:
    """A detector that begins to score only when it is let go."""

    def __init__(self, detector):
        self._detector = detector
        self.language_model = detector.language_model
        self.has_begun = threading.Event()
        self.may_go_on = threading.Event()
        self.groups = []
        """Ids of the texts scored together, group by group."""

    def detect_stream(self, sources, on_progress=None):
        sources = list(sources)
        self.groups.append([source[0] for source in sources])
        self.has_begun.set()
        assert self.may_go_on.wait(30)
        yield from self._detector.detect_stream(sources, on_progress)


@pytest.fixture
def held(judge):
    held = HeldDetector(judge)
    yield held
    held.may_go_on.set()
