"""``Detector``: texts in, ``Result``s out. The one place where the rooms below meet."""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from pathlib import Path

import numpy as np
import torch

from detector.documents.sentences import clause_starts, sentence_spans
from detector.documents.suitability import count_words
from detector.errors import CalibrationError, UsageError
from detector.methods import compute_all
from detector.models.language_model import LanguageModel
from detector.models.loading import local_place, resolve_device, resolve_dtype
from detector.records.result import Evidence, Finding, Result
from detector.records.token_scores import TokenScores
from detector.scoring.engine import score_texts
from detector.verdict.bootstrap import score_interval
from detector.verdict.classifier import Classifier
from detector.verdict.clause_borders import clause_tokens
from detector.verdict.draft import Draft, drafted
from detector.verdict.edit_extent import EditExtent
from detector.verdict.explanation import explain_score
from detector.verdict.familiarity import MOST_UNFAMILIAR, unfamiliar_share
from detector.verdict.features import EDIT_COLUMNS, Series, series_of
from detector.verdict.findings import in_order, listed, said_of_the_disguise
from detector.verdict.intake import LEAST_TOKENS
from detector.verdict.judgement import division, judge, measure
from detector.verdict.lexical import LexicalModel
from detector.verdict.located_parts import located
from detector.verdict.machine_share import MachineShare, machine_share
from detector.verdict.probe_model import ProbeModel, fingerprints_of
from detector.verdict.refusals import too_short, unknown_to_the_model, unlike_the_references
from detector.verdict.rules import explain, words_that_would_decide
from detector.verdict.segments import Floats
from detector.verdict.shares import shares_of
from detector.verdict.shipped import calibration_path, probe_beside
from detector.vocabulary.text_findings import TokenHistory, history_of

DEFAULT_TARGET_FPR = 0.01
HIGHEST_TARGET_FPR = 0.2


