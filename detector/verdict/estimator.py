"""The detector as scikit-learn's pipelines know such things: texts in, columns of numbers out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from detector.records.result import Result
from detector.verdict.detector import DEFAULT_TARGET_FPR, Detector


class DetectorTransformer(TransformerMixin, BaseEstimator):
    """Texts → ``columns`` of their results, and the probability of machine text.

    Nothing is learnt from the texts: ``fit`` loads the detector, with the arguments of ``Detector.load``. To fit a
    verdict to texts of your own, ``detect train`` writes the ``calibration`` to name here.

    >>> DetectorTransformer(model="small").get_feature_names_out().tolist()
    ['score', 'probability_machine', 'p_value']
    """

    def __init__(
        self,
        model: str | Path = "default",
        device: str = "auto",
        calibration: str | Path | None = None,
        target_fpr: float = DEFAULT_TARGET_FPR,
        columns: Sequence[str] = ("score", "probability_machine", "p_value"),
    ) -> None:
        self.model = model
        self.device = device
        self.calibration = calibration
        self.target_fpr = target_fpr
        self.columns = columns

    def fit(self, X: Sequence[str], y: Any = None) -> "DetectorTransformer":  # noqa: N803 - the names of scikit-learn
        """Load the detector; the texts are not looked at. Raises what ``Detector.load`` does."""
        self.detector_ = Detector.load(
            self.model, self.device, target_fpr=self.target_fpr, calibration=self.calibration
        )
        self.classes_ = np.array(["human", "machine"])
        return self

    def transform(self, X: Sequence[str]) -> NDArray[np.float64]:  # noqa: N803
        """Numbers of each text, shape (n_texts, n_columns); NaN for a text without a verdict."""
        rows = [[_number(getattr(result, name)) for name in self.columns] for result in self._results(X)]
        return np.array(rows, dtype=np.float64).reshape(-1, len(self.columns))

    def predict_proba(self, X: Sequence[str]) -> NDArray[np.float64]:  # noqa: N803
        """Probability of human and of machine text, were both equally common, shape (n_texts, 2); or NaN."""
        machine = np.array([_number(result.probability_machine) for result in self._results(X)], dtype=np.float64)
        return np.column_stack([1 - machine, machine])

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Names of the columns of ``transform``."""
        return np.array(self.columns, dtype=object)

    def _results(self, texts: Sequence[str]) -> list[Result]:
        check_is_fitted(self, "detector_")
        return self.detector_.detect_many(texts)


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)
