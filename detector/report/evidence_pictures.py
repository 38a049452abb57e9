"""What each picture of a text's evidence shows, as data."""

import itertools
from collections.abc import Sequence

import numpy as np

from detector.errors import InputError, UsageError
from detector.records.result import Evidence, Result
from detector.report.distributions import (
    DISTRIBUTIONS,
    ENTROPY_EDGES,
    FRACTION_EDGES,
    RANK_LABELS,
    SPECTRUM_EDGES,
)
from detector.report.evidence_summaries import sentence_bits, sentence_evidence
from detector.report.parts import told_segments
from detector.report.picture_parts import (
    Band,
    Bars,
    DataTable,
    Floats,
    Layer,
    Level,
    Picture,
    Ranges,
    Rule,
    Steps,
    nice_ticks,
    round_up,
)
from detector.report.references import References, references_for
from detector.report.visible import plain_visible
from detector.verdict.classifier import Classifier

_MOST_BARS = 700
"""Thin bars along a text; a longer text shows means of so many stretches."""
_LONGEST_EXCERPT = 60


def picture_of(result: Result, name: str) -> Picture:
    """One of ``PICTURES``; raises ``UsageError`` for another name, ``InputError`` where there is nothing to draw."""
    if name not in PICTURES:
        raise UsageError(f"There is no picture {name!r}; there are {', '.join(PICTURES)}.")
    if result.evidence is None:
        raise InputError(f"There is no picture of {result.id}, for it has no scores.")
    picture = PICTURES[name](result, result.evidence)
    if picture is None:
        raise InputError(f"The picture {name!r} of {result.id} needs {_NEEDS[name]}.")
    return picture


def all_pictures(result: Result) -> list[Picture]:
    """Every picture that can be drawn of it, in the order of ``PICTURES``."""
    if result.evidence is None:
        return []
    pictures = (draw(result, result.evidence) for draw in PICTURES.values())
    return [picture for picture in pictures if picture is not None]


def surprise_picture(evidence: Evidence, classifier: Classifier | None) -> Picture:
    """Surprise along the text: sentence means over thin bars of the tokens, on the bands of reference sentences.

    ``classifier`` knows the sentences of human texts, and may know those of machine texts.
    """
    bits = evidence.scores.surprisal_bits
    edges, heights, per_bar = _thinned(bits)
    starts, ends, means = _columns(sentence_bits(evidence))
    top = round_up(max(16.0, float(np.quantile(bits, 0.995)) * 1.05 if len(bits) else 0.0))
    bars_label = "each token" if per_bar <= 1 else f"means of about {per_bar:.0f} tokens"
    layers: list[Layer] = [Bars(edges[:-1], edges[1:], np.minimum(heights, top), "token", bars_label)]
    if classifier is not None and classifier.human_sentence_bits:
        low, middle, high = classifier.human_sentence_bits
        layers += [
            Band(low, high, "band", "middle 80 % of sentences in human texts, with their median"),
            Level(middle, "band"),
        ]
    if classifier is not None and classifier.machine_sentence_bits:
        low, _, high = classifier.machine_sentence_bits
        layers.append(Band(low, high, "machine", "middle 80 % of sentences in machine texts"))
    layers.append(Steps(starts, ends, means, "text", "each sentence of this text"))
    return Picture(
        "surprise",
        "Surprise along the text",
        "How surprised the model was, from the first word to the last. Names, rare words and new ideas are peaks; set "
        "phrases and common topics are low, whoever wrote them. "
        + (
            "Where the two bands overlap, surprise tells nothing: the verdict rests on more than it."
            if classifier is not None and classifier.machine_sentence_bits
            else "Look for long stretches outside the band."
        ),
        "tokens from the beginning",
        "surprise (bits)",
        (0, max(1, len(bits))),
        (0, top),
        tuple(layers),
        sentence_table(evidence),
        is_wide=True,
    )


def evidence_picture(result: Result, evidence: Evidence) -> Picture:
    """Evidence of each sentence, with the borders between parts."""
    starts, ends, _ = _columns(sentence_bits(evidence))
    sums = sentence_evidence(evidence)
    reach = round_up(max(2.0, float(np.abs(sums).max(initial=0))))
    layers: list[Layer] = [
        Bars(starts[side], ends[side], sums[side], role, label)  # type: ignore[arg-type]
        for side, role, label in (
            (sums >= 0, "machine", "leans to machine text"),
            (sums < 0, "human", "leans to human writing"),
        )
    ]
    layers.append(Level(0.0, "text"))
    token_ends = np.array([end for _, end in evidence.spans])
    for number, segment in enumerate(told_segments(result)[1:], start=2):
        at = int(np.searchsorted(token_ends, segment.start_char, side="right"))
        layers.append(Rule(float(at), "text", f"part {number}"))
    return Picture(
        "evidence",
        "Evidence, sentence by sentence",
        "Bars upward speak for machine text, bars downward for human writing. "
        "Single sentences say little; a long run on one side says more.",
        "tokens from the beginning",
        "evidence",
        (0, max(1, len(evidence.spans))),
        (-reach, reach),
        tuple(layers),
        sentence_table(evidence),
        is_wide=True,
    )


