"""Further human references for a table that stands: long ones first, as many from each source as there are.

The reserved split of the corpus and the human sides of the pairs that calibrate hold more texts than a table is made
of, and so does the validation split, beside the documents that show a probe what human texts are like. What a table
already holds, what overlaps with dev texts, and what a model was trained on, is left out.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from detector.documents.hashing import unit_hash
from detector.evaluation.feature_table import FeatureTable
from detector.evaluation.labelled_texts import LabelledText, text_key, without_overlap, word_shingles
from detector.training.roles import (
    REFERENCE_WORDS,
    human_references,
    role_of,
    select,
    training_shingles,
    unshown_references,
    voice_domains,
)

PER_GENRE = 1500
MEDIUM_WORDS = 210
"""About 270 tokens."""
LONG_WORDS = 250
_FEWEST_WORDS = 205
_ALL = 100_000


def more_references(
    detection: Path, corpus: Path, table: FeatureTable, n_long: int, n_medium: int
) -> list[LabelledText]:
    """At most so many texts cut to ``REFERENCE_WORDS`` and to ``MEDIUM_WORDS``, in an order made by hash."""
    of_pairs = [
        text
        for text in select(detection, "fit", humans=_ALL, machines=60)
        if not text.is_machine and role_of(text.pair_id) == "calibrate"
    ]
    return _chosen([*human_references(corpus, PER_GENRE), *of_pairs], detection, corpus, table, n_long, n_medium)


def references_of_validation(
    detection: Path, corpus: Path, table: FeatureTable, n_long: int, n_medium: int
) -> list[LabelledText]:
    """The same from documents of the validation split that no probe was shown: news and answers above all."""
    return _chosen(unshown_references(corpus, _ALL), detection, corpus, table, n_long, n_medium)


def _chosen(
    texts: Sequence[LabelledText], detection: Path, corpus: Path, table: FeatureTable, n_long: int, n_medium: int
) -> list[LabelledText]:
    known = set(table.text_key.tolist())
    judged = {shingle for text in select(detection, "dev", 600, 60) for shingle in word_shingles(text.text)}
    seen = training_shingles(corpus, texts) | judged
    for domain in voice_domains(detection):
        for text in [*domain.human, *domain.machine]:
            seen.update(word_shingles(text.text))
    unused = [text for text in texts if text_key(text.text) not in known]
    usable = sorted(without_overlap(unused, seen), key=lambda t: unit_hash("ref2" + t.pair_id + t.text[:80]))
    long = by_turns((t for t in usable if _n_words(t) >= REFERENCE_WORDS), n_long, REFERENCE_WORDS)
    taken = {text_key(text.text) for text in long}
    rest = (t for t in usable if _n_words(t) >= _FEWEST_WORDS and text_key(t.text) not in taken)
    return [*long, *by_turns(rest, n_medium, MEDIUM_WORDS)]


def by_turns(texts: Iterable[LabelledText], most: int, n_words: int) -> list[LabelledText]:
    """At most so many, one of each source after another, cut to so many words."""
    groups: dict[str, list[LabelledText]] = defaultdict(list)
    for text in texts:
        groups[f"corpus: {text.domain}" if text.dataset == "corpus" else text.dataset].append(text)
    found: list[LabelledText] = []
    queues = [iter(group) for group in groups.values()]
    while queues and len(found) < most:
        for queue in list(queues):
            following = next(queue, None)
            if following is None:
                queues.remove(queue)
            elif len(found) < most:
                found.append(replace(following, text=" ".join(following.text.split(" ")[:n_words])))
    return found


def _n_words(text: LabelledText) -> int:
    return len(text.text.split(" "))


def whose_parts_are_measured(
    detection: Path, table: FeatureTable, n_machines: int, n_dev: int
) -> list[tuple[str, LabelledText]]:
    """(role, text) of texts that a table holds, as they stand there: machine texts that calibrate, and dev texts.

    At most ``n_dev`` of each label, and ``n_machines`` beside the long ones, in an order made by hash. Texts are told
    by their keys alone: one that the table holds in another length gives rows that match none.
    """
    held = {
        (role, label): {
            str(key) for key in table.text_key[(table.role == role) & (table.is_machine == label) & table.is_whole]
        }
        for role in ("calibrate", "dev")
        for label in (False, True)
    }
    fitted = [text for text in select(detection, "fit", humans=0, machines=60) if text.is_machine]
    machines = [replace(t, text=_beginning(t)) for t in fitted if role_of(t.pair_id) == "calibrate"]
    judging = select(detection, "dev", 600, 60)
    found: list[tuple[str, LabelledText]] = []
    for role, label, texts, most in (
        ("calibrate", True, machines, n_machines),
        ("dev", False, [t for t in judging if not t.is_machine], n_dev),
        ("dev", True, [t for t in judging if t.is_machine], n_dev),
    ):
        known = [t for t in texts if text_key(t.text) in held[role, label]]
        known.sort(key=lambda t: unit_hash("parts" + t.pair_id + t.text[:80]))
        found += [(role, text) for text in known[:most]]
        if role == "calibrate":  # long machine texts are rare
            found += [(role, text) for text in known[most:] if _n_words(text) >= LONG_WORDS]
    return found


def _beginning(text: LabelledText) -> str:
    return " ".join(text.text.split(" ")[:REFERENCE_WORDS])
