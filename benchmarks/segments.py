"""How well human and machine parts of one text are told apart, and what the verdict says of mixed texts.

    python benchmarks/segments.py DETECTION --cache SCORES [--model smollm2] [--texts 60] [--target-fpr 0.01]

DETECTION is the folder of labelled sets; SCORES keeps what was scored, so that a broken-off run goes on. Texts are put
together from the two sides of pairs of dev sets, which took no part in training, fitting or calibrating: in two and in
four parts of like length, and in two to six parts of any length with a machine share between 10 and 90 %, joined at
sentences and, others, within them. Token F1 and accuracy, border error in words, and error of the machine share,
against two baselines: the whole document (all tokens alike), and each sentence by itself. With ``--choose`` only what a
border at a clause must be worth, on texts that calibrate. Then the verdicts on these texts, on unmixed ones, and on
sets of edited and mixed texts whose parts nobody marked: those that overlap with what anything was made from are left
out. Last, how often texts by one person are said to have a machine part, from the feature table that comes with the
source.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from detector.documents.hashing import unit_hash
from detector.documents.sentences import clause_starts
from detector.evaluation.feature_table import FeatureTable, shipped_table
from detector.evaluation.labelled_texts import LabelledText, read_labelled, without_overlap, word_shingles
from detector.evaluation.metrics import Rate
from detector.evaluation.splicing import SplicedText, division_quality, splice
from detector.models import LanguageModel
from detector.training.feature_table import series_of_scored
from detector.training.mixtures import DEV_TEXTS, DEV_WORDS, mixtures
from detector.training.roles import role_of, select, voice_domains
from detector.training.score_cache import cached_scores
from detector.verdict.classifier import Classifier
from detector.verdict.clause_borders import CLAUSE_NATS, begin_tokens, clause_tokens
from detector.verdict.features import Series
from detector.verdict.judgement import division, judge, measure
from detector.verdict.lexical import LexicalModel
from detector.verdict.machine_share import machine_share
from detector.verdict.segments import divide
from detector.verdict.shipped import calibration_for, probe_beside

PAIRED = ("gecscore.writing", "outfox.test", "hppt.acl_abstracts", "rexshijaku.essays")
MARKED = ("detectrl.mixing", "mixset.all")
POLISHED = "apt_eval.polish"
PENALTIES = (0.5, 1.0, 2.0, 4.0)
CLAUSE_PENALTIES = (0.25, 0.5, 1.0, 2.0)
CLAUSE_TEXTS = {"": 20}
VERDICTS = ("human", "inconclusive", "mixed", "machine", "unscored")


@dataclass(frozen=True)
class Judge:
    """What is needed to judge texts from kept scores."""

    language_model: LanguageModel
    classifier: Classifier
    cache: Path
    target_fpr: float

    def series(self, texts: Sequence[str]) -> Iterator[tuple[Series, np.ndarray]]:
        """Columns of each text, and one past the last character of each of its tokens."""
        probe_model = probe_beside(calibration_for(self.classifier.model_name), self.classifier)
        probe = probe_model.probe if probe_model else None
        scored = cached_scores(self.language_model, texts, self.cache, lambda *_: None, probe.layers if probe else ())
        for text, one in zip(texts, scored, strict=True):
            yield (
                series_of_scored(text, one, len(one.scores), LexicalModel.load(), probe),
                one.scores.end_char.astype(np.int64),
            )

    def verdict(self, series: Series) -> str:
        """As the tool gives it, the length of the text apart."""
        divided = division(self.classifier.evidence, series)
        return judge(self.classifier, measure(series, divided), self.target_fpr).verdict


def read(data: Path, name: str) -> list[LabelledText]:
    """The usable texts of a set, in an order that depends on nothing but themselves."""
    (path,) = [p for p in data.glob("*.jsonl*") if p.name.split(".jsonl")[0] == name]
    return sorted(read_labelled(path), key=lambda t: unit_hash("segments:" + t.text[:200]))


def spliced_texts(data: Path, n: int, n_parts: int) -> list[SplicedText]:
    """At most ``n`` texts of parts of like length, as many from each set as there are."""
    found: list[SplicedText] = []
    for name in PAIRED:
        sides: dict[str, dict[bool, LabelledText]] = defaultdict(dict)
        for text in read(data, name):
            sides[text.pair_id].setdefault(text.is_machine, text)
        pairs = (pair for pair in sides.values() if len(pair) == 2)
        made = (splice(pair[False].text, pair[True].text, i % 2 == 0, n_parts) for i, pair in enumerate(pairs))
        found += islice((one for one in made if one is not None), n // len(PAIRED))
    return found


def groups_of_texts(data: Path, n: int) -> Iterator[tuple[str, list[SplicedText]]]:
    """Texts whose parts are known, by how they were made."""
    for n_parts in (2, 4):
        yield f"{n_parts} of like length", spliced_texts(data, n, n_parts)
    mixed = [one.spliced for one in mixtures(data, "dev", None, DEV_TEXTS, DEV_WORDS, "sd")]
    mixed.sort(key=lambda one: unit_hash("mixed:" + one.text[:200]))
    yield "2 to 6 of any length", mixed[: 4 * n]
    yield "2 to 6, borders at clauses", clause_texts(data, "dev", None)


def clause_texts(data: Path, part: str, role: str | None, at_clauses: bool = True) -> list[SplicedText]:
    """Texts of two to six parts whose authors change within sentences, or the same between sentences."""
    found = mixtures(data, part, role, CLAUSE_TEXTS, DEV_WORDS[:2], "clauses", at_clauses)
    return [one.spliced for one in found]


def unmarked_texts(data: Path, n: int) -> Iterator[tuple[str, list[str]]]:
    """Unmixed texts, and mixed and edited ones whose parts nobody marked, by set and kind."""
    known = shingles_used(data)
    for name in ("gecscore.writing", "outfox.test", *MARKED):
        for kind, some in kinds_of(without_overlap(read(data, name), known)).items():
            yield f"{name} {kind}", [text.text for text in some[: n // 2]]
    degrees: dict[int, list[str]] = defaultdict(list)
    for text in read(data, POLISHED):
        degree = text.attack.rpartition(":")[2]
        if text.is_machine and degree.isdigit() and int(degree) < 50 and role_of(text.pair_id) == "calibrate":
            degrees[int(degree)].append(text.text)
    for degree, texts in sorted(degrees.items()):
        yield f"{POLISHED} {degree} %", texts[: n // 2]


def shingles_used(detection: Path) -> set[int]:
    """Shingles of all texts that made the voices, the word weights, the probes or the classifier."""
    used = [text for domain in voice_domains(detection) for text in [*domain.human, *domain.machine]]
    used += select(detection, "fit", humans=600, machines=60)
    return {shingle for text in used for shingle in word_shingles(text.text)}


def kinds_of(texts: list[LabelledText]) -> dict[str, list[LabelledText]]:
    """By label, and machine texts of mixed sets by how they were made."""
    kinds: dict[str, list[LabelledText]] = defaultdict(list)
    for text in texts:
        label = "machine" if text.is_machine else "human"
        if text.dataset == "detectrl.mixing" and text.is_machine:
            label = "sentences of both"
        kinds[text.attack if text.dataset == "mixset.all" and text.attack else label].append(text)
    return {kind: some for kind, some in sorted(kinds.items()) if len(some) >= 30}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("detection", type=Path)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--model", default="default")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--texts", type=int, default=60)
    parser.add_argument("--target-fpr", type=float, default=0.01)
    parser.add_argument("--choose", action="store_true", help="only texts that calibrate, for borders at clauses")
    given = parser.parse_args()
    classifier = Classifier.load(calibration_for(given.model))
    language_model = LanguageModel.load(given.model, dtype=given.dtype)
    judging = Judge(language_model, classifier, given.cache, given.target_fpr)
    print(
        "| parts | texts | method | token F1 | token accuracy | border error (words) | share error | parts found |\n|"
        + "---|" * 8
    )
    if given.choose:
        for at_clauses in (True, False):
            title = f"calibrating, borders at {'clauses' if at_clauses else 'sentences'}"
            texts = clause_texts(given.detection, "fit", "calibrate", at_clauses)
            for method, figures in division_rows(judging, texts, list(judging.series([one.text for one in texts]))):
                print(f"| {title} | {len(texts)} | {method} | {figures} |", flush=True)
        return
    verdicts: dict[str, Counter[str]] = {}
    for title, texts in groups_of_texts(given.detection, given.texts):
        all_series = list(judging.series([one.text for one in texts]))
        for method, figures in division_rows(judging, texts, all_series):
            print(f"| {title} | {len(texts)} | {method} | {figures} |", flush=True)
        verdicts[f"parts: {title}"] = Counter(judging.verdict(series) for series, _ in all_series)
        long = [judging.verdict(s) for s, end in all_series if len(end) >= 500]
        verdicts[f"parts: {title}, 500 tokens or more"] = Counter(long)
    for title, some in unmarked_texts(given.detection, given.texts):
        verdicts[title] = Counter(judging.verdict(series) for series, _ in judging.series(some))
    print(f"\n| texts | number | {' | '.join(VERDICTS)} |\n|---|---|{'---|' * len(VERDICTS)}")
    for group, counts in verdicts.items():
        if counts.total():
            shares = " | ".join(f"{counts[name] / counts.total():.0%}" for name in VERDICTS)
            print(f"| {group} | {counts.total()} | {shares} |")
    print_false_parts(classifier, given.target_fpr)


def division_rows(
    judging: Judge, texts: Sequence[SplicedText], all_series: Sequence[tuple[Series, np.ndarray]]
) -> Iterator[tuple[str, str]]:
    """(method, figures) of our division at several penalties and of the baselines."""
    weights = judging.classifier.evidence
    truth = [one.is_machine_at(end - 1) for one, (_, end) in zip(texts, all_series, strict=True)]
    divided = [division(weights, series) for series, _ in all_series]
    index = [np.unique(series.sentence, return_inverse=True)[1] for series, _ in all_series]

    def row(found: list[np.ndarray]) -> str:
        quality = division_quality(truth, found)
        borders = np.mean([np.abs(np.diff(side.astype(int))).sum() + 1 for side in found])
        share = np.mean([abs(t.mean() - f.mean()) for t, f in zip(truth, found, strict=True)])
        return (
            f"{quality.f1:.3f} | {quality.accuracy:.3f} | {quality.border_error_words:.0f} | {share:.3f} | "
            f"{borders:.1f}"
        )

    whole = [np.full(len(i), one.evidence.sum() > 0) for i, one in zip(index, divided, strict=True)]
    yield "whole document", row(whole)
    yield "each sentence by itself", row([(one.sums > 0)[i] for i, one in zip(index, divided, strict=True)])
    for least in CLAUSE_PENALTIES:
        found = []
        for text, (series, end), one in zip(texts, all_series, divided, strict=True):
            clauses = clause_tokens(clause_starts(text.text), end)
            begins = begin_tokens(one.parts, one.evidence, series.sentence, clauses, least)
            sides = [part.is_machine for part in one.parts]
            found.append(np.repeat(sides, np.diff([*begins, len(series)])))
        used = " (used)" if least == CLAUSE_NATS else ""
        yield f"borders at clauses worth {least:g} nats{used}", row(found)
    for penalty in PENALTIES:
        found = []
        for i, one in zip(index, divided, strict=True):
            parts = divide(one.sums, penalty)
            found.append(np.repeat([p.is_machine for p in parts], [p.last - p.first + 1 for p in parts])[i])
        used = " (used, before borders at clauses)" if penalty == weights.border_penalty else ""
        yield f"division, penalty {penalty:g} nats{used}", row(found)
    if weights.levels is not None:
        estimates = [
            machine_share(weights.plain(series), series.sentence, weights.levels, weights.border_penalty)
            for series, _ in all_series
        ]
        shares = [side.mean() for side in truth]
        error = np.mean([abs(share - one.value) for share, one in zip(shares, estimates, strict=True)])
        within = np.mean([one.low <= share <= one.high for share, one in zip(shares, estimates, strict=True)])
        yield "share over all divisions", f"| | | {error:.3f} ({within:.0%} within the interval of 90 %) |"


def print_false_parts(classifier: Classifier, target_fpr: float) -> None:
    """How often a text by one person is said to have a machine part."""
    table = FeatureTable.load(shipped_table(classifier.model_name))
    rows = table.rows((table.role == "dev") & table.is_whole & ~table.is_machine & np.isfinite(table.strongest_machine))
    print("\n| human texts that only judge | any part said to be a machine's |\n|---|---|")
    flags = []
    for measured in rows.measured():
        verdict = judge(classifier, measured, target_fpr).verdict
        kind = classifier.kind_of(measured.features)
        p_value = classifier.machine_part_p_value(measured.strongest_machine, measured.n_tokens, kind)
        flags.append(verdict in ("machine", "mixed") or (p_value <= target_fpr and verdict != "unscored"))
    said = np.array(flags)
    for name in ["all", *np.unique(rows.dataset).tolist()]:
        inside = np.full(len(said), True) if name == "all" else rows.dataset == name
        print(f"| {name} | {Rate(int(said[inside].sum()), int(inside.sum()))} |")


if __name__ == "__main__":
    main()
