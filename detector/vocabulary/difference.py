"""Two saved analyses side by side: what changed between two models, versions or settings."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from detector.vocabulary.analysis_record import VocabularyAnalysis
from detector.vocabulary.tokenizer_analysis import Category


@dataclass(frozen=True)
class Change:
    """One token, by how it is shown, with what each run says of it."""

    display: str
    first: str
    second: str


@dataclass(frozen=True)
class Difference:
    """What differs; tokens of different tokenizers are matched by how they are shown."""

    names: tuple[str, str]
    same_tokenizer: bool
    same_embeddings: bool | None
    """None where either run had no weights."""
    settings: dict[str, tuple[Any, Any]]
    """Settings and versions that differ, by name."""
    shared: int
    """Tokens that both vocabularies have."""
    only_first: int
    only_second: int
    counts: dict[str, tuple[int, int]]
    """Tokens of each category, suspects besides each run's reference rows and, where both runs prompted, confirmed
    tokens."""
    prompted: tuple[bool, bool]
    """Whether each run prompted."""
    categories: tuple[Change, ...]
    """Tokens in another category."""
    suspects_only_first: tuple[str, ...]
    suspects_only_second: tuple[str, ...]
    confirmed_only_first: tuple[str, ...]
    confirmed_only_second: tuple[str, ...]
    rank_correlation: float | None
    """Spearman's, of the combined scores of shared tokens; None where either run has no ranking."""

    def to_dict(self) -> dict[str, Any]:
        """A JSON object."""
        return {
            **vars(self),
            "schema_version": 1,
            "settings": {name: list(pair) for name, pair in self.settings.items()},
            "categories": [vars(change) for change in self.categories],
        }


def difference(first: VocabularyAnalysis, second: VocabularyAnalysis) -> Difference:
    """Compare two analyses."""
    same_tokenizer = first.tokenizer_fingerprint == second.tokenizer_fingerprint
    pairs = _matched(first, second, same_tokenizer)
    suspects = [{a.display[i] for i in a.suspects().tolist()} for a in (first, second)]
    new_suspects = [{a.display[i] for i in a.new_suspects().tolist()} for a in (first, second)]
    prompted = (first.verification is not None, second.verification is not None)
    confirmed = [{a.display[i] for i in a.confirmed_ids()} if all(prompted) else set() for a in (first, second)]
    fingerprints = (first.embeddings_fingerprint, second.embeddings_fingerprint)
    return Difference(
        names=(first.model_name, second.model_name),
        same_tokenizer=same_tokenizer,
        same_embeddings=fingerprints[0] == fingerprints[1] if all(fingerprints) else None,
        settings=_differing({**first.settings, **first.software}, {**second.settings, **second.software}),
        shared=len(pairs),
        only_first=len(first) - len(pairs),
        only_second=len(second) - len(pairs),
        counts={
            **{c.value: (first.categories.count(c), second.categories.count(c)) for c in Category},
            "suspect": (len(first.new_suspects()), len(second.new_suspects())),
            **({"confirmed": (len(confirmed[0]), len(confirmed[1]))} if all(prompted) else {}),
        },
        prompted=prompted,
        categories=tuple(
            Change(first.display[i], first.categories[i].value, second.categories[j].value)
            for i, j in pairs
            if first.categories[i] is not second.categories[j]
        ),
        suspects_only_first=tuple(sorted(new_suspects[0] - suspects[1])),
        suspects_only_second=tuple(sorted(new_suspects[1] - suspects[0])),
        confirmed_only_first=tuple(sorted(confirmed[0] - confirmed[1])),
        confirmed_only_second=tuple(sorted(confirmed[1] - confirmed[0])),
        rank_correlation=_correlation(first, second, pairs),
    )


def _matched(first: VocabularyAnalysis, second: VocabularyAnalysis, same: bool) -> list[tuple[int, int]]:
    if same:
        return [(i, i) for i in range(min(len(first), len(second)))]
    place = {shown: j for j, shown in enumerate(second.display)}
    found = {shown: (i, place[shown]) for i, shown in enumerate(first.display) if shown in place}
    return list(found.values())


def _differing(first: dict[str, Any], second: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    names = [*first, *(name for name in second if name not in first)]
    return {name: (first.get(name), second.get(name)) for name in names if first.get(name) != second.get(name)}


def _correlation(first: VocabularyAnalysis, second: VocabularyAnalysis, pairs: list[tuple[int, int]]) -> float | None:
    from scipy.stats import spearmanr

    if not pairs:
        return None
    left, right = (np.array(ids) for ids in zip(*pairs, strict=True))
    scores = np.stack([first.score[left], second.score[right]])
    scores = scores[:, np.isfinite(scores).all(axis=0)]
    if scores.shape[1] < 2 or np.ptp(scores[0]) == 0 or np.ptp(scores[1]) == 0:
        return None
    return float(spearmanr(*scores).statistic)