class Detector:
    """A language model and the classifier that was calibrated on it."""

    def __init__(
        self,
        language_model: LanguageModel,
        classifier: Classifier,
        target_fpr: float = DEFAULT_TARGET_FPR,
        alternatives: int = 0,
        token_history: TokenHistory | None = None,
        probe_model: ProbeModel | None = None,
        quick: bool = False,
    ) -> None:
        if not 0 < target_fpr <= HIGHEST_TARGET_FPR:
            raise UsageError(
                f"The target false-positive rate is {target_fpr}; it must lie above 0 and be at most "
                f"{HIGHEST_TARGET_FPR}: beyond that a verdict says nothing."
            )
        classifier.check_fingerprint(language_model.name, language_model.fingerprint)
        if quick and classifier.needs_probabilities:
            raise CalibrationError(
                "This calibration rests on probabilities, which a quick reading does without. Leave out --quick, or "
                "--calibration for the quick one that comes with the model."
            )
        self.voices = language_model.voices if classifier.needs_voices else None
        classifier.check_voices(language_model.name, self.voices.fingerprint if self.voices else None)
        self.lexical_model = LexicalModel.load() if classifier.needs_lexical else None
        classifier.check_lexical(self.lexical_model.fingerprint if self.lexical_model else None)
        self.probe_model = probe_model if classifier.needs_probe else None
        classifier.check_probe(*fingerprints_of(self.probe_model))
        if self.probe_model is not None:
            self.probe_model.check_fits(language_model.name, language_model.hidden_size, language_model.n_layers)
        smallest = max(classifier.smallest_p_value(bucket.least_tokens) for bucket in classifier.buckets)
        if target_fpr < smallest:
            raise CalibrationError(
                f"A false-positive rate of {target_fpr:g} cannot be promised: there are too few reference texts. "
                f"The smallest possible value is {math.ceil(smallest * 1e5) / 1e5:g}."
            )
        self.language_model = language_model
        self.classifier = classifier
        self.target_fpr = target_fpr
        self.alternatives = alternatives
        self.token_history = token_history
        self.quick = quick

    def __repr__(self) -> str:
        model, references = self.language_model, sum(len(bucket.human_scores) for bucket in self.classifier.buckets)
        return (
            f"<Detector {model.name}{', quick' if self.quick else ''}, {model.dtype} on {model.device}, "
            f"target_fpr {self.target_fpr:g}, "
            f"{references:,} human references>"
        )

    @classmethod
    def load(
        cls,
        model: str | Path = "default",
        device: str = "auto",
        dtype: str = "auto",
        offline: bool = False,
        target_fpr: float = DEFAULT_TARGET_FPR,
        calibration: str | Path | None = None,
        alternatives: int = 0,
        token_analysis: str | Path | None = None,
        prefix: str = "auto",
        threads: int | None = None,
        quick: bool = False,
    ) -> "Detector":
        """The best model installed with the calibration that comes with it, or another model with its own.

        ``alternatives`` asks for the likeliest tokens of each position too, which reports show; 10 serve them all.
        ``token_analysis`` is a file of ``detect tokens --out``, for findings of tokens that the model hardly knows; a
        model that comes with the counts of its training needs none. ``prefix`` and ``threads`` are those of
        ``LanguageModel.load``. With ``quick`` a text is read as far as the layer of its probe alone: about a third of
        the work, and no probabilities, statistics or pages.
        Raises ``ModelError`` where the model cannot be loaded and ``CalibrationError`` where the
        calibration belongs to another model.
        """
        path = calibration_path(str(model), calibration, quick)
        classifier = Classifier.load(path)
        if dtype == "auto":
            dtype = classifier.covered_format(resolve_dtype("auto", torch.device(resolve_device(device))))
        language_model = LanguageModel.load(model, device, dtype, offline, prefix, threads)
        probe_model = probe_beside(path, classifier)
        folder = local_place(str(model))
        history = history_of(
            folder if folder.is_dir() else None,
            Path(token_analysis) if token_analysis else None,
            language_model.encoder.fingerprint(),
        )
        return cls(language_model, classifier, target_fpr, alternatives, history, probe_model, quick)

    def with_alternatives(self, alternatives: int) -> "Detector":
        """The same detector, which also keeps so many of the likeliest tokens at each place."""
        other = copy(self)
        other.alternatives = alternatives
        return other

    def detect(self, text: str, id: str = "text", path: str | None = None) -> Result:
        """The verdict on one text."""
        return next(self.detect_stream([(id, path, text, ())]))

    def detect_many(self, texts: Iterable[str]) -> list[Result]:
        """The verdicts on many texts, in their order."""
        if isinstance(texts, str):
            raise TypeError("detect_many takes several texts; use detect for one")
        return list(self.detect_stream((str(i), None, text, ()) for i, text in enumerate(texts)))

    def detect_stream(
        self,
        sources: Iterable[tuple[str, str | None, str, tuple[str, ...]]],
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Iterator[Result]:
        """Verdicts on (id, path, text, warnings), in order; reads ahead a bounded number of texts.

        ``on_progress`` is told what ``score_texts`` tells it.
        """
        drafts: deque[Draft] = deque()

        def texts() -> Iterator[str]:
            for source in sources:
                drafts.append(draft := drafted(*source))
                yield draft.folded.text if draft.unsuitable is None or self._shows(draft) else ""
                if draft.as_given is not None:
                    yield draft.as_given

        all_scores = iter(
            score_texts(
                self.language_model,
                texts(),
                voices=self.voices,
                probe=self.probe_model.probe if self.probe_model else None,
                top_k=0 if self.quick else self.alternatives,
                on_progress=on_progress,
                probabilities=not self.quick,
            )
        )
        for scores in all_scores:
            draft = drafts.popleft()
            as_given = next(all_scores) if draft.as_given is not None else None
            if draft.unsuitable is None:
                yield self._judge(draft, scores, as_given)
            else:
                yield self._unscored(draft, *draft.unsuitable, scores=scores if self._shows(draft) else None)

    def _shows(self, draft: Draft) -> bool:
        """Whether a report is wanted of a text that gets no verdict, and its scores can be shown in it."""
        return draft.unsuitable is not None and draft.unsuitable[0] == "unsupported_language" and self.alternatives > 0

    def _unscored(
        self,
        draft: Draft,
        reason: str,
        explanation: str,
        n_tokens: int | None = None,
        scores: TokenScores | None = None,
    ) -> Result:
        findings, finding_counts = listed(draft.findings)
        return Result.unscored(
            reason,
            explanation,
            id=draft.id,
            path=draft.path,
            model_name=self.language_model.name,
            model_fingerprint=self.language_model.fingerprint,
            n_words=count_words(draft.text),
            n_tokens=n_tokens,
            language=draft.selection.language.code,
            findings=findings,
            finding_counts=finding_counts,
            warnings=draft.warnings,
            text=draft.text,
            evidence=self._scores_alone(draft, scores) if scores is not None and len(scores) else None,
        )

    def _judge(self, draft: Draft, scores: TokenScores, as_given: TokenScores | None) -> Result:
        n = len(scores)
        if n < LEAST_TOKENS:
            return self._unscored(draft, "too_short", too_short(n), n)
        if (unfamiliar := unfamiliar_share(scores, self.token_history)) > MOST_UNFAMILIAR:
            return self._unscored(draft, "unfamiliar_tokens", unknown_to_the_model(unfamiliar), n)
        folded_sentences = draft.selection.sentences(draft.folded)
        series = series_of(scores, [start for start, _ in folded_sentences], draft.folded.text, self.lexical_model)
        classifier = self.classifier
        clauses = clause_tokens(clause_starts(draft.folded.text), scores.end_char)
        divided = division(classifier.evidence, series, clauses)
        measured = measure(series, divided)
        if not np.isfinite(measured.features[classifier.needed_columns]).all():
            return self._unscored(
                draft, "not_finite", "The model's probabilities are not finite numbers; try --dtype float32.", n
            )
        judgement = judge(classifier, measured, self.target_fpr)
        if judgement.unlike:
            return self._unscored(draft, "out_of_range", unlike_the_references(judgement.unlike), n)
        verdict, score, p = judgement.verdict, judgement.score, judgement.p
        more_words = words_that_would_decide(classifier, score, n, self.target_fpr, judgement.kind, judgement.standings)
        sentences = [draft.folded.original_span(a, b) for a, b in folded_sentences]
        sentence_of_token = [max(0, int(i) - 1) for i in series.sentence]
        evidence = self._evidence(draft, scores, sentences, sentence_of_token, divided.evidence)
        gaps = [(one.start, one.end) for one in draft.selection.apart]
        segments = located(classifier, divided, evidence, draft.folded, gaps, judgement, self.target_fpr)
        shares = shares_of(draft.text, segments)
        extent, mixture = self._edit_extent(series), self._machine_share(series) if verdict == "mixed" else None
        explanation = explain(verdict, p, more_words, judgement.kind is not None, classifier.knows_mixtures)
        if mixture is not None:
            explanation = f"{explanation} {mixture.said}"
        score_as_given, p_value_as_given = self._numbers_as_given(draft, as_given)
        findings, finding_counts = listed(self._with_token_findings(draft, scores))
        return Result(
            id=draft.id,
            path=draft.path,
            verdict=verdict,
            reason=None,
            explanation=f"{explanation} {said_of_the_disguise(draft.folded, p_value_as_given)}".rstrip(),
            model_name=self.language_model.name,
            model_fingerprint=self.language_model.fingerprint,
            n_words=count_words(draft.text),
            n_tokens=n,
            language=draft.selection.language.code,
            score=score,
            probability_machine=classifier.probability_machine(score),
            p_value=p.machine,
            human_p_value=p.human,
            one_author_p_value=p.one_author if classifier.knows_mixtures else None,
            score_as_given=score_as_given,
            p_value_as_given=p_value_as_given,
            confidence_interval=score_interval(series, classifier, draft.folded.text),
            target_fpr=self.target_fpr,
            edit_extent=extent.value if extent else None,
            edit_extent_interval=extent.interval if extent else None,
            edit_extent_words=extent.words if extent else None,
            methods={} if self.quick else compute_all(scores),
            share_machine=shares.machine,
            share_human=shares.human,
            share_undecided=shares.undecided,
            share_machine_estimate=mixture.value if mixture else None,
            share_machine_interval=(mixture.low, mixture.high) if mixture else None,
            segments=segments,
            explained=explain_score(classifier, series),
            findings=findings,
            finding_counts=finding_counts,
            warnings=(*draft.warnings, *self._length_warning(n), *self.language_model.notices),
            evidence=None if self.quick else evidence,
            text=draft.text if self.quick else "",
            classifier=self.classifier,
            register_distance=classifier.register_distance(measured.features),
            kind=judgement.kind,
        )

    def _edit_extent(self, series: Series) -> EditExtent | None:
        scale = self.classifier.extent
        return None if scale is None or series.probe is None else scale.read(series.probe[:, EDIT_COLUMNS])

    def _machine_share(self, series: Series) -> MachineShare | None:
        weights = self.classifier.evidence
        if weights.levels is None:
            return None
        return machine_share(weights.plain(series), series.sentence, weights.levels, weights.border_penalty)

    def _numbers_as_given(self, draft: Draft, scores: TokenScores | None) -> tuple[float | None, float | None]:
        """Score and p-value of the text with its disguise; None where it has none, or they would be no numbers."""
        if scores is None or draft.as_given is None or len(scores) < LEAST_TOKENS:
            return None, None
        starts = [start for start, _ in sentence_spans(draft.as_given)]
        series = series_of(scores, starts, draft.as_given, self.lexical_model)
        measured = measure(series, division(self.classifier.evidence, series))
        if not np.isfinite(measured.features[self.classifier.needed_columns]).all():
            return None, None
        judgement = judge(self.classifier, measured, self.target_fpr)
        return judgement.score, judgement.p.machine

    def _evidence(
        self,
        draft: Draft,
        scores: TokenScores,
        sentences: list[tuple[int, int]],
        sentence_of_token: list[int],
        token_evidence: Floats,
    ) -> Evidence:
        return Evidence(
            text=draft.text,
            scores=scores,
            spans=[
                draft.folded.original_span(int(a), int(b))
                for a, b in zip(scores.start_char, scores.end_char, strict=True)
            ],
            sentences=sentences,
            sentence_of_token=sentence_of_token,
            token_evidence=token_evidence,
            choice_texts={int(i): self.language_model.tokenizer.decode([int(i)]) for i in np.unique(scores.top_ids)},
        )

    def _scores_alone(self, draft: Draft, scores: TokenScores) -> Evidence:
        """What a report shows of a text that gets no verdict: how likely its words are, and no evidence."""
        sentences = draft.selection.sentences(draft.folded)
        series = series_of(scores, [start for start, _ in sentences])
        return self._evidence(
            draft,
            scores,
            [draft.folded.original_span(a, b) for a, b in sentences],
            [max(0, int(i) - 1) for i in series.sentence],
            np.zeros(len(scores)),
        )

    def _with_token_findings(self, draft: Draft, scores: TokenScores) -> tuple[Finding, ...]:
        """Findings of the text and, where it was judged by them, of tokens that the model hardly knows."""
        if self.token_history is None:
            return draft.findings
        found = self.token_history.findings(scores.token_ids, scores.start_char, scores.end_char)
        places = [draft.folded.original_span(finding.start_char, finding.end_char) for finding in found]
        told = (Finding(one.kind, *place, one.detail) for one, place in zip(found, places, strict=True))
        return in_order((*draft.findings, *told))

    def _length_warning(self, n_tokens: int) -> list[str]:
        most = self.classifier.most_tokens
        if n_tokens <= 2 * most:
            return []
        return [
            f"The text has {n_tokens} tokens and the longest reference text {most}: the false-alarm rate is not "
            "measured for so long a text. Judge parts of it one by one."
        ]
