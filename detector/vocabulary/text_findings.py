"""Places in a text where it holds tokens that its model hardly knows.

Three kinds, in the order of their weight:

    impossible_token    no text is turned into this token: the ids come from elsewhere, as from a model's own output
    undertrained_token  never seen in training, or, where training is not known, with weights as if never trained
    rare_token          seen fewer than ten times in training, or, where it is not known, trained but not given back by
                        the model when it is asked to

Ten is chosen so that ordinary texts stay clean: of 300 texts of each of ten sources at most 3 in 100 hold
such a token. A finding is no sign of a machine: it says that the model's numbers at this place mean little,
and that a character may not be what it looks like.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from detector.errors import InputError
from detector.vocabulary.analysis_record import VocabularyAnalysis, load_analysis
from detector.vocabulary.merge_residue import load_counts
from detector.vocabulary.tokenizer_analysis import Category

Kind = Literal["impossible_token", "undertrained_token", "rare_token"]
_WEIGHT: dict[Kind, int] = {"rare_token": 1, "undertrained_token": 2, "impossible_token": 3}

SELDOM = 10
"""Times in training below which a token is called rare."""


@dataclass(frozen=True)
class TokenFinding:
    """A run of such tokens; characters are those of the text."""

    kind: Kind
    start_char: int
    end_char: int
    detail: str
    """Reason, with the count where it is known."""


@dataclass(frozen=True, eq=False)
class TokenHistory:
    """What is known of the tokens of one model."""

    kinds: dict[int, Kind]
    """Only tokens of which there is something to say."""
    reasons: dict[int, str]
    """Why, where no count says it."""
    counts: NDArray[np.int64] | None
    """How often each token stood in training, (vocabulary,)."""

    @classmethod
    def from_counts(cls, counts: NDArray[np.int64]) -> "TokenHistory":
        """From the counts of training, which settle it. Shape (vocabulary,)."""
        kinds: dict[int, Kind] = {
            int(i): "undertrained_token" if counts[i] == 0 else "rare_token" for i in np.flatnonzero(counts < SELDOM)
        }
        return cls(kinds, {}, counts)

    @classmethod
    def from_analysis(cls, analysis: VocabularyAnalysis) -> "TokenHistory":
        """From a saved analysis: counts if it has them, else weights and prompting."""
        impossible = analysis.ids(Category.UNREACHABLE, Category.UNASSIGNED)
        impossible += [
            i
            for i in analysis.ids(Category.PARTIAL_UTF8)
            if i not in analysis.examples and "no UTF-8 text" in analysis.reasons.get(i, "")
        ]
        reasons = {i: analysis.reasons.get(i, "no text is turned into it") for i in impossible}
        kinds: dict[int, Kind] = {}
        if analysis.training_counts is not None:
            kinds |= cls.from_counts(analysis.training_counts).kinds
        else:
            for i in analysis.confirmed_ids():
                kinds[i], reasons[i] = "rare_token", "the model cannot give it back when it is asked to"
            for i in np.flatnonzero(analysis.at_floor).tolist():
                kinds[i], reasons[i] = "undertrained_token", "its weights look never trained"
        kinds |= dict.fromkeys(impossible, "impossible_token")
        return cls(kinds, {i: reasons[i] for i in kinds if i in reasons}, analysis.training_counts)

    def findings(
        self, token_ids: NDArray[np.int32], start_char: NDArray[np.int32], end_char: NDArray[np.int32]
    ) -> list[TokenFinding]:
        """Places of such tokens in a text; neighbours are one place. Arrays are aligned, one entry a token.

        Shape (n_tokens,).
        """
        flagged = [
            (int(i), int(start), int(end))
            for i, start, end in zip(token_ids, start_char, end_char, strict=True)
            if int(i) in self.kinds
        ]
        return [self._finding(run) for run in _runs(flagged)]

    def _finding(self, run: list[tuple[int, int, int]]) -> TokenFinding:
        ids = [token_id for token_id, _, _ in run]
        kind = max((self.kinds[i] for i in ids), key=lambda k: _WEIGHT[k])
        return TokenFinding(kind, run[0][1], max(end for _, _, end in run), self._detail(kind, ids))

    def _detail(self, kind: Kind, ids: list[int]) -> str:
        subject = "a token" if len(ids) == 1 else f"{len(ids)} tokens"
        if kind == "impossible_token" or self.counts is None:
            reasons = list(dict.fromkeys(self.reasons[i] for i in ids if self.kinds[i] == kind))
            return f"{subject}: {'; '.join(reasons)}"
        low, high = int(self.counts[ids].min()), int(self.counts[ids].max())
        if high == 0:
            return f"{subject} never seen in training; the model's numbers mean nothing here"
        times = f"{low} times" if low == high != 1 else "once" if low == high else f"{low} to {high} times"
        return f"{subject} seen {times} in training, among {self.counts.sum():,}; the model knows little of this"


def _runs(flagged: Iterable[tuple[int, int, int]]) -> Iterator[list[tuple[int, int, int]]]:
    """Tokens that touch, or share a character, together."""
    listed = list(flagged)
    if not listed:
        return
    borders = [i for i, (left, right) in enumerate(pairwise(listed), start=1) if right[1] > left[2]]
    for start, end in zip([0, *borders], [*borders, len(listed)], strict=True):
        yield listed[start:end]


def history_of(folder: Path | None, analysis_path: Path | None, tokenizer_fingerprint: str) -> TokenHistory | None:
    """What is known of a model: the saved analysis given, else the counts in its folder, else None.

    Raises ``InputError`` for an analysis of another tokenizer.
    """
    if analysis_path is not None:
        analysis = load_analysis(analysis_path)
        if not tokenizer_fingerprint.startswith(analysis.tokenizer_fingerprint):
            raise InputError(
                f"{analysis_path} is an analysis of {analysis.model_name}, whose tokenizer is another one "
                f"({analysis.tokenizer_fingerprint}, and here {tokenizer_fingerprint[:16]}). "
                "Make one for this model: detect tokens MODEL --out FILE.json"
            )
        return TokenHistory.from_analysis(analysis)
    if folder is None:
        return None
    counts = load_counts(folder)
    return None if counts is None else TokenHistory.from_counts(counts)
