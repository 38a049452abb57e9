"""``summary.json``: what a run found, in numbers that say what they count."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from detector.corpus.likeness import likeness_note, likeness_warnings
from detector.corpus.prevalence import FEWEST_TEXTS
from detector.corpus.schema import STORE_VERSION, Carried
from detector.corpus.store import Run
from detector.records.verdicts import VERDICTS
from detector.verdict.classifier import Classifier

if TYPE_CHECKING:
    from detector.corpus.statistics import Statistics

MIXED_FACTOR = 1.25
"""Machine and mixed together are false at most so many times the target rate (``detector.verdict.rules``)."""


def summary_of(
    run: Run, classifier: Classifier, numbers: "Statistics", fdr: float, carried: list[Carried]
) -> dict[str, Any]:
    """The record, ready for JSON."""
    prevalence = numbers.prevalence
    humans = numbers.texts_with_p_value * (1 - (prevalence.share if prevalence else 0.0))
    return {
        "schema_version": STORE_VERSION,
        "run": run.id,
        "source": run.source,
        "documents": numbers.documents,
        "absent_documents": numbers.absent,
        "repeated_ids": numbers.repeated_ids,
        "duplicates": numbers.copies,
        "words": numbers.words,
        "tokens": numbers.tokens,
        "verdicts": {verdict: numbers.verdicts.get(verdict, 0) for verdict in VERDICTS},
        "first_unreadable": [{"id": name, "explanation": why} for name, why in numbers.first_unreadable],
        "unscored_reasons": dict(sorted(numbers.reasons.items())),
        "distinct_texts_judged": numbers.texts_with_p_value,
        "false_flags": {
            "target_fpr": run.target_fpr,
            "texts_called_machine_or_mixed": numbers.texts_called_machine,
            "expected_false_at_most": round(MIXED_FACTOR * run.target_fpr * numbers.texts_with_p_value, 2),
            "expected_false_given_prevalence": round(MIXED_FACTOR * run.target_fpr * humans, 2) if prevalence else None,
        },
        "false_discovery_rate": {
            "fdr": fdr,
            "texts_flagged": numbers.texts_flagged,
            "largest_p_value_flagged": numbers.flag_threshold,
            "expected_false_at_most": round(fdr * numbers.texts_flagged, 2),
            "fewest_that_could_be_flagged": numbers.fewest_flaggable,
        },
        "prevalence": None if prevalence is None else {k: _rounded(v) for k, v in asdict(prevalence).items()},
        "references": None
        if numbers.likeness is None
        else {k: _rounded(v) for k, v in asdict(numbers.likeness).items()} | {"is_unlike": numbers.likeness.is_unlike},
        "warnings": [] if numbers.likeness is None else likeness_warnings(numbers.likeness),
        "notes": notes(numbers, run, fdr),
        "carried_columns": {column.field: column.column for column in carried},
        "model": {
            "name": classifier.model_name,
            "fingerprint": classifier.model_fingerprint,
            "voices_fingerprint": classifier.voices_fingerprint,
            "lexical_fingerprint": classifier.lexical_fingerprint,
            "calibration_sha256": run.calibration_sha256,
        },
        "settings": {
            "text_field": run.text_field,
            "id_field": run.id_field,
            "most_characters": run.most_characters,
            "keep_tokens": run.keep_tokens,
            "dtype": run.dtype,
            "quick": run.quick,
            "detect_version": run.program_version,
        },
    }


def notes(numbers: "Statistics", run: Run, fdr: float) -> list[str]:
    """What the numbers mean, in sentences for people."""
    n = numbers.texts_with_p_value
    said = ["A flag is a reason to read a text, never proof of who wrote it."] if n else []
    if run.quick and n:
        said.append(
            "Read quickly: these verdicts rest on an early layer of the model and on words, without probabilities. The "
            "pages of flagged texts judge them in full, and may say otherwise."
        )
    if numbers.absent:
        they = "it" if numbers.absent == 1 else "them"
        said.append(
            f"{_documents(numbers.absent)} of an earlier run {_are(numbers.absent)} no longer in the input. What was "
            f"found stands in the folder absent, counts nowhere here, and comes back with {they}, without being judged "
            "again."
        )
    if numbers.copies:
        said.append(
            f"{_documents(numbers.copies)} {_have(numbers.copies)} the very text of another: each such text was judged "
            "once and counts once in every estimate."
        )
    if numbers.repeated_ids:
        said.append(
            f"{_documents(numbers.repeated_ids)} {_have(numbers.repeated_ids)} the id of another; each has a row of "
            "its own, which document_key tells from the rest."
        )
    if not numbers.documents:
        return [*said, "The input holds no document."]
    if not n:
        return [*said, "No document could be judged, so nothing is estimated."]
    said.append(
        f"Of {_texts(n)} judged, {numbers.texts_called_machine:,} {_are(numbers.texts_called_machine)} called machine "
        f"or mixed. Had people written all of them, {_at_most(MIXED_FACTOR * run.target_fpr * n)} would be "
        f"called so by chance alone, at a false-alarm rate of {run.target_fpr:g}."
    )
    if numbers.texts_flagged:
        said.append(
            f"{_texts(numbers.texts_flagged)} {_are(numbers.texts_flagged)} flagged at a false-discovery rate of "
            f"{fdr:g}: {_at_most(fdr * numbers.texts_flagged)} of these are "
            "expected to be written by people, if people's texts score here as the reference texts do."
        )
    else:
        said.append(
            f"No text is flagged at a false-discovery rate of {fdr:g}. Among {_texts(n)} that takes {_least(numbers)} "
            "with the smallest p-value that the reference texts can give."
        )
    if numbers.likeness is not None and (note := likeness_note(numbers.likeness)):
        said.append(note)
    if (prevalence := numbers.prevalence) is None:
        why = (
            f"that takes {FEWEST_TEXTS} texts or more"
            if n < FEWEST_TEXTS
            else "the classifier does not tell human from machine reference texts"
        )
        said.append(f"The share of machine texts is not estimated: {why}.")
    else:
        said.append(
            f"About {percent(prevalence.share)} of the texts are machine text (95 % interval {percent(prevalence.low)} "
            f"to {percent(prevalence.high)}), if they score as the reference texts of their kind and length do."
        )
        if not prevalence.fits:
            said.append(
                "They do not quite: the scores are distributed unlike any mixture of human and machine reference texts "
                f"(distance {prevalence.misfit:.2f}), so do not rely on that share, and expect more false flags than "
                "stated. Calibrate on texts of this kind: detect calibrate."
            )
    return said


def percent(share: float) -> str:
    """A share as people read it."""
    return f"{100 * share:.1f} %"


def _least(numbers: "Statistics") -> str:
    return "one" if numbers.fewest_flaggable == 1 else f"at least {numbers.fewest_flaggable:,}"


def _at_most(expected: float) -> str:
    if expected < 0.1:
        return "fewer than 0.1"
    return f"at most about {expected:,.0f}" if expected >= 10 else f"at most about {expected:.1f}"


def _documents(n: int) -> str:
    return f"{n:,} document" if n == 1 else f"{n:,} documents"


def _are(n: int) -> str:
    return "is" if n == 1 else "are"


def _have(n: int) -> str:
    return "has" if n == 1 else "have"


def _texts(n: int) -> str:
    return f"{n:,} text" if n == 1 else f"{n:,} texts"


def _rounded(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value
