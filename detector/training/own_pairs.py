"""A small labelled set from a person's own texts: passages of them, and what a model writes in their place.

For each passage a model goes on from its first words; the two share a ``pair_id``, and the words that both begin with
stand in the human text alone. Such a set tells a person's writing from *that* model's, which chat models do not write
like: it is enough to try the commands, and texts of the models that matter belong beside it.
"""

from collections.abc import Callable, Iterator, Sequence

from detector.documents.hashing import unit_hash
from detector.documents.reading import SourceText
from detector.documents.sentences import sentence_spans
from detector.errors import InputError
from detector.generation.sampler import generate
from detector.generation.sampling import SamplingSettings
from detector.models.language_model import LanguageModel

PROMPT_WORDS = 25
FEWEST_WORDS = 60
"""Of a passage; the last sentences of a text that come to fewer are left out."""
_TOKENS_A_WORD = 1.5
_AT_ONCE = 8
_SETTINGS = SamplingSettings(temperature=0.8, top_p=0.95)

Record = dict[str, str]


def passages(text: str, n_words: int) -> list[str]:
    """Runs of whole sentences that come to ``n_words`` words, or a little more."""
    found: list[str] = []
    waiting: list[str] = []
    for start, end in sentence_spans(text):
        waiting.append(" ".join(text[start:end].split()))
        if len(" ".join(waiting).split()) >= n_words:
            found.append(" ".join(waiting))
            waiting = []
    if len(" ".join(waiting).split()) >= FEWEST_WORDS:
        found.append(" ".join(waiting))
    return found


def make_pairs(
    sources: Sequence[SourceText],
    language_model: LanguageModel,
    n_words: int = 120,
    most: int = 200,
    seed: int = 0,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[Record]:
    """Two records a passage, human and machine, of at most ``most`` passages chosen by hash.

    Raises ``InputError`` where no text has a passage of ``FEWEST_WORDS`` words.
    """
    chosen = [(f"{source.id}:{i}", p) for source in sources for i, p in enumerate(passages(source.text, n_words))]
    if not chosen:
        raise InputError(
            f"None of the {len(sources)} texts has {FEWEST_WORDS} words of English prose; give longer ones."
        )
    chosen = sorted(sorted(chosen, key=lambda passage: unit_hash(f"pairs:{passage[0]}"))[:most])
    for at in range(0, len(chosen), _AT_ONCE):
        group = chosen[at : at + _AT_ONCE]
        prompts = [_prompt(language_model, passage) for _, passage in group]
        longest = max(len(passage.split()) for _, passage in group)
        drawn = generate(
            language_model, prompts, max_tokens=round(_TOKENS_A_WORD * longest), settings=_SETTINGS, seed=seed + at
        )
        for (pair_id, passage), made in zip(group, drawn, strict=True):
            yield {"text": passage, "label": "human", "pair_id": pair_id}
            text = " ".join(made.text.split()[: len(passage.split())])
            yield {"text": text, "label": "machine", "pair_id": pair_id, "generator": language_model.name}
        report(min(at + _AT_ONCE, len(chosen)), len(chosen))


def _prompt(language_model: LanguageModel, passage: str) -> str:
    """The first words, so many that most of what the model reads at once is left for what follows."""
    room = language_model.window_tokens // 4
    words = passage.split()[:PROMPT_WORDS]
    while len(words) > 1 and len(language_model.encoder.encode(" ".join(words))[0]) > room:
        words.pop()
    return " ".join(words)
