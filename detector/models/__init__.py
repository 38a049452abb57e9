"""Language models: those known by name, a local folder, a GGUF file, or a Hugging Face name."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from detector.models.language_model import LanguageModel

__all__ = ["LanguageModel"]


def __getattr__(name: str) -> Any:
    # On first use: the catalogue beside it is asked where nobody needs torch.
    if name == "LanguageModel":
        from detector.models.language_model import LanguageModel

        return LanguageModel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
