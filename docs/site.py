"""What MkDocs needs to be told: pages and pictures that live elsewhere in the repository, and where links lead.

Links are written as they are right in the repository, so that a page can be read there as well; on the site each
leads to the page that its file became. A link to a file that is no page (source code, data) becomes its words alone.
MkDocs calls the functions by name (``hooks`` in mkdocs.yml).
"""

import posixpath
import re
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGES = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "architecture.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "benchmarks/README.md": "results/benchmarks.md",
    "benchmarks/scale.md": "results/scale.md",
    "datasets/README.md": "data/index.md",
    "datasets/corpus_sources.md": "data/corpus_sources.md",
    "datasets/detection_sources.md": "data/detection_sources.md",
    "deploy/README.md": "deployment.md",
    "deploy/assistants.md": "assistants.md",
    "detector/models/small/README.md": "models/small.md",
    "detector/models/small/voices/README.md": "models/voices.md",
    "detector/verdict/calibrations/README.md": "models/calibrations.md",
    "reports/gallery/README.md": "gallery/index.md",
}
"""Page outside of docs/, by path in the repository → its place on the site. What is not there is left out."""
FOLDERS = {"reports/gallery": "gallery"}
"""Folder whose files go along as they are → its place on the site."""
FILES = {"detector/models/small/loss_curve.png": "models/loss_curve.png"}

_LINK = re.compile(r"(?P<image>!?)\[(?P<words>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^)\s]+)\)")
_CODE_BLOCK = re.compile(r"(^```.*?^```|`[^`\n]+`)", re.DOTALL | re.MULTILINE)


def places(root: Path = ROOT) -> dict[str, str]:
    """Everything outside of docs/ that is part of the site: path in the repository → place on the site."""
    found = {path: place for path, place in (PAGES | FILES).items() if (root / path).is_file()}
    for folder, place in FOLDERS.items():
        for path in sorted((root / folder).rglob("*")):
            inside = path.relative_to(root).as_posix()
            if path.is_file() and inside not in found:
                found[inside] = f"{place}/{path.relative_to(root / folder).as_posix()}"
    return found


def place_of(path: str, known: dict[str, str]) -> str | None:
    """Where a file or folder of the repository is on the site; None where it is no part of it."""
    for candidate in (path, posixpath.join(path, "README.md"), posixpath.join(path, "index.md")):
        if candidate in known:
            return known[candidate]
        if candidate.startswith("docs/") and candidate.endswith((".md", ".png", ".svg", ".json")):
            return candidate.removeprefix("docs/")
    return None


def with_links(markdown: str, page: str, known: dict[str, str]) -> str:
    """The page with every link as it is on the site; ``page`` is its path in the repository.

    >>> with_links("[a](../ARCHITECTURE.md#words), [b](../cli.py)", "docs/promise.md", {"ARCHITECTURE.md": "arch.md"})
    '[a](arch.md#words), b'
    """
    here = posixpath.dirname(known.get(page, page.removeprefix("docs/")))
    replace = partial(_replaced, folder=posixpath.dirname(page), here=here, known=known)
    parts = _CODE_BLOCK.split(_hide_code_in_links(markdown))
    return "".join(part if i % 2 else _LINK.sub(replace, part) for i, part in enumerate(parts)).replace(_TICK, "`")


_TICK = "\0"


def _hide_code_in_links(markdown: str) -> str:
    """Backticks in the words of a link do not make it code."""
    return re.sub(r"\[`([^`\n]+)`\]\(", rf"[{_TICK}\1{_TICK}](", markdown)


def _replaced(link: re.Match[str], folder: str, here: str, known: dict[str, str]) -> str:
    target, _, anchor = link["target"].partition("#")
    if not target or re.match(r"[a-z]+:", target):
        return link[0]
    path = posixpath.normpath(posixpath.join(folder, target))
    place = place_of(path, known)
    if place is None:
        is_left_out = path in PAGES or (ROOT / path).exists()
        return link["words"] if is_left_out else link[0]  # of what does not exist at all, MkDocs says so
    shown = posixpath.relpath(place, here or ".") + (f"#{anchor}" if anchor else "")
    return f"{link['image']}[{link['words']}]({shown})"


def on_config(config: Any) -> Any:
    """Leave out of the navigation what is not there."""
    missing = set(PAGES.values()) - set(places().values())
    config.nav = [kept for entry in config.nav if (kept := _present(entry, missing))]
    return config


def _present(entry: Any, missing: set[str]) -> Any:
    if isinstance(entry, dict):
        kept = {title: inner for title, value in entry.items() if (inner := _present(value, missing))}
        return kept or None
    if isinstance(entry, list):
        return [kept for item in entry if (kept := _present(item, missing))]
    return None if entry in missing else entry


def on_files(files: Any, config: Any) -> Any:
    """Bring in what lives elsewhere."""
    from mkdocs.structure.files import File

    for path, place in places().items():
        files.append(File.generated(config, place, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Turn the links."""
    known = places()
    from_elsewhere = {place: path for path, place in known.items()}
    return with_links(markdown, from_elsewhere.get(page.file.src_uri, f"docs/{page.file.src_uri}"), known)
