"""Templates of the app's own pages; the report pages come from ``detector.report``, and so does the look of both."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader

from detector.report.page import environment


@cache
def _environment() -> Environment:
    return environment(PackageLoader("detector.web"))


def render(template: str, **context: Any) -> str:
    """One of ``templates/`` as HTML; every value is escaped."""
    return _environment().get_template(template).render(context)


@cache
def look_css() -> str:
    """The style of the reports, then the app's own rules."""
    own = (Path(__file__).parent / "static" / "app.css").read_text(encoding="utf-8")
    return f"{_environment().globals['style']}\n{own}"
