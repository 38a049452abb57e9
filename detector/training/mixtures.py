"""Texts of parts by both authors, made from the pairs of labelled sets: what the division into parts is fitted on."""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from detector.documents.hashing import unit_hash
from detector.evaluation.labelled_texts import LabelledText
from detector.evaluation.splicing import SplicedText, mixed_text
from detector.training.roles import texts_with_role

_FEWEST_PAIRS = 20
_ROUNDS = 4
"""Times that every pair of a set is tried at most."""
LOCAL_WORDS = (150, 220, 280)
CHAIN_WORDS = (200, 300)
DEV_WORDS = (150, 300, 450)
LOCAL_TEXTS = {"": 230, "l2r.domains": 420, "biscope.creative": 330, "biscope.yelp": 180, "raidar.arxiv_yelp": 180}
"""Most texts of a set that fit the probe of parts; those of all others under the empty name."""
CHAIN_TEXTS = {"": 45, "l2r.domains": 80}
DEV_TEXTS = {"": 70}


@dataclass(frozen=True)
class Mixture:
    """A text of both authors and where it comes from."""

    spliced: SplicedText
    dataset: str
    pair_id: str


def mixtures(
    detection: Path,
    part: str,
    role: str | None,
    most: Mapping[str, int],
    words: Sequence[int],
    seed: str,
    at_clauses: bool = False,
) -> list[Mixture]:
    """Of the pairs of a part of ``detection_splits.json`` with this role (None for all), in an order made by hash.

    ``at_clauses`` is that of ``mixed_text``.
    """
    found: list[Mixture] = []
    for name, texts in texts_with_role(detection, part, role):
        sides: dict[str, dict[bool, list[LabelledText]]] = defaultdict(lambda: {False: [], True: []})
        for text in texts:
            sides[text.pair_id][text.is_machine].append(text)
        pairs = [(key, pair) for key, pair in sides.items() if pair[False] and pair[True]]
        if len(pairs) < _FEWEST_PAIRS:
            continue
        rng = random.Random(seed + name)
        pairs.sort(key=lambda pair: unit_hash(seed + pair[0]))
        generators = sorted({text.generator for _, pair in pairs for text in pair[True]})
        wanted, made = most.get(name, most[""]), 0
        for tried in range(_ROUNDS * len(pairs)):
            if made == wanted:
                break
            key, pair = pairs[tried % len(pairs)]
            generator = generators[(tried + 1) % len(generators)]
            machines = [text for text in pair[True] if text.generator == generator] or pair[True]
            human, machine = rng.choice(pair[False]), rng.choice(machines)
            if one := mixed_text(human.text, machine.text, rng.choice(words), rng, at_clauses):
                found.append(Mixture(one, name, key))
                made += 1
    return found
