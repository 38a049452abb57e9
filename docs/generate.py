"""Write the pages that are generated, and the README's results, or check that they are current.

    python -m docs.generate                 write all; a few minutes, nearly all of it for the results
    python -m docs.generate commands        write those whose path contains a word
    python -m docs.generate --check         fail, naming them, where a page is not what it would be written as
    python -m docs.generate --check --quick the same, but of the results only whether the tables they come from are
                                            still the same

Nothing here runs a model: commands, record and methods are read off the program, results off the feature tables.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
ROOT = DOCS.parent
README = ROOT / "README.md"
FIGURES = DOCS / "results" / "figures.json"
BEGIN, END = "<!-- results: written by `python -m docs.generate` -->", "<!-- end of the results -->"

Page = Callable[[], str]


def quick_pages() -> dict[Path, Page]:
    """Pages that take no longer than their imports."""
    from docs.generators import commands, methods, record, result_pages

    return {
        DOCS / "reference" / "commands.md": commands.commands_page,
        DOCS / "reference" / "training.md": commands.training_page,
        DOCS / "reference" / "record.md": record.record_page,
        DOCS / "reference" / "methods.md": methods.methods_page,
        DOCS / "results" / "tokens.md": lambda: result_pages.token_page(ROOT / "reports" / "gallery"),
        README: lambda: readme(README.read_text(encoding="utf-8"), json.loads(FIGURES.read_text(encoding="utf-8"))),
    }


def result_pages() -> dict[Path, Page]:
    """Pages that are measured."""
    from docs.generators import result_pages as pages
    from docs.generators import results

    measured, alarms = cache(results.measure), cache(results.measure_false_alarms)

    def of_model(model: str) -> Page:
        return lambda: pages.model_page(measured(model))

    def figures() -> str:
        return json.dumps(results.figures_of(map(measured, results.MODELS), alarms()), indent=1) + "\n"

    return {
        FIGURES: figures,
        DOCS / "results" / "false_alarms.md": lambda: pages.false_alarms_page(alarms()),
        **{DOCS / "results" / f"{model}.md": of_model(model) for model in results.MODELS},
    }


def readme(text: str, figures: dict[str, Any]) -> str:
    """The README with the block between its marks written anew."""
    from docs.generators.readme import readme_block

    before, _, rest = text.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise SystemExit(f"docs.generate: README.md has lost its marks {BEGIN} and {END}.")
    return f"{before}{BEGIN}\n{readme_block(figures)}\n{END}{after}"


def outdated_figures() -> Iterator[str]:
    """Files that are no longer those the results were made from."""
    from docs.generators.results import stamps

    known = json.loads(FIGURES.read_text(encoding="utf-8"))["made_from"]
    yield from (path for path, digest in stamps().items() if known.get(path) != digest)


def main(arguments: list[str] | None = None) -> int:
    """Write or check; 1 where something is not current."""
    parser = argparse.ArgumentParser(prog="python -m docs.generate", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("only", nargs="*", metavar="WORD", help="only pages whose path contains one of these")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a page is not current")
    parser.add_argument("--quick", action="store_true", help="leave out what is measured")
    given = parser.parse_args(arguments)
    pages = ({} if given.quick else result_pages()) | quick_pages()  # the README is made of figures written before it
    chosen = {
        path: make for path, make in pages.items() if not given.only or any(word in str(path) for word in given.only)
    }
    if not chosen:
        known = ", ".join(str(path.relative_to(ROOT)) for path in pages)
        print(f"docs.generate: no page has {' or '.join(given.only)} in its path; there are {known}.", file=sys.stderr)
        return 2
    stale = [path for path, make in chosen.items() if not _is_current(path, make(), given.check)]
    for path in stale:
        print(f"{path.relative_to(ROOT)} {'is not current' if given.check else 'written'}", file=sys.stderr)
    outdated = list(outdated_figures()) if given.quick else []
    for source in outdated:
        print(f"{source} has changed since docs/results were made of it", file=sys.stderr)
    if given.check and (stale or outdated):
        print("Mend it: python -m docs.generate", file=sys.stderr)
    return int(given.check and bool(stale or outdated))


def _is_current(path: Path, wanted: str, is_check: bool) -> bool:
    """Whether the file holds this; unless checking, it does afterwards."""
    if path.exists() and path.read_text(encoding="utf-8") == wanted:
        return True
    if not is_check:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted, encoding="utf-8")
    return False


if __name__ == "__main__":
    raise SystemExit(main())