def score_picture(result: Result, classifier: Classifier) -> Picture:
    """The score on the scores of human and machine reference texts of like length."""
    assert result.score is not None  # noqa: S101 - a text with evidence has one
    assert result.n_tokens is not None  # noqa: S101
    bucket = classifier.bucket(result.n_tokens)
    human, machine = np.asarray(classifier.humans_like(result.n_tokens, result.kind)), np.asarray(bucket.machine_scores)
    interval = result.confidence_interval or (result.score, result.score)
    everything = np.concatenate([human, machine, [result.score, *interval]])
    low, high = np.floor(np.quantile(everything, 0.001) - 0.5), np.ceil(np.quantile(everything, 0.999) + 0.5)
    low, high = min(low, np.floor(result.score)), max(high, np.ceil(result.score))
    edges = np.linspace(low, high, 25)
    shares = [np.histogram(np.clip(side, low, high), edges)[0] / len(side) for side in (human, machine)]
    rows = [
        (f"{a:.1f} to {b:.1f}", f"{h:.1%}", f"{m:.1%}") for a, b, h, m in zip(edges, edges[1:], *shares, strict=False)
    ]
    longer = [b.least_tokens for b in classifier.buckets if b.least_tokens > bucket.least_tokens]
    lengths = (
        f"{bucket.least_tokens} to {min(longer) - 1} tokens" if longer else f"{bucket.least_tokens} tokens or more"
    )
    alike = "of its kind" if result.kind is not None and classifier.neighbours is None else f"of {lengths}"
    return Picture(
        "score",
        "The score among reference texts",
        f"Where this text's score falls among {len(human):,} human texts {alike} and {len(machine):,} machine texts of "
        f"{lengths}. "
        "Where the two shapes overlap, a score cannot tell them apart. The shaded stretch is the 95 % interval.",
        "score (higher = more like machine text)",
        "share of reference texts",
        (float(low), float(high)),
        (0, round_up(float(max(s.max() for s in shares)))),
        (
            Bars(edges[:-1], edges[1:], shares[0], "human", "human texts"),
            Bars(edges[:-1], edges[1:], shares[1], "machine", "machine texts"),
            Rule(result.score, "text", "this text", *interval),
        ),
        DataTable(("score", "human texts", "machine texts"), rows),
        is_wide=True,
    )


_WORDS: dict[str, tuple[str, str, str, str]] = {
    "rank": (
        "Rank of each token",
        "How often the word that stands there was among the model's first 10, 100 or 1,000 guesses.",
        "rank among the model's guesses",
        "share of tokens",
    ),
    "fraction": (
        "Fraction of the top probability",
        "How probable each word was beside the model's first choice: 1 means it was the first choice.",
        "p of the word / p of the first choice",
        "share of tokens",
    ),
    "top10_entropy": (
        "Openness of the choice",
        "How open the choice among the ten likeliest words was: 0 is a foregone conclusion, 2.3 is ten equal choices.",
        "entropy of the first ten choices (nats)",
        "share of tokens",
    ),
    "spectrum": (
        "Rhythm of surprise",
        "How much surprise swings slowly (left) and quickly (right) along the text; 1 everywhere would be no rhythm "
        "at all. One short text scatters widely here.",
        "cycles a token",
        "power (1 = no rhythm)",
    ),
}


