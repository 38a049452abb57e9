"""``detect`` says whether a human or a machine wrote a text, how sure that is, and where it shows.

The names below are imported on first use, so that ``import detector`` stays quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from detector.models.threads import wait_asleep
from detector.version import __version__ as __version__

if TYPE_CHECKING:
    from detector.corpus.frames import add_verdicts
    from detector.corpus.run import score_corpus
    from detector.errors import CalibrationError, DetectorError, InputError, ModelError, OutputError, UsageError
    from detector.models.language_model import LanguageModel
    from detector.records.result import Result
    from detector.records.result_frame import results_frame
    from detector.records.token_scores import TokenScores
    from detector.scoring.engine import score_texts
    from detector.verdict.detector import Detector
    from detector.verdict.estimator import DetectorTransformer

wait_asleep()  # before anything imports torch

_HOMES = {
    "CalibrationError": "detector.errors",
    "Detector": "detector.verdict.detector",
    "DetectorError": "detector.errors",
    "DetectorTransformer": "detector.verdict.estimator",
    "InputError": "detector.errors",
    "LanguageModel": "detector.models.language_model",
    "ModelError": "detector.errors",
    "OutputError": "detector.errors",
    "Result": "detector.records.result",
    "TokenScores": "detector.records.token_scores",
    "UsageError": "detector.errors",
    "add_verdicts": "detector.corpus.frames",
    "results_frame": "detector.records.result_frame",
    "score_corpus": "detector.corpus.run",
    "score_texts": "detector.scoring.engine",
}

__all__ = [
    "CalibrationError",
    "Detector",
    "DetectorError",
    "DetectorTransformer",
    "InputError",
    "LanguageModel",
    "ModelError",
    "OutputError",
    "Result",
    "TokenScores",
    "UsageError",
    "add_verdicts",
    "results_frame",
    "score_corpus",
    "score_texts",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'detector' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
