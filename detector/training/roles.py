"""Which labelled text may do what: tune a voice, fit the classifier, calibrate it, or judge it.

A pair of human and machine text has one role for ever, decided by its hash; texts that several
roles would share are left out of the later one.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from detector.documents.folding import fold
from detector.documents.hashing import unit_hash
from detector.errors import InputError
from detector.evaluation.labelled_texts import (
    LENGTHS_IN_WORDS,
    LabelledText,
    cut_alike,
    read_labelled,
    sample,
    text_key,
    without_overlap,
    without_repeats,
    word_shingles,
)
from detector.training.corpus import read_documents

SPLITS_FILE = Path(__file__).parents[2] / "datasets" / "detection_splits.json"
VOICE_SHARE = 0.5
"""Pairs below this hash are kept for tuning language models and never reach the classifier."""
FIT_SHARE = 0.8
"""Of all pairs, those between ``VOICE_SHARE`` and this fit the classifier; the rest calibrate it."""
LONG_VALIDATION_SHARE = 7
"""The validation split adds one long reference piece a genre for so many of the reference split."""
REFERENCE_WORDS = 330
"""About 430 tokens, so that every length bucket but the longest has references cut to it."""
LONG_REFERENCES = 250
PIECE_WORDS = 620
"""Length of a reference piece: about 830 tokens, so that the longest length bucket has references."""


def role_of(pair_id: str) -> str:
    """``voice``, ``fit`` or ``calibrate``: a pair has one role for ever."""
    position = unit_hash("role:" + pair_id)
    return "voice" if position < VOICE_SHARE else "fit" if position < FIT_SHARE else "calibrate"


def select(data: Path, part: str, humans: int, machines: int) -> list[LabelledText]:
    """Texts of the ``fit`` or ``dev`` part of ``detection_splits.json``, cut to like length, none twice.

    At most ``humans`` human texts a data set and ``machines`` machine texts a generator and data set
    (or as many as the entry says).
    The half of the fit pairs that is kept for language models is left out.
    """
    recipe = _recipe()
    texts: list[LabelledText] = []
    for entry in recipe[part]:
        admitted = (
            text
            for text in _entry_texts(data, entry)
            if (part == "dev" or role_of(text.pair_id) != "voice") and _on_side(recipe, part, text)
        )
        texts += sample(cut_alike(admitted), humans, entry.get("machines", machines), seed=part)
    return without_repeats(texts)


def texts_with_role(data: Path, part: str, role: str | None) -> Iterator[tuple[str, list[LabelledText]]]:
    """(data set, its texts uncut) of the ``fit`` or ``dev`` part; of the fit pairs only those with this role."""
    recipe = _recipe()
    for entry in recipe[part]:
        yield (
            entry["dataset"],
            [
                text
                for text in _entry_texts(data, entry)
                if (role is None or role_of(text.pair_id) == role) and _on_side(recipe, part, text)
            ],
        )


@dataclass(frozen=True)
class VoiceDomain:
    """What one domain gives to the two voices; each text in full, none twice."""

    name: str
    human: list[LabelledText]
    machine: list[LabelledText]

    @property
    def usable(self) -> bool:
        """Whether both voices can be tuned on it."""
        return bool(self.human and self.machine)


def voice_domains(data: Path) -> list[VoiceDomain]:
    """The half of the fit pairs that tunes the voices, by the domains of ``detection_splits.json``."""
    recipe = _recipe()
    entries = {entry["dataset"]: entry for entry in recipe["fit"]}
    texts: dict[str, list[LabelledText]] = {}
    for name in {name for domain in recipe["voices"] for side in ("human", "machine") for name in domain[side]}:
        texts[name] = [
            t for t in _entry_texts(data, entries[name]) if role_of(t.pair_id) == "voice" and _on_side(recipe, "fit", t)
        ]
    domains = []
    for domain in recipe["voices"]:
        human, machine = (
            without_repeats(t for name in domain[side] for t in texts[name] if t.is_machine == (side == "machine"))
            for side in ("human", "machine")
        )
        domains.append(VoiceDomain(domain["domain"], human, machine))
    return domains


PROBE_WORDS = 200
"""Longest text a probe is fitted on; the mean state of a longer one tells hardly more, at twice the cost."""
NEGATIVE_WORDS = LENGTHS_IN_WORDS[:6]
NEGATIVES = "corpus.validation"
"""Data set of human texts that show a probe what human texts are like and are no side of a comparison."""
ALL = 1_000_000


def probe_texts(
    detection: Path, corpus: Path, humans: int = ALL, machines: int = ALL, negatives: int = ALL, part: str = "probe"
) -> list[LabelledText]:
    """Texts that fit a probe: of the half of the pairs that the classifier never sees, in an order made by hash.

    At most ``humans`` and ``machines`` of them, cut to ``PROBE_WORDS``, and as many ``negatives``, human texts of the
    validation split of the corpus. A set gives no more humans, and a generator of it no more machine texts, than the
    ``part`` of ``detection_splits.json`` says: ``probe``, or ``hidden_layer``, which takes twice as many.
    """
    recipe = _recipe()
    domains = {
        name: domain["domain"] for domain in recipe["voices"] for side in ("human", "machine") for name in domain[side]
    } | recipe["probe"]["domains"]
    most = recipe[part]["machines"]
    texts: list[LabelledText] = []
    for entry in recipe["fit"]:
        admitted = (
            text
            for text in _entry_texts(detection, entry)
            if role_of(text.pair_id) == "voice" and _on_side(recipe, "fit", text)
        )
        name = entry["dataset"]
        chosen = sample(cut_alike(admitted), recipe[part]["humans"], most.get(name, most["others"]), seed="probe")
        texts += [replace(text, domain=domains[name]) for text in chosen]
    ordered = sorted(without_repeats(texts), key=lambda t: unit_hash("A" + t.pair_id + t.text[:80]))
    sides = [text for text in ordered if not text.is_machine][:humans]
    sides += [text for text in ordered if text.is_machine][:machines]
    judged = {shingle for text in select(detection, "dev", 600, 60) for shingle in word_shingles(text.text)}
    others = [
        replace(text, dataset=NEGATIVES, text=_first_words(text, NEGATIVE_WORDS))
        for text in human_references(corpus, recipe["probe"]["negatives"], "validation")
    ]
    others.sort(key=lambda t: unit_hash("neg" + t.pair_id + t.text[:80]))
    return without_overlap([*(_cut_to(text, PROBE_WORDS) for text in sides), *others[:negatives]], judged)


def within_budget(
    labelled: Sequence[tuple[str, LabelledText]], most: Mapping[str, int], long_references: int = LONG_REFERENCES
) -> list[tuple[str, LabelledText]]:
    """At most so many texts of each kind, chosen by hash: ``fit``, ``dev``, ``calibrate`` and ``corpus``.

    Texts that calibrate are cut to ``REFERENCE_WORDS``, but for the first ``long_references`` pieces of the corpus: a
    pass of a larger model is dear.
    """
    kinds: dict[str, list[tuple[str, LabelledText]]] = {}
    for role, text in labelled:
        kinds.setdefault("corpus" if text.dataset == "corpus" else role, []).append((role, text))
    kept: list[tuple[str, LabelledText]] = []
    for kind, items in kinds.items():
        seed = {"calibrate": "cal", "corpus": "cor"}.get(kind, kind)
        items.sort(key=lambda item: unit_hash(seed + item[1].pair_id + item[1].text[:80]))
        for number, (role, text) in enumerate(items[: most[kind]]):
            is_whole = role != "calibrate" or (kind == "corpus" and number < long_references)
            kept.append((role, text if is_whole else _cut_to(text, REFERENCE_WORDS)))
    return kept


def _cut_to(text: LabelledText, words: int) -> LabelledText:
    return replace(text, text=" ".join(text.text.split(" ")[:words]))


def _first_words(text: LabelledText, lengths: Sequence[int]) -> str:
    limit = lengths[int(unit_hash("neg:" + text.pair_id) * len(lengths))]
    return " ".join(text.text.split(" ")[:limit])


def _on_side(recipe: dict[str, Any], part: str, text: LabelledText) -> bool:
    """Where a data set stands in both parts, with other generators, its pairs are divided between them too."""
    shared = {entry["dataset"] for entry in recipe["fit"]} & {entry["dataset"] for entry in recipe["dev"]}
    if text.dataset not in shared:
        return True
    return (unit_hash("part:" + text.pair_id) < 0.5) == (part == "dev")


def _recipe() -> dict[str, Any]:
    return json.loads(SPLITS_FILE.read_text(encoding="utf-8"))


def _entry_texts(data: Path, entry: dict[str, Any]) -> Iterator[LabelledText]:
    paths = [p for p in sorted(data.glob("*.jsonl*")) if p.name.split(".jsonl")[0] == entry["dataset"]]
    if not paths:
        raise InputError(f"The data set {entry['dataset']} is not in {data}; {SPLITS_FILE.name} asks for it.")
    return (text for text in read_labelled(paths[0]) if _admits(entry, text))


def _admits(entry: dict[str, Any], text: LabelledText) -> bool:
    if "generators" in entry and text.is_machine:
        first = unit_hash("generator:" + text.generator) < 0.5
        if first != (entry["generators"] == "first_half"):
            return False
    if "attack_at_least" in entry and text.is_machine:
        degree = text.attack.rpartition(":")[2]
        return degree.isdigit() and int(degree) >= entry["attack_at_least"]
    return True


def human_references(corpus: Path, per_genre: int, split: str = "reference") -> list[LabelledText]:
    """Pieces of corpus documents of a held-out ``split``, that no model was trained on, folded.

    Of every genre at most ``per_genre`` pieces of ``PIECE_WORDS`` words, taken round by round (the
    first piece of every document before the second of any), and half as many documents too short for
    that. Shorter references are beginnings of these; they have the same token scores.
    """
    long: dict[str, list[tuple[int, float, LabelledText]]] = {}
    short: dict[str, list[tuple[int, float, LabelledText]]] = {}
    for index, document in enumerate(read_documents(corpus)):
        if document.split != split:
            continue
        words = fold(document.text).text.split()
        for number in range(max(1, len(words) // PIECE_WORDS)):
            kept = words[number * PIECE_WORDS : min((number + 1) * PIECE_WORDS, len(words) - 1)]
            if len(kept) < LENGTHS_IN_WORDS[0]:
                continue
            # The index tells documents apart that share a source, such as the abstracts of one volume.
            key = f"{document.source}:{index}:{number}"
            text = LabelledText(" ".join(kept), False, "corpus", key, domain=document.genre)
            kind = long if len(kept) >= PIECE_WORDS - 1 else short
            kind.setdefault(document.genre, []).append((number, unit_hash(key), text))
    return [
        text
        for kind, most in ((long, per_genre), (short, per_genre // 2))
        for found in kind.values()
        for *_, text in sorted(found, key=lambda p: p[:2])[:most]
    ]


def unshown_references(corpus: Path, per_genre: int) -> list[LabelledText]:
    """As ``human_references``, of those documents of the validation split of which a probe is shown no piece."""
    shown = {_document(text) for text in human_references(corpus, _recipe()["probe"]["negatives"], "validation")}
    return [text for text in human_references(corpus, per_genre, "validation") if _document(text) not in shown]


def _document(text: LabelledText) -> str:
    return text.pair_id.rpartition(":")[0]


def machine_references(data: Path, per_generator: int) -> list[LabelledText]:
    """Long machine texts of the fit sets that calibrate, cut to ``PIECE_WORDS``.

    Pairs are cut to their shorter side, which leaves next to no long machine text otherwise. At most
    ``per_generator`` a data set and generator.
    """
    recipe = _recipe()
    found: list[LabelledText] = []
    for entry in recipe["fit"]:
        long = (
            replace(text, text=" ".join(text.text.split(" ")[:PIECE_WORDS]))
            for text in _entry_texts(data, entry)
            if text.is_machine
            and role_of(text.pair_id) == "calibrate"
            and _on_side(recipe, "fit", text)
            and text.text.count(" ") >= PIECE_WORDS
        )
        found += sample(long, 0, per_generator, seed="long")
    return without_repeats(found)


def training_shingles(corpus: Path, texts: Iterable[LabelledText]) -> set[int]:
    """Shingles of ``texts`` that also stand in a document the base model was trained on.

    Public data sets borrow from public corpora; what a model has read must not evaluate it.
    """
    wanted = {shingle for text in texts for shingle in word_shingles(text.text)}
    found: set[int] = set()
    for document in read_documents(corpus):
        if document.split == "train":
            found.update(wanted.intersection(word_shingles(document.text)))
    return found


def labelled_texts(
    detection: Path, corpus: Path, humans: int, machines: int, per_genre: int, with_validation: bool = True
) -> list[tuple[str, LabelledText]]:
    """Every (role, text) the classifier is fitted, calibrated and judged on, cleared of leaks.

    ``humans`` and ``machines`` bound the texts a data set and generator, ``per_genre`` the references a genre.
    ``with_validation`` is false for a model with a probe, which that split has shown what human texts are like.

    Texts the base model or a voice was trained on are left out of all roles, and dev texts that
    share a fifth of their shingles with anything fitted or calibrated on are left out of dev.
    """
    fit = select(detection, "fit", humans, machines)
    dev = select(detection, "dev", humans, machines)
    references = human_references(corpus, per_genre)
    # Long human texts are rarest: the split that watched the training adds some of every genre.
    more = human_references(corpus, per_genre // LONG_VALIDATION_SHARE, "validation") if with_validation else []
    references += [text for text in more if text.text.count(" ") >= PIECE_WORDS - 2]
    known = {text_key(text.text) for text in fit}
    fit += [text for text in machine_references(detection, machines // 3) if text_key(text.text) not in known]
    read = training_shingles(corpus, [*fit, *dev, *references])
    for domain in voice_domains(detection):
        for text in [*domain.human, *domain.machine]:
            read.update(word_shingles(text.text))
    fit, dev, references = (without_overlap(texts, read) for texts in (fit, dev, references))
    used = {shingle for text in [*fit, *references] for shingle in word_shingles(text.text)}
    return [
        *((role_of(text.pair_id), text) for text in fit),
        *(("calibrate", text) for text in references),
        *(("dev", text) for text in without_overlap(dev, used)),
    ]
