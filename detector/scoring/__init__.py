"""Texts in, ``TokenScores`` out: one pass of a language model, every statistic; ``PairScores`` for two."""

from detector.records.pair_scores import PairScores
from detector.records.token_scores import PerturbedScores, RegeneratedScores, TokenScores
from detector.scoring.engine import score_texts
from detector.scoring.pair import score_pairs

__all__ = ["PairScores", "PerturbedScores", "RegeneratedScores", "TokenScores", "score_pairs", "score_texts"]
