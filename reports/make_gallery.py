"""Make every example of the gallery again, with the commands that its README names.

    python reports/make_gallery.py [NAME ...]

Names are those of the first column of the README; without one, all are made. The date of the pages is fixed,
so that the same version gives the same files. Pictures of pages need Playwright and Chromium.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
GALLERY = Path("reports") / "gallery"
FIXED_DATE = "1767225600"
"""Seconds since 1970: the first day of 2026."""
ALLOWED = (0, 3)
"""Exit codes; one of the samples is too short for a verdict, on purpose."""


@dataclass(frozen=True)
class Example:
    """Files of the gallery and the ``detect`` command that writes them."""

    files: tuple[str, ...]
    shows: str
    command: str
    prints_to: str | None = None
    """File that gets what the command prints."""


EXAMPLES = (
    Example(
        ("essay.png", "essay.txt"),
        "the terminal's answer, and the surprise curve",
        "detect datasets/samples/essay.txt --png reports/gallery/essay.png",
        prints_to="essay.txt",
    ),
    Example(
        ("essay.html",), "the page of one text", "detect datasets/samples/essay.txt --html reports/gallery/essay.html"
    ),
    Example(
        ("essay.pdf",), "the same page as PDF", "detect datasets/samples/essay.txt --pdf reports/gallery/essay.pdf"
    ),
    Example(
        ("joined.html",),
        "the page of a text that a person began and a machine ended",
        "detect datasets/samples/joined.txt --html reports/gallery/joined.html",
    ),
    Example(
        ("set/",),
        "a set of texts with hidden names: an index, and a page of each",
        "detect report datasets/samples/answer.txt datasets/samples/essay.txt datasets/samples/joined.txt "
        "datasets/samples/letter.txt datasets/samples/note.txt --out reports/gallery/set --anonymous",
    ),
    Example(
        ("pictures/",),
        "every picture of a page as a file",
        "detect report datasets/samples/essay.txt --out reports/gallery/pictures --pictures png",
    ),
    Example(
        ("compare.png", "compare.txt"),
        "two texts side by side",
        "detect compare datasets/samples/essay.txt datasets/samples/letter.txt --png reports/gallery/compare.png",
        prints_to="compare.txt",
    ),
    Example(
        ("smollm2_tokens.html", "smollm2_tokens.txt"),
        "the tokens that a published model never learned, found from its weights and proved by prompting",
        "detect tokens smollm2 --verify --html reports/gallery/smollm2_tokens.html",
        prints_to="smollm2_tokens.txt",
    ),
    Example(
        ("quality.png", "quality.txt"),
        "how good the verdict is (in a checkout of the source)",
        "detect evaluate --shipped --png reports/gallery/quality.png",
        prints_to="quality.txt",
    ),
)
SCREENSHOTS = {"page_text.png": ("#the-text", 1280), "page_phone.png": ("#verdict", 390)}
"""Pictures of parts of joined.html: file, part, width of the window."""

_MARGIN = 24


def main(names: list[str]) -> int:
    """Make the named examples, or all; the number of those that failed."""
    known = [name for example in EXAMPLES for name in example.files] + list(SCREENSHOTS)
    if unknown := sorted(set(names) - set(known)):
        print(f"make_gallery: there is no {', '.join(unknown)}; there are {', '.join(known)}.", file=sys.stderr)
        return 2
    failed = sum(not make(example) for example in EXAMPLES if not names or set(names) & set(example.files))
    shots = [name for name in SCREENSHOTS if not names or name in names]
    if shots:
        failed += not take_screenshots(shots)
    return min(failed, 1)


def make(example: Example) -> bool:
    """Run its command; false where that failed."""
    print(example.command, flush=True)
    arguments = [sys.executable, "cli.py", *example.command.split()[1:]]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": FIXED_DATE, "COLUMNS": "120"}
    ran = subprocess.run(  # noqa: S603 - the commands stand above
        arguments, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    if example.prints_to:
        (ROOT / GALLERY / example.prints_to).write_text(ran.stdout, encoding="utf-8")
    return ran.returncode in ALLOWED


def take_screenshots(names: list[str]) -> bool:
    """Pictures of the page, in the light colours; false where there is no browser."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        print("make_gallery: pictures of pages need Playwright: pip install playwright.", file=sys.stderr)
        return False
    page_file = (ROOT / GALLERY / "joined.html").as_uri()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"))
            for name in names:
                part, width = SCREENSHOTS[name]
                page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme="light")
                page.goto(page_file)
                box = page.locator(part).bounding_box()
                if box is None:
                    raise LookupError(f"joined.html has no {part} to take a picture of")
                clip = {"x": max(0, box["x"] - _MARGIN), "y": box["y"], "height": box["height"]}
                clip["width"] = min(width - clip["x"], box["width"] + 2 * _MARGIN)
                page.screenshot(path=ROOT / GALLERY / name, full_page=True, clip=clip)
    except Error as error:
        print(f"make_gallery: no pictures of pages: {error.message.splitlines()[0]}", file=sys.stderr)
        return False
    return True


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
