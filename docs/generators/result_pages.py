"""Tables of how good the verdicts are, as pages."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from detector.evaluation.quality import Quality
from detector.verdict.detector import DEFAULT_TARGET_FPR
from docs.generators.markdown import code, interval, page, plain, table
from docs.generators.results import MODELS, FalseAlarms, Results, rate_of, sources, stamps

_HEADINGS = {"generator": "By generator", "attack": "By attack", "domain": "By domain", "length": "By length"}


def model_page(found: Results) -> str:
    """All tables of one model."""
    every = found.of("all")
    verdicts = [row for row in found.rows if row.detector == "verdict"]
    others = [row for row in found.rows if row.detector != "verdict" and row.group == "all"]
    return page(
        f"Results of {found.model}",
        f"{every.n_human:,} human and {every.n_machine:,} machine texts of public data sets, none of which took part "
        "in training, fitting or calibrating. Whitespace and quotes are folded and both sides cut to like length. "
        "[What the columns mean](index.md#how-to-read-the-tables). Printed by "
        f"`python benchmarks/quality.py --model {found.model}` and `detect evaluate --shipped --model {found.model}`.",
        "## By data set",
        "How well the score tells them apart:",
        _ranking_table("data set", verdicts),
        "What the verdict says at a promise of 1 %:",
        _verdict_table("data set", verdicts),
        *(
            block
            for grouping, heading in _HEADINGS.items()
            for block in _group_section(heading, [row for row in found.groups if row.grouping == grouping])
        ),
        "## Published statistics on the same texts",
        "Each turned the way the literature expects. `word pairs` is the trivial detector that everything must beat: "
        "a logistic regression over words and pairs of words. A statistic with fewer texts is one that needs samples, "
        "a second model, changed copies or other endings.",
        _ranking_table("statistic", others, lambda row: row.detector),
        made_from(found.model),
    )


def _group_section(heading: str, rows: list[Quality]) -> Iterator[str | list[str]]:
    yield f"## {heading}"
    if heading in ("By generator", "By attack"):
        yield "Compared with the human texts of the same data sets, or with all human texts where those have none."
    if heading == "By length":
        yield "Beginnings of longer texts count as well."
    shown = (
        (plain(row.group), str(row.n_human), str(row.n_machine), str(row.auroc), str(row.tpr_at_1),
         str(row.false_alarms), str(row.detected))
        for row in rows
    )  # fmt: skip
    headings = [heading.removeprefix("By "), "human", "machine", "AUROC", "TPR at 1 % FPR", "false alarms", "found"]
    yield table(headings, (list(map(interval, row)) for row in shown), right=[1, 2])


def _ranking_table(what: str, rows: Iterable[Quality], name: Any = lambda row: row.group) -> list[str]:
    shown = (
        (plain(name(row)), str(row.n_human), str(row.n_machine), *(interval(str(e)) for e in (
            row.auroc, row.tpr_at_1, row.tpr_at_5)))
        for row in rows
    )  # fmt: skip
    return table([what, "human", "machine", "AUROC", "TPR at 1 % FPR", "TPR at 5 % FPR"], shown, right=[1, 2])


def _verdict_table(what: str, rows: Iterable[Quality]) -> list[str]:
    shown = (
        (plain(row.group), *(interval(str(rate_of(rate))) for rate in (
            row.false_alarms, row.recognised, row.detected, row.passing)))
        for row in rows
    )  # fmt: skip
    headings = ("human called machine or mixed", "human called human", "machine called machine or mixed")
    return table([what, *headings, "machine called human"], shown)


def false_alarms_page(alarms: FalseAlarms) -> str:
    """Whom the verdict accuses wrongly."""
    references, groups, left_out, ways = (list(map(interval, lines)) for lines in alarms.tables)
    above = [name for name, rate in alarms.left_out.items() if rate.share > DEFAULT_TARGET_FPR]
    return page(
        "False alarms",
        f"Printed by `python benchmarks/false_alarms.py --model {MODELS[0]}`. Rates have exact 95 % intervals; where "
        "there are few texts, look at the upper end.",
        "## Among texts that only judge",
        "By data set, length, kind of text, learner or native writer of English, and quartile of formality (how "
        "machine-like human texts of the kind are).",
        [*groups, ""],
        "## Where no reference stands for the text",
        "Each source of human references is left out whole, the calibration made without it and asked about it, as "
        "for a kind of writing that nobody thought of. "
        f"{len(above)} of {len(alarms.left_out)} sources are above the promise: "
        f"{', '.join(map(plain, above)) or 'none'}. All of them are among the references that are shipped.",
        [*left_out, ""],
        "## The references",
        "Human texts behind the promise, by where they come from and by the tokens they have at least.",
        [*references, ""],
        "## What the promise might rest on instead",
        "The same score against references of like length, made relative to the kind of text, against references of "
        "its kind, with the second rule for models never tuned to chat, beside the nearest references in the place of "
        "its kind, and relative to the kind by a second register too, which is what is shipped.",
        [*ways, ""],
        made_from(MODELS[0]),
    )


def made_from(model: str) -> str:
    """The files behind a page and the beginnings of their digests."""
    digests = stamps()
    return f"Made from {' and '.join(f'{code(path)} ({code(digests[path][:12])})' for path in sources(model))}."


def token_page(gallery: Path) -> str:
    """The method for under-trained tokens against how often the embedded model saw every token."""
    printed = (gallery / "undertrained_tokens.txt").read_text(encoding="utf-8")
    return page(
        "Tokens against the truth",
        "How often the embedded model saw every token of its training is known, so what "
        "[`detect tokens`](../tokens.md) finds from weights and by prompting can be held against it. Printed by "
        "`python benchmarks/undertrained_tokens.py`; numbers in brackets are tokens.",
        "![Each predictor against how often the model saw the token](../../reports/gallery/undertrained_tokens.png)",
        [*(line.replace("_", r"\_").replace("<", r"\<") for line in printed.splitlines()), ""],
    )
