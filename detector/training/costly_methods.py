"""Statistics that need more than one pass, of some of the dev texts, beside the others in the feature table."""

from collections.abc import Callable, Sequence

import numpy as np

from detector.documents.hashing import unit_hash
from detector.evaluation.every_method import every_method
from detector.evaluation.feature_table import FeatureTable
from detector.evaluation.labelled_texts import LabelledText, text_key
from detector.methods import METHODS, REQUIREMENTS
from detector.models.language_model import LanguageModel


def add_costly_methods(
    language_model: LanguageModel,
    table: FeatureTable,
    texts: Sequence[LabelledText],
    n_texts: int,
    n_varied: int,
    report: Callable[[str], None] = lambda line: None,
) -> FeatureTable:
    """The table with these statistics of ``n_texts`` dev texts of each label and data set, NaN elsewhere.

    Which texts is decided by hash; of the first ``n_varied`` copies and other endings are made too. Texts
    that are not in the table as dev texts are passed over.
    """
    row_of = {key: i for i, key in enumerate(table.text_key) if table.is_whole[i] and table.role[i] == "dev"}
    groups: dict[tuple[str, bool], list[LabelledText]] = {}
    for text in sorted(texts, key=lambda t: unit_hash("costly:" + t.text)):
        if text_key(text.text) in row_of:
            groups.setdefault((text.dataset, text.is_machine), []).append(text)
    chosen = [(text, i < n_varied) for group in groups.values() for i, text in enumerate(group[:n_texts])]
    values = every_method(language_model, [text.text for text, _ in chosen], [varied for _, varied in chosen], report)
    rows = [row_of[text_key(text.text)] for text, _ in chosen]
    columns = {}
    for name in METHODS:
        if REQUIREMENTS[name]:
            columns[name] = np.full(len(table.n_tokens), np.nan)
            columns[name][rows] = values[name]
    return table.with_methods(columns)
