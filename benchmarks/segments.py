"""How well human and machine parts of one text are told apart.

    python benchmarks/segments.py DETECTION [--texts 150]

DETECTION is the folder of labelled sets. Texts are put together from the two sides of pairs of dev sets, which
took no part in training, fitting or calibrating: in two parts, and in four. Token-level F1 and
accuracy, and the border error in words, against two baselines: the whole-document verdict (all tokens
alike), and each sentence by itself. Then the verdicts on these texts, on unmixed ones, and on sets of
edited and mixed texts whose parts nobody marked: those that overlap with what the voices or the classifier
were made from are left out. Last, the verdicts on human texts by how much of them a model polished.
"""

import argparse
from collections import Counter, defaultdict
from itertools import islice
from pathlib import Path

import numpy as np

from detector import Detector
from detector.documents.hashing import unit_hash
from detector.documents.sentences import sentence_spans
from detector.evaluation.labelled_texts import LabelledText, read_labelled, without_overlap, word_shingles
from detector.evaluation.splicing import SplicedText, division_quality, splice
from detector.scoring import score_texts
from detector.training.roles import role_of, select, voice_domains
from detector.verdict.features import feature_vector, series_of
from detector.verdict.segments import divide, sentence_sums

PAIRED = ("gecscore.writing", "outfox.test", "hppt.acl_abstracts", "rexshijaku.essays")
POLISHED = "apt_eval.polish"
PENALTIES = (1.0, 2.0, 4.0, 6.0, 8.0, 12.0)


def read(data: Path, name: str) -> list[LabelledText]:
    """The usable texts of a set, in an order that depends on nothing but themselves."""
    (path,) = [p for p in data.glob("*.jsonl*") if p.name.split(".jsonl")[0] == name]
    return sorted(read_labelled(path), key=lambda t: unit_hash("segments:" + t.text[:200]))


