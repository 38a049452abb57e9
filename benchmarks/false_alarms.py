"""Whom the verdict accuses wrongly: human texts by every group there is, and sources that it has never seen.

    python benchmarks/false_alarms.py [--model smollm2] [--target-fpr 0.01]

Reads the feature table (numbers, no text) that comes with the source. First the human references behind the promise,
by where they come from and length. Then the dev sets, which took no part in fitting or calibrating: false alarms with
exact 95 % intervals by data set, length, kind of text, learner or native writer of English, and quartile of formality
(how machine-like human texts of the kind are). Then each source of references left out whole: the calibration is made
without it and asked about it, as for a register that nobody thought of. Last, what the promise might rest on instead,
and what that costs: the same score against references of like length, made relative to the kind of text, against
references of its kind, with the second rule for raw models, beside the nearest references in the place of its kind, and
relative to the kind by a second register too, which is what is shipped.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from detector.evaluation.feature_table import FeatureTable, shipped_table
from detector.evaluation.metrics import Rate
from detector.evaluation.quality import verdicts_of
from detector.training.classifier_fit import WAYS, calibrate
from detector.verdict.classifier import LENGTH_LIMITS, Classifier
from detector.verdict.shipped import calibration_for, calibration_path

LEARNERS = ("rexshijaku.essays",)
"""Dev sets whose human writers learn English."""
FEWEST = 20
FEWEST_OF_A_GENERATOR = 10
BEFORE_CHAT = ("flan-t5-xxl", "text-davinci-003")
Mask = np.ndarray


def sources(table: FeatureTable) -> np.ndarray:
    """Where each row comes from: a data set, or a genre of the corpus."""
    return np.where(table.dataset == "corpus", np.char.add("corpus: ", table.domain), table.dataset)


def lengths(table: FeatureTable) -> np.ndarray:
    """Index of each row's length bucket."""
    return np.searchsorted(LENGTH_LIMITS, table.n_tokens, side="right") - 1


def accused(classifier: Classifier, table: FeatureTable, target_fpr: float) -> Mask:
    """Whether each row is called machine or mixed."""
    return np.isin(verdicts_of(classifier, table, target_fpr), ("machine", "mixed"))


def groups(classifier: Classifier, dev: FeatureTable) -> Iterator[tuple[str, Mask]]:
    """Named groups of human dev texts; whole texts, but for the grouping by length."""
    whole = dev.is_whole
    yield "all", whole
    for name in np.unique(dev.dataset):
        yield f"set {name}", whole & (dev.dataset == name)
    for i, least in enumerate(LENGTH_LIMITS):
        yield f"from {least} tokens", lengths(dev) == i
    learner = np.isin(dev.dataset, LEARNERS)
    yield "learners of English", whole & learner
    yield "others", whole & ~learner
    if classifier.register is not None:
        kinds = classifier.register.kinds(dev.features)
        for kind in np.unique(kinds):
            yield f"kind {kind + 1}", whole & (kinds == kind)
        formality = classifier.register.expected(dev.features)
        quartile = np.searchsorted(np.quantile(formality[whole], [0.25, 0.5, 0.75]), formality)
        for i, name in enumerate(("least", "less", "more", "most")):
            yield f"{name} formal quarter", whole & (quartile == i)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="default")
    parser.add_argument("--quick", action="store_true", help="the quick calibration of the model and its table")
    parser.add_argument("--target-fpr", type=float, default=0.01)
    arguments = parser.parse_args()
    shipped = calibration_path(arguments.model, quick=True) if arguments.quick else calibration_for(arguments.model)
    classifier = Classifier.load(shipped)
    table = FeatureTable.load(shipped_table(classifier.model_name + ("_quick" if arguments.quick else "")))
    for lines in (
        reference_lines(table),
        group_lines(classifier, table, arguments.target_fpr),
        left_out_lines(left_out_of(classifier, table, arguments.target_fpr), arguments.target_fpr),
        way_lines(classifier, table, arguments.target_fpr),
    ):
        print("\n".join(lines), end="\n\n")


