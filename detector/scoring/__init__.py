"""Texts in, ``TokenScores`` out: one pass of a language model, every statistic; ``PairScores`` for two."""

from detector.scoring.engine import score_texts
from detector.scoring.pair import PairScores, score_pairs
from detector.scoring.records import PerturbedScores, RegeneratedScores, TokenScores

__all__ = ["PairScores", "PerturbedScores", "RegeneratedScores", "TokenScores", "score_pairs", "score_texts"]
