"""The analysis of a vocabulary as a table for the terminal and as one JSON object."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from detector.vocabulary.combined_score import DEFAULT_RATE
from detector.vocabulary.tokenizer_analysis import Category

if TYPE_CHECKING:
    from rich.console import Console

    from detector.vocabulary.analysis_record import VocabularyAnalysis
    from detector.vocabulary.difference import Difference

SCHEMA_VERSION = 1
CATEGORY_WORDS = {
    Category.OK: "stand alone",
    Category.SPECIAL: "special",
    Category.PARTIAL_UTF8: "parts of characters",
    Category.DUPLICATE: "duplicates of another",
    Category.UNREACHABLE_ALONE: "reached only between certain neighbours",
    Category.UNREACHABLE: "reached by no text",
    Category.UNASSIGNED: "ids without a token",
}
_UNUSUAL = (Category.DUPLICATE, Category.UNREACHABLE_ALONE, Category.UNREACHABLE)
_MOST_CHANGES = 20
_MOST_RESIDUE = 100


def to_record(analysis: "VocabularyAnalysis") -> dict[str, Any]:
    """What ``detect tokens --json`` prints: counts, and every token of which there is something to say."""
    said = {
        *analysis.suspects().tolist(),
        *analysis.confirmed_ids(),
        *analysis.ids(*_UNUSUAL),
        *np.flatnonzero(analysis.at_floor).tolist(),
    }
    place = {int(token_id): rank for rank, token_id in enumerate(analysis.order, start=1)}
    reference = analysis.reference
    return {
        "schema_version": SCHEMA_VERSION,
        "model": {
            "name": analysis.model_name,
            "tokenizer_fingerprint": analysis.tokenizer_fingerprint,
            "embeddings_fingerprint": analysis.embeddings_fingerprint,
            "is_tied": analysis.is_tied,
            "rows": analysis.rows,
        },
        "tokenizer": {
            "kind": analysis.tokenizer_kind,
            "size": len(analysis),
            "counts": {category.value: analysis.categories.count(category) for category in Category},
            "version_disagreements": len(analysis.versions.disagreements) if analysis.versions else None,
        },
        "reference": {
            "ids": reference.ids.tolist() if reference is not None else [],
            "source": reference.source if reference is not None else "",
            "coherence": reference.coherence if reference is not None else None,
            "refused": reference.refused if reference is not None else None,
        },
        "indicators_used": list(analysis.indicators_used),
        "false_discovery_rate": DEFAULT_RATE,
        "suspects": len(analysis.suspects()),
        "confirmed": len(analysis.confirmed_ids()) if analysis.verification else None,
        "tokens": [
            token_record(analysis, i, place.get(i))
            for i in sorted(said, key=lambda i: (place.get(i, len(place) + 1), i))
        ],
        "merge_residue": [residue_record(analysis, i) for i in analysis.least_standing(_MOST_RESIDUE)],
        "verification": _summary_of_verification(analysis.verification),
        "notes": analysis.notes,
        "settings": analysis.settings,
        "software": analysis.software,
    }


def token_record(analysis: "VocabularyAnalysis", token_id: int, place: int | None) -> dict[str, Any]:
    """Everything known of one token; numbers that do not exist are None."""
    return {
        "id": token_id,
        "text": analysis.display[token_id],
        "category": analysis.categories[token_id].value,
        "reason": analysis.reasons.get(token_id),
        "example": analysis.examples.get(token_id),
        "rank": place,
        "score": _number(analysis.score, token_id),
        "false_discovery_rate": _number(analysis.false_discovery_rate, token_id),
        "at_floor": bool(analysis.at_floor[token_id]),
        "indicators": {name: _number(values, token_id) for name, values in analysis.indicators.items()},
        "training_count": _count(analysis.training_counts, token_id),
        "produced": _count(analysis.produced, token_id),
        "standing": _count(analysis.standing, token_id),
    }


def residue_record(analysis: "VocabularyAnalysis", token_id: int) -> dict[str, Any]:
    """How little of one token the merges leave standing."""
    return {
        "id": token_id,
        "text": analysis.display[token_id],
        "estimated_standing": None
        if analysis.estimated_standing is None
        else _number(analysis.estimated_standing, token_id),
        "produced": _count(analysis.produced, token_id),
        "standing": _count(analysis.standing, token_id),
    }


def print_analysis(console: "Console", analysis: "VocabularyAnalysis", top: int, verified: Iterator[str]) -> None:
    """Categories, what the ranking rests on, the ``top`` suspects, and what prompting found."""
    for line in summary_lines(analysis):
        console.print(line, markup=False, soft_wrap=True)
    suspects = analysis.new_suspects().tolist()
    shown = suspects[:top]
    if shown:
        console.print()
        console.print(_table(analysis, shown))
        if len(suspects) > top:
            console.print("The rest is in --json, --html and --out.", markup=False)
    if not len(analysis.order) and (residue := analysis.least_standing(top)):
        console.print("Without a ranking: tokens that later merges swallow, and that stand alone least.", markup=False)
        console.print(", ".join(analysis.display[i] for i in residue), markup=False, highlight=False)
    for line in verified:
        console.print(line, markup=False, soft_wrap=True)


def summary_lines(analysis: "VocabularyAnalysis") -> Iterator[str]:
    """The analysis in sentences."""
    yield f"{analysis.model_name}: {len(analysis):,} tokens, {analysis.tokenizer_kind}"
    for category, words in CATEGORY_WORDS.items():
        if count := analysis.categories.count(category):
            yield f"  {count:>7,} {words}"
    if analysis.versions and analysis.versions.compared:
        differ = len(analysis.versions.disagreements)
        yield (
            f"Fast and slow version ({analysis.versions.slow_version}): {analysis.versions.compared:,} tokens compared"
            + (f", {differ:,} read differently." if differ else ", no difference.")
        )
    elif analysis.versions and analysis.versions.not_compared:
        yield f"Fast and slow version were not compared: {analysis.versions.not_compared}."
    if analysis.reference is not None and len(analysis.reference):
        yield (
            f"Reference: {len(analysis.reference)} rows ({analysis.reference.source}), mean cosine to each other "
            f"{analysis.reference.coherence:.3f}, {len(analysis.reference.dropped)} outliers left out."
        )
    if analysis.indicators_used:
        yield f"Ranked by: {', '.join(indicator_words(name) for name in analysis.indicators_used)}."
        suspects = analysis.new_suspects()
        number = f"{len(suspects):,}" if len(suspects) else "No"
        beside = " besides the reference" if analysis.reference is not None and len(analysis.reference) else ""
        untrained = f"; the weights of {int(analysis.at_floor[suspects].sum()):,} of them look never trained"
        yield (
            f"{number} suspects{beside}, at an estimated false-discovery rate of {DEFAULT_RATE:.0%}"
            f"{untrained if len(suspects) else ''}."
        )
    yield from analysis.notes


def indicator_words(name: str) -> str:
    """An indicator's name for people.

    >>> indicator_words("cosine_distance_without_pc1")
    'cosine distance without PC 1'
    """
    return name.replace("_", " ").replace("pc1", "PC 1")


def _table(analysis: "VocabularyAnalysis", ids: list[int]) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    columns = ["id", "token", "score", "false disc. rate", "never trained"]
    columns += ["seen in training"] if analysis.training_counts is not None else []
    columns += ["standing / produced"] if analysis.standing is not None else []
    for column in columns:
        table.add_column(column, justify="left" if column == "token" else "right", no_wrap=column == "token")
    for i in ids:
        cells = [str(i), analysis.display[i], f"{analysis.score[i]:.2f}", f"{analysis.false_discovery_rate[i]:.3f}"]
        cells.append("yes" if analysis.at_floor[i] else "")
        if analysis.training_counts is not None:
            cells.append(f"{analysis.training_counts[i]:,}")
        if analysis.standing is not None and analysis.produced is not None:
            cells.append(f"{analysis.standing[i]:,} / {analysis.produced[i]:,}")
        table.add_row(*(Text(cell) for cell in cells))
    return table


def difference_lines(difference: "Difference") -> Iterator[str]:
    """Two analyses compared, in lines."""
    first, second = difference.names
    yield f"A: {first}"
    yield f"B: {second}"
    yield "Tokenizer: " + (
        "the same."
        if difference.same_tokenizer
        else f"{difference.shared:,} tokens in both, {difference.only_first:,} only in A, "
        f"{difference.only_second:,} only in B."
    )
    if difference.same_embeddings is not None:
        yield f"Embeddings: {'the same' if difference.same_embeddings else 'different'}."
    for name, (left, right) in difference.settings.items():
        yield f"Setting {name.replace('_', ' ')}: {left} in A, {right} in B."
    for name, (left, right) in difference.counts.items():
        if left or right:
            words = "suspects besides the reference" if name == "suspect" else name.replace("_", " ")
            yield f"{words}: {left:,} in A, {right:,} in B."
    if difference.prompted[0] != difference.prompted[1]:
        name = "A" if difference.prompted[0] else "B"
        yield f"Only {name} was prompted (--verify): confirmed tokens are not compared."
    if difference.rank_correlation is not None:
        yield f"Rank correlation of the scores: {difference.rank_correlation:.4f}."
    lists = {
        "In another category": [f"{c.display} ({c.first}, {c.second})" for c in difference.categories],
        "Suspect only in A": difference.suspects_only_first,
        "Suspect only in B": difference.suspects_only_second,
        "Confirmed only in A": difference.confirmed_only_first,
        "Confirmed only in B": difference.confirmed_only_second,
    }
    for words, tokens in lists.items():
        if tokens:
            more = f" and {len(tokens) - _MOST_CHANGES} more" if len(tokens) > _MOST_CHANGES else ""
            yield f"{words}: {', '.join(tokens[:_MOST_CHANGES])}{more}"


def _summary_of_verification(verification: dict[str, Any] | None) -> dict[str, Any] | None:
    """All but the readings of every prompt, which ``--out`` keeps."""
    if verification is None:
        return None
    left_out = {"tokens", "controls", "prompts"}
    tokens = [{k: v for k, v in token.items() if k != "readings"} for token in verification["tokens"]]
    return {**{name: value for name, value in verification.items() if name not in left_out}, "tokens": tokens}


def _number(values: Any, token_id: int) -> float | None:
    value = float(values[token_id])
    return value if np.isfinite(value) else None


def _count(values: Any, token_id: int) -> int | None:
    return None if values is None else int(values[token_id])
