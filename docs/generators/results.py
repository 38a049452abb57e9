"""How good the verdicts are: pages of tables and the figures of the README, from the feature tables that are shipped.

``measure`` reads them, which takes a minute or two; the pages are made of what it returns. The figures are kept in
``docs/results/figures.json`` with a digest of the files they come from, so that the README can be checked without that.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import false_alarms, quality
from detector.evaluation.feature_table import FeatureTable, shipped_dev_rows, shipped_table
from detector.evaluation.metrics import Rate
from detector.evaluation.quality import Quality, verdict_quality
from detector.models.catalogue import CATALOGUE
from detector.verdict.classifier import Classifier
from detector.verdict.detector import DEFAULT_TARGET_FPR
from detector.verdict.shipped import calibration_for
from docs.generators.markdown import code, page, plain, table

MODELS = tuple(CATALOGUE)
"""Those with a verdict, the best first; the last check, sources left out, is made for the first alone."""
ROOT = Path(__file__).parents[2]
_GROUPINGS = {"generator": "By generator", "attack": "By attack", "domain": "By domain", "length": "By length"}


@dataclass(frozen=True)
class Results:
    """What was measured of one model's verdict."""

    model: str
    rows: Sequence[Quality]
    """The verdict, the trivial detector and each statistic: by data set and in all."""
    groups: Sequence[Quality]
    """The verdict by every other group."""

    def of(self, group: str) -> Quality:
        """The verdict on a data set, or on ``all``."""
        return next(row for row in self.rows if row.detector == "verdict" and row.group == group)


@dataclass(frozen=True)
class FalseAlarms:
    """Whom the first model's verdict accuses wrongly."""

    left_out: dict[str, Rate]
    """Of each source of references, by a calibration without it."""
    tables: Sequence[Sequence[str]]
    """Lines of each: references, groups, sources left out, ways."""


def measure(model: str) -> Results:
    """Read the shipped table of a model and judge its verdict."""
    classifier = Classifier.load(calibration_for(model))
    dev = shipped_dev_rows(classifier)
    groups = verdict_quality(classifier, dev, DEFAULT_TARGET_FPR, tuple(_GROUPINGS))
    return Results(model, list(quality.rows(classifier, dev, every=False)), list(groups))


def measure_false_alarms(model: str = MODELS[0]) -> FalseAlarms:
    """The same of its false alarms; about a minute."""
    classifier = Classifier.load(calibration_for(model))
    whole = FeatureTable.load(shipped_table(model))
    left_out = false_alarms.left_out_of(classifier, whole, DEFAULT_TARGET_FPR)
    tables = (
        false_alarms.reference_lines(whole),
        false_alarms.group_lines(classifier, whole, DEFAULT_TARGET_FPR),
        false_alarms.left_out_lines(left_out, DEFAULT_TARGET_FPR),
        false_alarms.way_lines(classifier, whole, DEFAULT_TARGET_FPR),
    )
    return FalseAlarms(left_out, [list(lines) for lines in tables])


def stamps() -> dict[str, str]:
    """Digest of every file that the results are made from, by path in the repository."""
    paths = [path for model in MODELS for path in (shipped_table(model), calibration_for(model))]
    return {
        path.resolve().relative_to(ROOT).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths
    }


