"""Texts in, ``TokenScores`` out: one pass of a language model, every statistic."""

from detector.scoring.engine import score_texts
from detector.scoring.records import TokenScores

__all__ = ["TokenScores", "score_texts"]
