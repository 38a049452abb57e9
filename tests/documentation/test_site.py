"""Links are right in the repository and on the site, and a built site fetches nothing."""

import re
from pathlib import Path

import pytest

from docs import offline, site

DOCS = Path(site.__file__).parent
ROOT = DOCS.parent
PAGES = [ROOT / path for path in site.PAGES if (ROOT / path).is_file()] + sorted(DOCS.rglob("*.md"))
LINK = re.compile(r"\]\((?![a-z]+:)([^)#\s]*)(?:#([^)\s]*))?\)")


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```|`[^`\n]+`", "", text, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_files_of_the_repository(page):
    for target, _ in LINK.findall(without_code(page.read_text(encoding="utf-8"))):
        path = (page.parent / target).resolve() if target else page
        assert path.exists() or path.relative_to(ROOT).as_posix() in site.PAGES, target


KNOWN = {"README.md": "index.md", "a/README.md": "a/card.md", "a/curve.png": "a/curve.png"}


@pytest.mark.parametrize(
    ("page", "written", "shown"),
    [
        ("README.md", "[x](docs/promise.md#what)", "[x](promise.md#what)"),
        ("README.md", "![x](a/curve.png)", "![x](a/curve.png)"),
        ("a/README.md", "[x](../README.md)", "[x](../index.md)"),
        ("docs/guides/b.md", "[x](../../a/README.md), [y](../promise.md)", "[x](../a/card.md), [y](../promise.md)"),
        ("docs/b.md", "[the folder](../a)", "[the folder](a/card.md)"),
        ("docs/b.md", "[the source](../cli.py)", "the source"),
        ("docs/b.md", "[`code`](../README.md)", "[`code`](index.md)"),
        ("docs/b.md", "[not there](../nowhere.py)", "[not there](../nowhere.py)"),
        ("docs/b.md", "[x](https://example.org) [y](#here)", "[x](https://example.org) [y](#here)"),
        ("docs/b.md", "```\n[x](../cli.py)\n```\n`[y](../cli.py)`", "```\n[x](../cli.py)\n```\n`[y](../cli.py)`"),
    ],
)
def test_a_link_becomes_what_it_is_on_the_site(page, written, shown):
    assert site.with_links(written, page, KNOWN) == shown


def test_what_is_not_there_is_left_out_of_the_navigation():
    nav = [{"Home": ["index.md", {"Security": "security.md"}]}, {"Run": ["deployment.md"]}]
    assert [site._present(entry, {"security.md", "deployment.md"}) for entry in nav] == [{"Home": ["index.md"]}, None]


def test_every_page_is_in_the_navigation():
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    pages = [path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")]
    for page in pages + list(site.PAGES.values()):
        assert re.search(rf"(- |: ){re.escape(page)}$", navigation, re.MULTILINE), page


def test_a_site_that_fetches_is_named(tmp_path, capsys):
    assert offline.main([str(tmp_path)]) == 2
    (tmp_path / "index.html").write_text('<a href="https://example.org">read</a><script src="a.js"></script>')
    (tmp_path / "a.css").write_text("body { background: url(a.png) }")
    assert offline.main([str(tmp_path)]) == 0
    (tmp_path / "a.css").write_text("@import 'https://fonts.example/f.css';")
    (tmp_path / "b.html").write_text('<link rel="stylesheet" href="//cdn.example/b.css"><link rel="next" href="//x/">')
    assert offline.main([str(tmp_path)]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"docs.offline: {tmp_path} holds no site; build one: mkdocs build --site-dir {tmp_path}",
        "a.css fetches https://fonts.example/f.css",
        "b.html fetches //cdn.example/b.css",
    ]
