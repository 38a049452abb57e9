"""Language models: the embedded default, a local folder, or a Hugging Face name."""

from detector.models.language_model import LanguageModel

__all__ = ["LanguageModel"]
