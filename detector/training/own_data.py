"""A classifier for a person's own labelled texts: read, divided into roles, scored, fitted, judged.

Labelled texts are ``.jsonl`` files of objects with ``text`` and ``label`` (``human`` or ``machine``) and, where
known, ``pair_id``, ``domain``, ``generator`` and ``attack``.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from detector.documents.hashing import unit_hash
from detector.errors import InputError
from detector.evaluation.feature_table import FeatureTable
from detector.evaluation.intake import Intake
from detector.evaluation.labelled_texts import (
    LabelledText,
    cut_alike,
    read_labelled,
    text_key,
    without_overlap,
    without_repeats,
    word_shingles,
)
from detector.models.language_model import LanguageModel
from detector.training.classifier_fit import calibrate, fit_classifier
from detector.training.feature_table import build_table
from detector.verdict.classifier import Classifier
from detector.verdict.lexical import LexicalModel
from detector.verdict.probe_model import ProbeModel, fingerprints_of
from detector.verdict.shipped import shipped_probe

FIT_SHARE = 0.5
FEWEST_OF_A_LABEL = 20
"""Texts of either label that a role needs."""


def read_own_texts(paths: Sequence[Path], intake: Intake | None = None) -> list[LabelledText]:
    """The usable texts of the files, both sides of each pair cut to like length, none twice.

    ``intake`` counts what became of each. Raises ``InputError`` for a file that cannot be read, no usable text, or one
    text under both labels.
    """
    intake = intake or Intake()
    texts: list[LabelledText] = []
    for path in paths:
        if not path.is_file():
            raise InputError(f"{path} is not a file. Name .jsonl files of texts labelled human or machine.")
        texts += _cut_and_counted(list(read_labelled(path, intake)), intake)
    distinct = without_repeats(texts)
    intake.drop("begin like another of the same label", len(texts) - len(distinct))
    texts = distinct
    if not texts:
        raise InputError(
            f"No usable text: texts need 40 words or more, and a label human or machine. {' '.join(intake.sentences())}"
        )
    labels: dict[str, set[bool]] = {}
    for text in texts:
        labels.setdefault(text_key(text.text), set()).add(text.is_machine)
    if both := sum(len(found) == 2 for found in labels.values()):
        raise InputError(f"{both} of {len(labels)} texts stand there as human and as machine; mend the labels first.")
    return texts


def _cut_and_counted(texts: list[LabelledText], intake: Intake) -> list[LabelledText]:
    """The texts of one file cut to like length."""
    kept = cut_alike(texts)
    intake.drop("are shorter than what texts without a pair are cut to", len(texts) - len(kept))
    for text in kept:
        intake.cut(text.n_words_given, len(text.text.split(" ")))
    return kept


def with_roles(texts: Iterable[LabelledText], intake: Intake | None = None) -> list[tuple[str, LabelledText]]:
    """Each pair fits or calibrates, by the hash of its id; what overlaps with a fitted text does not calibrate.

    Raises ``InputError`` when a role has too few texts of a label.
    """
    items = list(texts)
    fit = [text for text in items if unit_hash("own role:" + text.pair_id) < FIT_SHARE]
    chosen = {id(text) for text in fit}
    read = {shingle for text in fit for shingle in word_shingles(text.text)}
    others = [text for text in items if id(text) not in chosen]
    calibrate = without_overlap(others, read)
    if intake is not None:
        intake.drop("repeat much of a text that fits, and so may not calibrate", len(others) - len(calibrate))
    for name, part in (("fit", fit), ("calibrate", calibrate)):
        check_labels(part, f"to {name}")
    return [*(("fit", text) for text in fit), *(("calibrate", text) for text in calibrate)]


def check_labels(texts: Sequence[LabelledText], purpose: str) -> None:
    """Raise ``InputError`` unless there are enough texts of both labels."""
    machine = sum(text.is_machine for text in texts)
    human = len(texts) - machine
    if min(human, machine) < FEWEST_OF_A_LABEL:
        raise InputError(
            f"There are {human} human and {machine} machine texts {purpose}, and {FEWEST_OF_A_LABEL} of each are the "
            "least; hundreds are of use. A verdict at a false-alarm rate of 0.01 needs 99 human texts of every "
            "length to calibrate."
        )


def table_of(
    language_model: LanguageModel,
    labelled: Sequence[tuple[str, LabelledText]],
    cache: Path | None,
    report: Callable[[int, int], None],
    classifier: Classifier | None = None,
    probe_model: ProbeModel | None = None,
) -> FeatureTable:
    """Features of the texts, with the word weights that come with the tool; ``classifier`` must fit the model.

    ``probe_model`` is the classifier's, or one that comes with the tool for this model.
    """
    lexical_model = LexicalModel.load()
    if classifier is not None:
        voices = language_model.voices
        classifier.check_fingerprint(language_model.name, language_model.fingerprint)
        classifier.check_voices(language_model.name, voices.fingerprint if voices else None)
        classifier.check_lexical(lexical_model.fingerprint)
        classifier.check_probe(*fingerprints_of(probe_model))
    evidence = classifier.evidence if classifier is not None else None
    return build_table(language_model, labelled, cache, lexical_model, probe_model, report, evidence)


def check_unseen(classifier: Classifier, texts: Sequence[LabelledText]) -> None:
    """Raise ``InputError`` if the classifier was fitted or calibrated on any of the texts."""
    seen = set(classifier.seen)
    if known := sum(text_key(text.text) in seen for text in texts):
        raise InputError(
            f"{known} of {len(texts)} texts were used to fit or calibrate this classifier, which would flatter it. "
            "Evaluate it on texts it has not seen."
        )


def card_of(classifier: Classifier, paths: Sequence[Path], command: str, intake: Intake | None = None) -> str:
    """What a person should know of a classifier file, in Markdown."""
    lines = [
        "# A classifier for `detect`",
        "",
        f"Made for the model {classifier.model_name} (fingerprint `{classifier.model_fingerprint}`) by",
        "",
        f"    {command}",
        "",
        f"from {', '.join(path.name for path in paths)}. It is valid for this model alone, and for texts like these.",
        *(["", *intake.sentences()] if intake is not None else []),
        "",
        "| texts to | label | data set | number |",
        "|---|---|---|---|",
    ]
    for role, labels in classifier.data.items():
        for label, sets in labels.items():
            lines += [f"| {role} | {label} | {name} | {number} |" for name, number in sets.items()]
    lines += ["", "| length | human references | machine references | smallest false-alarm rate |", "|---|---|---|---|"]
    for bucket in classifier.buckets:
        smallest = classifier.smallest_p_value(bucket.least_tokens)
        lines.append(
            f"| from {bucket.least_tokens} tokens | {len(bucket.human_scores)} | {len(bucket.machine_scores)} "
            f"| {smallest:.4f} |"
        )
    lines += ["", "The score, with features scaled to the fitted texts:", "", "| feature | coefficient |", "|---|---|"]
    ordered = sorted(zip(classifier.feature_names, classifier.coefficients, strict=True), key=lambda c: -abs(c[1]))
    lines += [f"| {name} | {value:+.3f} |" for name, value in ordered]
    return "\n".join(lines) + "\n"


def train_classifier(
    language_model: LanguageModel,
    paths: Sequence[Path],
    cache: Path | None,
    report: Callable[[int, int], None],
    intake: Intake | None = None,
) -> Classifier:
    """Fit and calibrate a classifier for the model on a person's own texts; ``intake`` counts what became of them.

    A model for which a probe comes with the tool is read through it; the probe belongs beside the classifier.
    """
    labelled = with_roles(read_own_texts(paths, intake), intake)
    probe_model = shipped_probe(language_model.fingerprint)
    table = table_of(language_model, labelled, cache, report, probe_model=probe_model)
    return fit_classifier(_enough_long(table, labelled, intake))


def recalibrate(
    language_model: LanguageModel,
    classifier: Classifier,
    paths: Sequence[Path],
    cache: Path | None,
    report: Callable[[int, int], None],
    probe_model: ProbeModel | None = None,
    intake: Intake | None = None,
) -> Classifier:
    """The same classifier with the probabilities and references of a person's own texts."""
    texts = read_own_texts(paths, intake)
    check_labels(texts, "to calibrate")
    check_unseen(classifier, texts)
    labelled = [("calibrate", text) for text in texts]
    table = table_of(language_model, labelled, cache, report, classifier, probe_model)
    return calibrate(classifier, _enough_long(table, labelled, intake))


