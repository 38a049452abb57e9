"""Reading on from what a model has read already, with its cache of keys and values."""

from functools import cache as computed_once
from typing import TYPE_CHECKING, Any

from torch import Tensor

if TYPE_CHECKING:
    from detector.models.language_model import LanguageModel


def read_on(
    language_model: "LanguageModel",
    input_ids: Tensor,
    cache: Any = None,
    *,
    use_cache: bool = True,
    logits_to_keep: int | Tensor = 1,
    **options: Tensor,
) -> tuple[Tensor, Any]:
    """Logits (batch, kept, V) in float32 of ids (batch, length) behind what ``cache`` holds; and the cache, longer.

    ``cache`` is what an earlier call gave, and is changed; None where nothing was read. ``logits_to_keep`` is how
    many of the last places are wanted, or which; ``options``, such as an attention mask, go to the model. Without
    ``use_cache`` no cache is given back. Raises ``ModelError`` for logits that are no numbers.
    """
    name = _name_of_cache()
    place = {key: value.to(language_model.device) for key, value in options.items()}
    output = language_model.model(
        input_ids=input_ids.to(language_model.device),
        use_cache=use_cache,
        logits_to_keep=logits_to_keep,
        **{name: cache},
        **place,
    )
    logits = output.logits.float()
    language_model.check_finite(logits.amax(dim=-1))  # a masked entry may be -inf, the largest may not
    return logits, getattr(output, name) if use_cache else None


@computed_once
def _name_of_cache() -> str:
    """As this version of transformers spells it: ``past_key_values`` was renamed within version 5."""
    from transformers.modeling_outputs import CausalLMOutputWithPast

    return "cache" if "cache" in CausalLMOutputWithPast.__dataclass_fields__ else "past_key_values"
