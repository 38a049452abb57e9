"""Word weights from the texts that tune the voices: a logistic regression over hashed words and pairs.

The classifier never sees these texts, so its lexical feature is as good on them as on new ones.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.sparse import csr_matrix

from detector.documents.hashing import unit_hash
from detector.errors import InputError
from detector.evaluation.labelled_texts import LabelledText
from detector.training.roles import VoiceDomain
from detector.verdict.lexical import LexicalModel, ngrams, slots_of, words

SLOTS = 2**18
_WORDS = (60, 120, 200, 300, 400)
"""Texts are cut to one of these, chosen by hash, so that the weights serve short texts as well."""
_FEWEST_OF_A_GENERATOR = 150


def fit_lexical(domains: Sequence[VoiceDomain], inverse_penalty: float = 30.0, slots: int = SLOTS) -> LexicalModel:
    """Each domain weighs by the square root of its size, half of it for each label.

    Generators of one domain are capped to like numbers, about twice as many machine texts as human ones.
    Raises ``InputError`` when no domain has both labels.
    """
    from sklearn.linear_model import LogisticRegression

    texts: list[str] = []
    labels: list[bool] = []
    weights: list[float] = []
    for domain in domains:
        if not domain.usable:
            continue
        generators: dict[str, list[LabelledText]] = {}
        for text in sorted(domain.machine, key=lambda t: unit_hash("lexical:" + t.text[:200])):
            generators.setdefault(text.generator, []).append(text)
        most = max(_FEWEST_OF_A_GENERATOR, 2 * len(domain.human) // len(generators))
        machine = [text for found in generators.values() for text in found[:most]]
        for side, is_machine in ((domain.human, False), (machine, True)):
            texts += [_cut(text).text for text in side]
            labels += [is_machine] * len(side)
            weights += [np.sqrt(len(domain.human) + len(machine)) / len(side)] * len(side)
    if not texts:
        raise InputError("Word weights need a domain with human and machine texts; there is none.")
    model = LogisticRegression(C=inverse_penalty, solver="liblinear", max_iter=500, random_state=0)
    model.fit(lexical_matrix(texts, slots), labels, sample_weight=np.array(weights) * len(weights) / sum(weights))
    return LexicalModel(model.coef_[0].astype(np.float16).astype(np.float32), float(model.intercept_[0]))


def lexical_matrix(texts: Sequence[str], slots: int) -> csr_matrix:
    """One row a text: 1 / sqrt(number of its distinct words and pairs) in the slot of each, (texts, slots)."""
    columns, values, ends = [], [], [0]
    for text in texts:
        keys, _ = ngrams(words(text))
        columns.append(slots_of(keys, slots).astype(np.int32))
        values.append(np.full(len(keys), 1 / max(1.0, np.sqrt(len(keys)))))
        ends.append(ends[-1] + len(keys))
    # Two keys in one slot are added up, as the score does.
    return csr_matrix(
        (np.concatenate(values), np.concatenate(columns), np.array(ends, dtype=np.int32)), shape=(len(texts), slots)
    )


def _cut(text: LabelledText) -> LabelledText:
    limit = _WORDS[int(unit_hash("lexical length:" + text.text[:200]) * len(_WORDS))]
    return replace(text, text=" ".join(text.text.split(" ")[:limit]))