def spliced_texts(data: Path, n: int, n_parts: int) -> list[SplicedText]:
    """At most ``n`` texts, as many from each set as there are."""
    found: list[SplicedText] = []
    for name in PAIRED:
        sides: dict[str, dict[bool, LabelledText]] = defaultdict(dict)
        for text in read(data, name):
            sides[text.pair_id].setdefault(text.is_machine, text)
        pairs = (pair for pair in sides.values() if len(pair) == 2)
        made = (splice(pair[False].text, pair[True].text, i % 2 == 0, n_parts) for i, pair in enumerate(pairs))
        found += islice((one for one in made if one is not None), n // len(PAIRED))
    return found


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("detection", type=Path)
    parser.add_argument("--texts", type=int, default=150)
    arguments = parser.parse_args()
    detector = Detector.load("small")
    print(
        "| parts | method | token F1 | token accuracy | border error (words) | parts found |\n|---|---|---|---|---|---|"
    )
    verdicts: dict[str, Counter[str]] = {}
    for n_parts in (2, 4):
        texts = spliced_texts(arguments.detection, arguments.texts, n_parts)
        for title, figures in division_rows(detector, texts):
            print(f"| {n_parts} | {title} | {figures} |")
        verdicts[f"spliced in {n_parts} parts"] = verdicts_on(detector, [one.text for one in texts])
    known = shingles_used(arguments.detection)
    for name in ("gecscore.writing", "outfox.test", "detectrl.mixing", "mixset.all"):
        for kind, some in kinds_of(without_overlap(read(arguments.detection, name), known)).items():
            verdicts[f"{name} {kind}"] = verdicts_on(detector, [text.text for text in some[: arguments.texts // 2]])
    names = ("human", "inconclusive", "mixed", "machine", "unscored")
    print_verdicts("texts", verdicts, names)
    print_verdicts("polished share (%)", polished(detector, arguments.detection, arguments.texts), names)


def print_verdicts(title: str, verdicts: dict[str, Counter[str]], names: tuple[str, ...]) -> None:
    """A Markdown table of shares."""
    print(f"\n| {title} | number | {' | '.join(names)} |\n|---|---|{'---|' * len(names)}")
    for group, counts in verdicts.items():
        print(f"| {group} | {counts.total()} | {' | '.join(f'{counts[n] / counts.total():.0%}' for n in names)} |")


def verdicts_on(detector: Detector, texts: list[str]) -> Counter[str]:
    """How often each verdict is given."""
    return Counter(result.verdict for result in detector.detect_many(texts))


def shingles_used(detection: Path) -> set[int]:
    """Shingles of all texts that made the voices, the word weights or the classifier."""
    used = [text for domain in voice_domains(detection) for text in [*domain.human, *domain.machine]]
    used += select(detection, "fit", humans=600, machines=60)
    return {shingle for text in used for shingle in word_shingles(text.text)}


def polished(detector: Detector, detection: Path, most: int) -> dict[str, Counter[str]]:
    """Verdicts by the share of a human text that a model was told to polish, below what the classifier is made from.

    The humans are among the references of the calibration, their polished versions are not.
    """
    degrees: dict[int, list[str]] = defaultdict(list)
    for text in read(detection, POLISHED):
        degree = text.attack.rpartition(":")[2]
        if text.is_machine and degree.isdigit() and int(degree) < 50 and role_of(text.pair_id) == "calibrate":
            degrees[int(degree)].append(text.text)
    return {str(degree): verdicts_on(detector, texts[:most]) for degree, texts in sorted(degrees.items())}


def kinds_of(texts: list[LabelledText]) -> dict[str, list[LabelledText]]:
    """By label, and machine texts of mixed sets by how they were made."""
    kinds: dict[str, list[LabelledText]] = defaultdict(list)
    for text in texts:
        label = "machine" if text.is_machine else "human"
        if text.dataset == "detectrl.mixing" and text.is_machine:
            label = "sentences of both"
        kinds[text.attack if text.dataset == "mixset.all" and text.attack else label].append(text)
    return {kind: some for kind, some in sorted(kinds.items()) if len(some) >= 30}


def division_rows(detector: Detector, texts: list[SplicedText]) -> list[tuple[str, str]]:
    """(method, figures) of our division at several penalties and of the baselines."""
    classifier = detector.classifier
    evidence, sentences, truth, whole = [], [], [], []
    probe = detector.probe_model.probe if detector.probe_model else None
    scored = score_texts(detector.language_model, [one.text for one in texts], voices=detector.voices, probe=probe)
    for one, scores in zip(texts, scored, strict=True):
        starts = [start for start, _ in sentence_spans(one.text)]
        series = series_of(scores, starts, one.text, detector.lexical_model)
        evidence.append(classifier.evidence.of(series))
        sentences.append(series.sentence)
        truth.append(one.is_machine_at(scores.end_char.astype(np.int64) - 1))
        whole.append(
            np.full(len(scores), classifier.probability_machine(classifier.score(feature_vector(series))) > 0.5)
        )

    def row(found: list[np.ndarray]) -> str:
        quality = division_quality(truth, found)
        borders = np.mean([np.abs(np.diff(side.astype(int))).sum() + 1 for side in found])
        return f"{quality.f1:.3f} | {quality.accuracy:.3f} | {quality.border_error_words:.0f} | {borders:.1f}"

    alone = [
        (sentence_sums(e, s) > 0)[np.unique(s, return_inverse=True)[1]]
        for e, s in zip(evidence, sentences, strict=True)
    ]
    rows = [("whole document", row(whole)), ("each sentence by itself", row(alone))]
    for penalty in PENALTIES:
        found = []
        for e, s in zip(evidence, sentences, strict=True):
            labels = [p.is_machine for p in divide(sentence_sums(e, s), penalty) for _ in range(p.first, p.last + 1)]
            found.append(np.array(labels)[np.unique(s, return_inverse=True)[1]])
        used = " (used)" if penalty == classifier.evidence.border_penalty else ""
        rows.append((f"division, penalty {penalty:g} nats{used}", row(found)))
    return rows


if __name__ == "__main__":
    main()
