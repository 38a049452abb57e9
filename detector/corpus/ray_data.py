"""The judge of ``detect batch`` as a step of a Ray Data pipeline: rows in, the same rows with their verdicts out.

    from detector.corpus.ray_data import JudgeBatch

    data = ray.data.read_parquet("s3://bucket/texts", include_paths=True)
    judged = data.map_batches(
        JudgeBatch, fn_constructor_kwargs={"text_field": "body"}, batch_format="pyarrow", batch_size=256,
        compute=ray.data.ActorPoolStrategy(size=8), num_gpus=0.25,
    )
    judged.filter(lambda row: row["verdict"] != "machine").write_parquet("s3://bucket/kept")

Every actor of the pool loads the model once; reading, shares of GPUs, back-pressure and repetition are Ray Data's.
There is no ledger. What takes a whole corpus is left to whoever has one: copies of a text are all scored, and no
text is flagged at a false-discovery rate (``multiple_testing`` does it from the column ``p_value``).
"""

from dataclasses import replace

import pyarrow as pa

from detector.corpus.documents import Document
from detector.corpus.judging import judge
from detector.corpus.recipe import Recipe
from detector.corpus.schema import carried_columns
from detector.corpus.tables import Layout, document_of
from detector.errors import UsageError

OF_A_RUN = ("document_key", "duplicate_of", "flagged_fdr", "other_fields")
"""Columns of ``results_schema`` that only a run over a whole corpus can fill."""


class JudgeBatch:
    """A callable class for ``map_batches`` with ``batch_format="pyarrow"``.

    ``recipe`` says which detector; what it names must be found on every node. Under ``device="auto"`` an actor
    uses the GPU it was given a share of, and none without. Ids are those of ``id_field``, or of the column ``id`` where
    there is one; paths are those of the column ``path``.
    """

    def __init__(self, recipe: Recipe | None = None, text_field: str = "text", id_field: str | None = None) -> None:
        recipe = recipe or Recipe()
        if recipe.device == "auto":
            import ray

            recipe = replace(recipe, device="cuda" if ray.get_gpu_ids() else "cpu")
        self._layout = Layout(text_field, id_field)
        self._detector = recipe.load()

    def __call__(self, batch: pa.Table) -> pa.Table:
        """The columns of ``results_schema`` save ``OF_A_RUN``, one row a row of ``batch``, in their order.

        Then all columns of ``batch`` but id and path, as they are, ``input_`` before a name that a result has. A row
        without text is unscored with the reason ``unreadable``. Raises ``UsageError`` where a field is no column.
        """
        text, id_ = self._layout.text_field, self._layout.id_field or "id"
        for field in filter(None, (text, self._layout.id_field)):
            if field not in batch.column_names:
                raise UsageError(f"There is no column {field!r}; there are {', '.join(batch.column_names)}.")
        records = batch.select([name for name in (text, id_, "path") if name in batch.column_names]).to_pylist()
        rows = judge(self._detector, [self._document(record) for record in records]).rows.drop_columns(OF_A_RUN)
        others = dict.fromkeys(name for name in batch.column_names if name not in (id_, "path"))
        for column in carried_columns([Document("", None, None, fields=others)]):
            rows = rows.append_column(column.column, batch[column.field])
        return rows

    def _document(self, record: dict[str, object]) -> Document:
        path = record.pop("path", None)
        document = document_of(record, "row", "" if path is None else str(path), self._layout)
        return document if path is not None else replace(document, path=None)