def distribution_picture(name: str, texts: Sequence[tuple[str, Evidence]], references: References | None) -> Picture:
    """A text, or two of them, as bins beside what human and machine texts have in the same bins.

    ``texts`` holds (label, evidence). Bins are NaN where a text is too short for them.
    """
    title, caption, x_label, y_label = _WORDS[name]
    shown = [(label, DISTRIBUTIONS[name](evidence.scores)) for label, evidence in texts]
    left, right, ticks, bin_names = _bins(name)
    centre, width = (left + right) / 2, right - left
    layers: list[Layer] = []
    headings, columns = ["bin"], [list(bin_names)]
    number = "{:.2f}" if name == "spectrum" else "{:.1%}"
    slots = np.linspace(0.08, 0.92, len(shown) + 1)
    for role, (label, bins), a, b in zip(("text", "other"), shown, slots, slots[1:], strict=False):
        layers.append(Bars(left + a * width, left + b * width, np.nan_to_num(bins), role, label))  # type: ignore[arg-type]
        headings.append(label)
        columns.append(["\u2013" if np.isnan(v) else number.format(v) for v in bins])
    tallest = [float(np.nan_to_num(bins).max()) for _, bins in shown]
    if references is not None:
        reference = references.distributions[name]
        for spread, role, shift in ((reference.human, "human", -0.16), (reference.machine, "machine", 0.16)):
            low, mean, high = map(np.array, (spread.low, spread.mean, spread.high))
            layers.append(Ranges(centre + shift * width, low, mean, high, role, f"{role} texts"))  # type: ignore[arg-type]
            headings += [f"{role} texts, mean", f"{role}, middle 80 %"]
            columns.append([number.format(v) for v in mean])
            columns.append([f"{number.format(a)} to {number.format(b)}" for a, b in zip(low, high, strict=True)])
            tallest.append(float(high.max()))
    return Picture(
        name,
        title,
        caption,
        x_label,
        y_label,
        (float(left[0]), float(right[-1])),
        (0, round_up(max(tallest) or 1.0)),
        tuple(layers),
        DataTable(tuple(headings), list(zip(*columns, strict=True))),
        x_ticks=ticks,
    )


def _distribution(result: Result, evidence: Evidence, name: str) -> Picture | None:
    if np.isnan(DISTRIBUTIONS[name](evidence.scores)).any():
        return None
    return distribution_picture(name, [("this text", evidence)], references_for(result.model_fingerprint))


PICTURES = {
    "evidence": evidence_picture,
    "surprise": lambda r, e: surprise_picture(e, r.classifier),
    "score": lambda r, e: score_picture(r, r.classifier) if r.classifier else None,
    "rank": lambda r, e: _distribution(r, e, "rank"),
    "fraction": lambda r, e: _distribution(r, e, "fraction"),
    "top10_entropy": lambda r, e: _distribution(r, e, "top10_entropy"),
    "spectrum": lambda r, e: _distribution(r, e, "spectrum"),
}
"""By name, (result, evidence) → picture, or None where it lacks what the picture needs."""
_NEEDS = {
    "score": "the classifier it was judged by",
    "rank": "at least one token",
    "fraction": "at least one token",
    "top10_entropy": "the ten likeliest tokens: Detector.load(alternatives=10)",
    "spectrum": "at least 50 tokens of varying surprise",
}


def sentence_table(evidence: Evidence) -> DataTable:
    """A row a sentence with tokens: number, beginning, length, surprise and evidence."""
    rows, sums = [], sentence_evidence(evidence).tolist()
    for number, (a, b, mean) in enumerate(sentence_bits(evidence), start=1):
        start, end = evidence.sentences[evidence.sentence_of_token[a]]
        words = plain_visible(" ".join(evidence.text[start:end].split()))
        beginning = words if len(words) <= _LONGEST_EXCERPT else words[: _LONGEST_EXCERPT - 1].rstrip() + "…"
        rows.append((str(number), beginning, str(b - a), f"{mean:.1f}", f"{sums[number - 1]:+.2f}"))
    return DataTable(("no.", "sentence", "tokens", "mean surprise (bits)", "evidence"), rows)


def _bins(name: str) -> tuple[Floats, Floats, tuple[tuple[float, str], ...], tuple[str, ...]]:
    if name == "rank":
        left = np.arange(4.0)
        return left, left + 1, tuple((i + 0.5, label) for i, label in enumerate(RANK_LABELS)), RANK_LABELS
    edges = {"fraction": FRACTION_EDGES, "top10_entropy": ENTROPY_EDGES, "spectrum": SPECTRUM_EDGES}[name]
    names = tuple(f"{a:.2f} to {b:.2f}" for a, b in itertools.pairwise(edges))
    return edges[:-1], edges[1:], nice_ticks(float(edges[0]), float(edges[-1])), names


def _thinned(values: Floats) -> tuple[Floats, Floats, float]:
    """Edges and means of at most ``_MOST_BARS`` stretches, and the tokens in each."""
    n = min(_MOST_BARS, len(values))
    if not n:
        return np.zeros(1), np.zeros(0), 0.0
    edges = np.linspace(0, len(values), n + 1).round()
    starts = edges[:-1].astype(np.int64)
    return edges, np.add.reduceat(values, starts) / np.diff(edges), len(values) / n


def _columns(rows: list[tuple[int, int, float]]) -> tuple[Floats, Floats, Floats]:
    table = np.array(rows, dtype=np.float64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]
