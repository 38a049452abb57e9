"""A judge that needs no model: rows that follow from the text alone. Run as a program it judges a corpus slowly."""

import hashlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from detector.corpus import new_rows
from detector.corpus import run as run_module
from detector.corpus.documents import Document
from detector.corpus.judging import FAILED, Judged
from detector.corpus.recipe import Recipe
from detector.corpus.schema import TOKENS_SCHEMA, Carried, results_schema, unscored_row

CLASSIFIER = Recipe().classifier()
MODEL = {"name": CLASSIFIER.model_name, "fingerprint": CLASSIFIER.model_fingerprint}


def p_value_of(text: str) -> float:
    """An even number in (0, 1], with so many steps as a calibration has; tiny for texts about robots."""
    if "robot" in text:
        return 1 / 4239
    return (1 + int(hashlib.sha256(text.encode()).hexdigest(), 16) % 4239) / 4239


class MadeUp:
    """An engine; texts with ``broken`` in them fail while ``is_broken``."""

    def __init__(self, seconds: float = 0.0, is_broken: bool = True) -> None:
        self.seconds, self.is_broken = seconds, is_broken
        self.judged_texts: list[str] = []

    def judged(self, batches: Iterator[list[Document]], carried: list[Carried], keep_tokens: bool) -> Iterator[Judged]:
        for batch in batches:
            time.sleep(self.seconds)
            rows = [self._row(document, carried) for document in batch]
            scored = [document.text_sha256 for document in batch if document.text is not None]
            tokens = [
                {"text_sha256": text} | {name: [1] for name in TOKENS_SCHEMA.names if name != "text_sha256"}
                for text in scored
            ]
            yield Judged(
                pa.Table.from_pylist(rows, schema=results_schema(carried)),
                pa.Table.from_pylist(tokens, schema=TOKENS_SCHEMA) if keep_tokens else None,
                sum(len((document.text or "").split()) for document in batch),
            )

    def _row(self, document: Document, carried: list[Carried]) -> dict:
        if document.problem is not None:
            return unscored_row(document, document.problem.reason, document.problem.explanation, MODEL, carried)
        text = document.text or ""
        self.judged_texts.append(text)
        if "broken" in text and self.is_broken:
            return unscored_row(document, FAILED, "It broke.", MODEL, carried)
        p_value = p_value_of(text)
        return unscored_row(document, None, "Made up.", MODEL, carried) | {
            "verdict": "machine" if p_value <= 0.01 else "inconclusive",
            "p_value": p_value,
            "score": 10.0 if "robot" in text else 4 * (0.5 - p_value),
            "n_words": len(text.split()),
            "n_tokens": 60,
            "register_distance": 2.0 if "strange" in text else 0.4,
        }


def make_parts_small() -> None:
    """Every batch of four documents becomes a part, so that there is much to break."""
    new_rows._SECONDS_A_PART = -1.0
    new_rows.BATCH_DOCUMENTS = dict.fromkeys(new_rows.BATCH_DOCUMENTS, 4)


if __name__ == "__main__":
    make_parts_small()
    run_module.score_corpus(
        Path(sys.argv[1]),
        sys.argv[2],
        recipe=Recipe(device="cpu"),
        engine=MadeUp(0.01),
        reports="none",
        keep_tokens=True,
        on_progress=lambda progress: print(progress.judged, flush=True),
    )
