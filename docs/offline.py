"""That a built site asks nobody for anything: ``python -m docs.offline SITE`` names every file that would.

Looked at are the elements of every page that make a browser fetch something, and what style sheets import; links that a
reader may follow are no matter. The gallery's pages are held to the same.
"""

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

_FETCHED = {
    "audio": ("src",),
    "embed": ("src",),
    "iframe": ("src",),
    "img": ("src", "srcset"),
    "link": ("href",),
    "object": ("data",),
    "script": ("src",),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
}
_HARMLESS_LINKS = ("canonical", "next", "prev", "alternate", "author", "license")
_ELSEWHERE = re.compile(r"\s*(?:https?:)?//", re.IGNORECASE)
_IN_STYLE = re.compile(r"(?:url\(\s*[\"']?|@import\s+[\"'])((?:https?:)?//[^\"')\s]+)", re.IGNORECASE)


class _Fetches(HTMLParser):
    """Addresses elsewhere that a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the element fetches."""
        given = {name: value or "" for name, value in attrs}
        if tag == "link" and given.get("rel", "").lower() in _HARMLESS_LINKS:
            return
        self.found += [given[name] for name in _FETCHED.get(tag, ()) if _ELSEWHERE.match(given.get(name, ""))]
        self.found += _IN_STYLE.findall(given.get("style", ""))


def fetched_by(page: str) -> list[str]:
    """Addresses elsewhere that a page fetches by itself.

    >>> fetched_by('<script src="//cdn.example/a.js"></script><a href="https://example.org">read</a>')
    ['//cdn.example/a.js']
    >>> fetched_by('<style>@import "https://fonts.example/f.css";</style><img src="a.png">')
    ['https://fonts.example/f.css']
    """
    parser = _Fetches()
    parser.feed(page)
    return parser.found + [found for style in re.findall(r"<style.*?</style>", page, re.DOTALL) for found in
                           _IN_STYLE.findall(style)]  # fmt: skip


def problems(site: Path) -> Iterator[str]:
    """A line for each file that would fetch something."""
    for path in sorted(site.rglob("*")):
        if path.suffix in (".html", ".css"):
            text = path.read_text(encoding="utf-8")
            found = _IN_STYLE.findall(text) if path.suffix == ".css" else fetched_by(text)
            if found:
                yield f"{path.relative_to(site)} fetches {', '.join(sorted(set(found)))}"


def main(arguments: list[str]) -> int:
    """1 where the site asks anyone for anything."""
    (site,) = map(Path, arguments)
    if not (site / "index.html").is_file():
        print(f"docs.offline: {site} holds no site; build one: mkdocs build --site-dir {site}", file=sys.stderr)
        return 2
    found = list(problems(site))
    print("\n".join(found) or f"{site} asks nobody for anything.", file=sys.stderr if found else sys.stdout)
    return int(bool(found))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