def reference_lines(table: FeatureTable) -> Iterator[str]:
    """How many human references there are, by where they come from and length."""
    human = table.rows((table.role == "calibrate") & ~table.is_machine)
    names = [f"{least}+" for least in LENGTH_LIMITS]
    yield "| human references | " + " | ".join(names) + " |"
    yield "|---|" + "---|" * len(names)
    for source in np.unique(sources(human)):
        inside = sources(human) == source
        counts = [int((inside & (lengths(human) == i)).sum()) for i in range(len(names))]
        yield f"| {source} | " + " | ".join(map(str, counts)) + " |"
    totals = np.bincount(lengths(human), minlength=len(names))
    yield "| all | " + " | ".join(map(str, totals.tolist())) + " |"


def group_lines(classifier: Classifier, table: FeatureTable, target_fpr: float) -> Iterator[str]:
    """False alarms among human texts that took no part in fitting or calibrating, by group."""
    dev = table.rows((table.role == "dev") & ~table.is_machine)
    flags = accused(classifier, dev, target_fpr)
    yield f"| human texts that only judge | false alarms at {target_fpr:g} |"
    yield "|---|---|"
    for name, rows in groups(classifier, dev):
        if rows.sum() >= FEWEST:
            yield f"| {name} | {Rate(int(flags[rows].sum()), int(rows.sum()))} |"


def left_out_of(classifier: Classifier, table: FeatureTable, target_fpr: float) -> dict[str, Rate]:
    """False alarms among each source of references, by a calibration like the classifier's but without that source."""
    references = table.rows(table.role == "calibrate")
    return dict(alarms_left_out(_bare(classifier), references, target_fpr, WAYS))


def left_out_lines(left_out: dict[str, Rate], target_fpr: float) -> Iterator[str]:
    """These, and their median and worst."""
    yield f"| source left out of the calibration | false alarms at {target_fpr:g} |"
    yield "|---|---|"
    for source, rate in left_out.items():
        yield f"| {source} | {rate} |"
    shares = [rate.share for rate in left_out.values()]
    yield ""
    yield f"median {np.median(shares):.3f}, worst {max(shares):.3f} of {len(shares)} sources"


def way_lines(classifier: Classifier, table: FeatureTable, target_fpr: float) -> Iterator[str]:
    """What the promise might rest on instead, and what that costs."""
    bare, references = _bare(classifier), table.rows(table.role == "calibrate")
    whole = table.rows((table.role == "dev") & table.is_whole)
    yield "| the score | chat models found | false alarms, all | worst dev set | left out: median, worst |"
    yield "|" + "---|" * 5
    for i in range(len(WAYS) + 1):
        judged = calibrate(bare, references, ways=WAYS[:i])
        flags = accused(judged, whole, target_fpr)
        of_humans = {
            name: flags[~whole.is_machine & (whole.dataset == name)].mean()
            for name in np.unique(whole.dataset[~whole.is_machine])
        }
        found = [flags[whole.is_machine & (whole.generator == name)].mean() for name in chat_generators(whole)]
        shares = [rate.share for _, rate in alarms_left_out(bare, references, target_fpr, WAYS[:i])]
        yield (
            f"| {' + '.join(['as it is', *WAYS[:i]])} | {np.mean(found):.3f} | {flags[~whole.is_machine].mean():.4f} | "
            f"{max(of_humans.values()):.3f} | {np.median(shares):.3f}, {max(shares):.3f} |"
        )


def _bare(classifier: Classifier) -> Classifier:
    """Its score alone, to be calibrated anew."""
    return replace(classifier, register=None, second_register=None, raw_models=None, kinds=[])


def alarms_left_out(
    bare: Classifier, references: FeatureTable, target_fpr: float, ways: Sequence[str]
) -> Iterator[tuple[str, Rate]]:
    """False alarms among the whole human texts of each source, by a calibration without that source."""
    for source in np.unique(sources(references)[~references.is_machine]):
        inside = (sources(references) == source) & ~references.is_machine
        asked = references.rows(inside & references.is_whole)
        if len(asked.n_tokens) >= FEWEST:
            alarms = accused(calibrate(bare, references.rows(~inside), ways=ways), asked, target_fpr)
            yield str(source), Rate(int(alarms.sum()), len(alarms))


def chat_generators(table: FeatureTable) -> list[str]:
    """Generators with enough machine texts, but for those older than chat models and paraphrasers of others."""
    names, counts = np.unique(table.generator[table.is_machine], return_counts=True)
    return [
        str(name)
        for name, n in zip(names, counts, strict=True)
        if n >= FEWEST_OF_A_GENERATOR and name not in BEFORE_CHAT and "paraphrased" not in name
    ]


if __name__ == "__main__":
    main()
