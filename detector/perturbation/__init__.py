"""Variations of a text for the methods that compare it with them: perturbed copies, regenerated endings."""

from detector.perturbation.mask_filling import MaskFiller
from detector.perturbation.perturber import Perturber, score_perturbed
from detector.perturbation.regeneration import regenerate
from detector.perturbation.span_resampling import SpanResampler

__all__ = ["MaskFiller", "Perturber", "SpanResampler", "regenerate", "score_perturbed"]