def figures_of(results: Iterable[Results], alarms: FalseAlarms) -> dict[str, Any]:
    """The few numbers that the README gives, and what they come from."""
    worst = max(alarms.left_out, key=lambda source: alarms.left_out[source].share)
    shares = sorted(rate.share for rate in alarms.left_out.values())
    return {
        "target_fpr": DEFAULT_TARGET_FPR,
        "models": {found.model: _figures_of(found) for found in results},
        "left_out": {
            "model": MODELS[0],
            "sources": len(shares),
            "above_target": sum(share > DEFAULT_TARGET_FPR for share in shares),
            "median": round((shares[len(shares) // 2] + shares[(len(shares) - 1) // 2]) / 2, 4),
            "worst": round(shares[-1], 4),
            "worst_source": worst,
        },
        "made_from": stamps(),
    }


def _figures_of(found: Results) -> dict[str, Any]:
    n_chat, auroc, tpr = quality.chat_model_means(found.groups)
    every, shortest = found.of("all"), next(row for row in found.groups if row.grouping == "length")
    sets = [row for row in found.rows if row.detector == "verdict" and row.group != "all"]
    weakest = min(sets, key=lambda row: row.tpr_at_1.value)
    yardstick = next(row for row in found.rows if row.detector == "word pairs" and row.group == "all")
    return {
        "chat_models": n_chat,
        "chat_auroc": round(auroc, 3),
        "chat_tpr_at_1": round(tpr, 3),
        "auroc": round(every.auroc.value, 3),
        "word_pairs_auroc": round(yardstick.auroc.value, 3),
        "human_texts": every.n_human,
        "machine_texts": every.n_machine,
        "false_alarms": _rate(every.false_alarms).hits,
        "recognised": round(_rate(every.recognised).share, 3),
        "detected": round(_rate(every.detected).share, 3),
        "passing": round(_rate(every.passing).share, 3),
        "weakest_set": weakest.group,
        "weakest_tpr_at_1": round(weakest.tpr_at_1.value, 3),
        "shortest": shortest.group,
        "shortest_tpr_at_1": round(shortest.tpr_at_1.value, 3),
    }


def _rate(rate: Rate | None) -> Rate:
    """A verdict's rows have all their rates."""
    assert rate is not None
    return rate


def readme_block(figures: dict[str, Any]) -> str:
    """The results in ten lines."""
    models, target = figures["models"], f"{figures['target_fpr']:.0%}".replace("%", " %")
    found = list(models.values())
    left_out = figures["left_out"]

    def row(says: str, show: Any) -> tuple[str, ...]:
        return says, *(show(model) for model in found)

    worst = f"{_percent(left_out['median'])}, {_percent(left_out['worst'])} (`{left_out['worst_source']}`)"
    rows = [
        row("texts by people and by machines", lambda m: f"{m['human_texts']:,} and {m['machine_texts']:,}"),
        row("AUROC, mean over chat models", lambda m: f"{m['chat_auroc']:.3f} ({m['chat_models']} models)"),
        row("their texts above the threshold that 1 % of human texts pass", lambda m: _percent(m["chat_tpr_at_1"])),
        row("the same on the hardest data set", lambda m: f"{_percent(m['weakest_tpr_at_1'])} (`{m['weakest_set']}`)"),
        row(f"human texts called `machine` or `mixed`, at a promise of {target}", lambda m: f"{m['false_alarms']:,}"),
        row("human texts called `human`", lambda m: _percent(m["recognised"])),
        row("machine texts called `machine` or `mixed`", lambda m: _percent(m["detected"])),
        row("machine texts called `human`", lambda m: _percent(m["passing"])),
        (
            "false alarms among a kind of text that no reference stands for: median, worst",
            worst,
            *["" for _ in found[1:]],
        ),
    ]
    return "\n".join(table(["measured on texts that took no part in making it", *map(code, models)], rows)).strip()


def _percent(share: float) -> str:
    """Whole above a tenth."""
    return f"{share:.0%}".replace("%", " %") if share >= 0.0995 else f"{share:.1%}".replace("%", " %")


def model_page(found: Results) -> str:
    """All tables of one model."""
    every = found.of("all")
    verdicts = [row for row in found.rows if row.detector == "verdict"]
    others = [row for row in found.rows if row.detector != "verdict" and row.group == "all"]
    return page(
        f"Results of {found.model}",
        f"{every.n_human:,} human and {every.n_machine:,} machine texts of public data sets, none of which took part in "
        "training, fitting or calibrating. Whitespace and quotes are folded and both sides cut to like length. "
        "[What the columns mean](index.md#how-to-read-the-tables). Printed by "
        f"`python benchmarks/quality.py --model {found.model}` and `detect evaluate --shipped --model {found.model}`.",
        "## By data set",
        "How well the score tells them apart:",
        _ranking_table("data set", verdicts),
        "What the verdict says at a promise of 1 %:",
        _verdict_table("data set", verdicts),
        *(
            block
            for grouping, heading in _GROUPINGS.items()
            for block in _group_section(heading, [row for row in found.groups if row.grouping == grouping])
        ),
        "## Published statistics on the same texts",
        "Each turned the way the literature expects. `word pairs` is the trivial detector that everything must beat: a "
        "logistic regression over words and pairs of words. A statistic with fewer texts is one that needs samples, a second "
        "model, changed copies or other endings.",
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
    yield table(headings, ([cell.replace("[", r"\[") for cell in row] for row in shown), right=[1, 2])


def _ranking_table(what: str, rows: Iterable[Quality], name: Any = lambda row: row.group) -> list[str]:
    shown = (
        (plain(name(row)), str(row.n_human), str(row.n_machine), *(str(e).replace("[", r"\[") for e in (
            row.auroc, row.tpr_at_1, row.tpr_at_5)))
        for row in rows
    )  # fmt: skip
    return table([what, "human", "machine", "AUROC", "TPR at 1 % FPR", "TPR at 5 % FPR"], shown, right=[1, 2])


def _verdict_table(what: str, rows: Iterable[Quality]) -> list[str]:
    shown = (
        (plain(row.group), *(str(_rate(rate)).replace("[", r"\[") for rate in (
            row.false_alarms, row.recognised, row.detected, row.passing)))
        for row in rows
    )  # fmt: skip
    headings = ("human called machine or mixed", "human called human", "machine called machine or mixed")
    return table([what, *headings, "machine called human"], shown)


def false_alarms_page(alarms: FalseAlarms) -> str:
    """Whom the verdict accuses wrongly."""
    references, groups, left_out, ways = ([line.replace("[", r"\[") for line in lines] for lines in alarms.tables)
    above = [name for name, rate in alarms.left_out.items() if rate.share > DEFAULT_TARGET_FPR]
    return page(
        "False alarms",
        f"Printed by `python benchmarks/false_alarms.py --model {MODELS[0]}`. Rates have exact 95 % intervals; where there "
        "are few texts, look at the upper end.",
        "## Among texts that only judge",
        "By data set, length, kind of text, learner or native writer of English, and quartile of formality (how machine-like "
        "human texts of the kind are).",
        [*groups, ""],
        "## Where no reference stands for the text",
        "Each source of human references is left out whole, the calibration made without it and asked about it, as for a "
        f"kind of writing that nobody thought of. {len(above)} of {len(alarms.left_out)} sources are above the promise: "
        f"{', '.join(map(plain, above)) or 'none'}. All of them are among the references that are shipped.",
        [*left_out, ""],
        "## The references",
        "Human texts behind the promise, by where they come from and by the tokens they have at least.",
        [*references, ""],
        "## What the promise might rest on instead",
        "The same score against references of like length, made relative to the kind of text, against references of its "
        "kind, and with the second rule for models never tuned to chat, which is what is shipped.",
        [*ways, ""],
        made_from(MODELS[0]),
    )


def made_from(model: str) -> str:
    """The files behind a page and the beginnings of their digests."""
    digests = stamps()
    paths = [path.resolve().relative_to(ROOT).as_posix() for path in (shipped_table(model), calibration_for(model))]
    return f"Made from {' and '.join(f'{code(path)} ({code(digests[path][:12])})' for path in paths)}."


def token_page(gallery: Path) -> str:
    """The method for under-trained tokens against how often the embedded model saw every token."""
    printed = (gallery / "undertrained_tokens.txt").read_text(encoding="utf-8")
    return page(
        "Tokens against the truth",
        "How often the embedded model saw every token of its training is known, so what [`detect tokens`](../tokens.md) "
        "finds from weights and by prompting can be held against it. Printed by `python benchmarks/undertrained_tokens.py`; "
        "numbers in brackets are tokens.",
        "![Each predictor against how often the model saw the token](../../reports/gallery/undertrained_tokens.png)",
        [*(line.replace("_", r"\_").replace("<", r"\<") for line in printed.splitlines()), ""],
    )
