"""Every published statistic with its formula, read off the modules that compute it."""

import inspect
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

from detector.methods import METHODS
from detector.report.method_table import MethodRecord, method_records
from docs.generators.markdown import code, fenced, page, plain, table

INTRODUCTION = """\
`detect methods` lists them, `detect essay.txt --explain` and `detect score` show them of a text, and
`detector.methods.compute(name, scores)` gives one from Python ([how](../python.md)). A value keeps its published sign;
*higher* or *lower* says which way machine text tends. What one pass of a model gives is never computed twice, and a
statistic that is undefined for a text (too short, no variance) is NaN, never 0. How well each tells people from
machines is in [the results](../results/index.md).
"""
NOTATION = """\
In the formulas, x_t is token t of n, p_t the model's distribution over the tokens that may stand there, r_t the rank of
x_t in it (1 is the likeliest), and ln the natural logarithm."""
_WATERMARKS = ("detector.watermark.green_list", "detector.watermark.synthid")
_DIVEYE = "detector.methods.diveye"
_DIRECTION = {True: "higher", False: "lower", None: "left to a classifier"}


def methods_page() -> str:
    """The page of all methods: a table, and a section a module."""
    records = {str(record["name"]): record for record in method_records()}
    by_module = _by_module(records)
    return page(
        "Methods",
        INTRODUCTION.rstrip(),
        NOTATION,
        table(
            ["statistic", "machine text is", "unit", "needs"],
            (
                (
                    f"[{code(name)}](#{_anchor(module)})",
                    _DIRECTION[record["higher_is_machine"]],  # type: ignore[index]  # a bool or None under this key
                    plain(str(record["unit"])),
                    plain(str(record["needs"])),
                )
                for module, found in by_module.items()
                for name, record in found.items()
            ),
        ),
        *(block for module, found in by_module.items() for block in _section(import_module(module), found)),
    )


def _by_module(records: dict[str, MethodRecord]) -> dict[str, dict[str, MethodRecord]]:
    """Module that computes it → name → record; methods of other packages are not ours to describe."""
    homes = {name: chosen.__module__ for name, chosen in METHODS.items()}
    found: dict[str, dict[str, MethodRecord]] = {}
    for name, record in records.items():
        home = homes.get(name) or (_DIVEYE if name.startswith("diveye.") else _WATERMARKS[name.startswith("synthid")])
        if home.startswith("detector."):
            found.setdefault(home, {})[name] = record
    return dict(sorted(found.items(), key=lambda entry: (_effort(entry[1]), entry[0])))


def _effort(records: dict[str, MethodRecord]) -> int:
    """What one pass gives comes first, watermarks last."""
    needs = {str(record["needs"]) for record in records.values()}
    return 0 if "one pass" in needs else 2 if any(need.startswith("the mark") for need in needs) else 1


def _anchor(module: str) -> str:
    return module.rpartition(".")[2].replace("_", "-")


def _section(module: ModuleType, records: dict[str, MethodRecord]) -> Iterator[str | list[str]]:
    title, _, rest = (inspect.getdoc(module) or "").partition("\n")
    yield f"## {plain(title.rstrip('.'))} {{#{_anchor(module.__name__)}}}"
    yield list(prose_of(rest))
    yield table(
        ["statistic", ""],
        ((code(name), plain(_whole(name) or str(record["summary"]))) for name, record in records.items()),
    )


def _whole(name: str) -> str:
    """What the class says of itself and of when there is no value."""
    chosen = METHODS.get(name)
    if chosen is None:
        return ""
    undefined = inspect.getdoc(chosen.__call__) or ""  # type: ignore[operator]  # a class
    return " ".join(f"{inspect.getdoc(chosen)} {undefined}".split())


_LEADS = ("Definition", "Source:", "Under the same name")


def prose_of(docstring: str) -> Iterator[str]:
    r"""A docstring's lines as Markdown: what is indented is shown as it stands, what begins like a lead is set apart.

    >>> list(prose_of("Definition, for x:\n    a = b_t\nSource: them."))
    ['**Definition**, for x:', '', '```text', 'a = b_t', '```', '', '**Source:** them.', '']
    """
    block: list[str] = []
    is_formula = False
    for line in [*docstring.splitlines(), ""]:
        starts_formula = line.startswith("    ") or (is_formula and not line.strip())
        begins = line.startswith(_LEADS) or not line.strip()
        if block and (starts_formula != is_formula or (begins and not starts_formula)):
            yield from _shown(block, is_formula)
            block = []
        is_formula = starts_formula
        if line.strip() or is_formula:
            block.append(line)
    if any(line.strip() for line in block):
        yield from _shown(block, is_formula)


def _shown(block: list[str], is_formula: bool) -> list[str]:
    if is_formula:
        return fenced(inspect.cleandoc("\n".join(block)))
    words = plain(" ".join(block))
    for lead in ("Definition", "Source:", "Under the same names elsewhere:", "Under the same name elsewhere:"):
        if words.startswith(lead):
            words = f"**{lead}**{words.removeprefix(lead)}"
    return [words, ""]
