"""Text from a model: what the next token is drawn from, and the drawing."""

from detector.generation.sampler import Generated, check_prompt, check_request, generate, next_token_distribution
from detector.generation.sampling import SamplingSettings

__all__ = [
    "Generated",
    "SamplingSettings",
    "check_prompt",
    "check_request",
    "generate",
    "next_token_distribution",
]