def evaluation_table(
    language_model: LanguageModel,
    classifier: Classifier,
    paths: Sequence[Path],
    cache: Path | None,
    report: Callable[[int, int], None],
    probe_model: ProbeModel | None = None,
    intake: Intake | None = None,
) -> FeatureTable:
    """Features of texts the classifier has not seen."""
    texts = read_own_texts(paths, intake)
    check_labels(texts, "to evaluate on")
    check_unseen(classifier, texts)
    labelled = [("dev", text) for text in texts]
    table = table_of(language_model, labelled, cache, report, classifier, probe_model)
    return _enough_long(table, labelled, intake)


_PURPOSES = {"dev": "evaluate"}
"""What a role is called where a person reads it, if not by its name."""


def _enough_long(
    table: FeatureTable, labelled: Sequence[tuple[str, LabelledText]], intake: Intake | None
) -> FeatureTable:
    """The table, if it holds enough texts; ``intake`` counts those it was made from that were too short for it."""
    if intake is not None:
        intake.drop("have under 50 tokens once cut", len(labelled) - int(table.is_whole.sum()))
    for role in np.unique(table.role):
        whole = table.is_whole & (table.role == role)
        if intake is not None:
            intake.use(_PURPOSES.get(str(role), str(role)), table.is_machine[whole])
        human, machine = int((whole & ~table.is_machine).sum()), int((whole & table.is_machine).sum())
        if min(human, machine) < FEWEST_OF_A_LABEL:
            raise InputError(
                f"Of the texts to {_PURPOSES.get(str(role), role)}, {human} human and {machine} machine ones have the "
                f"50 tokens a verdict needs; "
                f"{FEWEST_OF_A_LABEL} of each are the least.{_told(intake)}"
            )
    return table


def _told(intake: Intake | None) -> str:
    return "" if intake is None else " " + " ".join(intake.sentences())


def write_with_card(
    classifier: Classifier,
    out: Path,
    paths: Sequence[Path],
    command: str,
    probe_model: ProbeModel | None = None,
    intake: Intake | None = None,
) -> None:
    """The classifier, and beside it a card of the same name, and its probe if it has one."""
    if probe_model is not None and classifier.needs_probe:
        probe_model.save(out.with_suffix(".safetensors"))
    classifier.save(out)
    out.with_suffix(".md").write_text(card_of(classifier, paths, command, intake), encoding="utf-8")
