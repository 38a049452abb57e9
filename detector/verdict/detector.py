"""``Detector``: texts in, ``Result``s out. The one place where the rooms below meet."""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from detector.documents.folding import FoldedText, describe_character
from detector.documents.quotations import MUCH, quotations, quoted_share
from detector.documents.selection import Selection, select
from detector.documents.suitability import count_words
from detector.errors import CalibrationError, InputError, UsageError
from detector.methods import compute_all
from detector.models.language_model import LanguageModel
from detector.models.loading import local_place, resolve_device, resolve_dtype
from detector.records.result import Evidence, Finding, Result, Segment
from detector.records.token_scores import TokenScores
from detector.scoring.engine import score_texts
from detector.verdict.bootstrap import score_interval
from detector.verdict.classifier import Classifier
from detector.verdict.explanation import explain_score
from detector.verdict.features import series_of
from detector.verdict.intake import LEAST_TOKENS, LEAST_WORDS, findings_of, unsuitable, warnings_of
from detector.verdict.judgement import division, judge, measure
from detector.verdict.lexical import LexicalModel
from detector.verdict.plain_words import PLAIN_WORDS
from detector.verdict.probe_model import ProbeModel
from detector.verdict.rules import HUMAN_TARGET, TOKENS_PER_WORD, explain, words_that_would_decide
from detector.verdict.segments import Floats, Part, sentence_sums
from detector.verdict.shares import shares_of
from detector.verdict.shipped import calibration_path, probe_beside
from detector.vocabulary.text_findings import TokenHistory, history_of

DEFAULT_TARGET_FPR = 0.01
HIGHEST_TARGET_FPR = 0.2
_MOST_REASONS = 3


@dataclass(frozen=True)
class _Draft:
    """A text on its way to a result."""

    id: str
    path: str | None
    text: str
    selection: Selection
    folded: FoldedText
    findings: tuple[Finding, ...]
    warnings: tuple[str, ...]
    unsuitable: tuple[str, str] | None
    """(reason, explanation) where no verdict is possible whatever the scores."""


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
    ) -> None:
        if not 0 < target_fpr <= HIGHEST_TARGET_FPR:
            raise UsageError(
                f"The target false-positive rate is {target_fpr}; it must lie above 0 and be at most "
                f"{HIGHEST_TARGET_FPR}: beyond that a verdict says nothing."
            )
        classifier.check_fingerprint(language_model.name, language_model.fingerprint)
        self.voices = language_model.voices if classifier.needs_voices else None
        classifier.check_voices(language_model.name, self.voices.fingerprint if self.voices else None)
        self.lexical_model = LexicalModel.load() if classifier.needs_lexical else None
        classifier.check_lexical(self.lexical_model.fingerprint if self.lexical_model else None)
        self.probe_model = probe_model if classifier.needs_probe else None
        classifier.check_probe(self.probe_model.fingerprint if self.probe_model else None)
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
    ) -> "Detector":
        """The best model installed with the calibration that comes with it, or another model with its own.

        ``alternatives`` asks for the likeliest tokens of each position too, which reports show; 10 serve them all.
        ``token_analysis`` is a file of ``detect tokens --out``, for findings of tokens that the model hardly knows; a
        model that comes with the counts of its training needs none.
        Raises ``ModelError`` where the model cannot be loaded and ``CalibrationError`` where the
        calibration belongs to another model.
        """
        path = calibration_path(str(model), calibration)
        classifier = Classifier.load(path)
        if dtype == "auto":
            dtype = classifier.covered_format(resolve_dtype("auto", torch.device(resolve_device(device))))
        language_model = LanguageModel.load(model, device, dtype, offline)
        probe_model = probe_beside(path, classifier)
        folder = local_place(str(model))
        history = history_of(
            folder if folder.is_dir() else None,
            Path(token_analysis) if token_analysis else None,
            language_model.encoder.fingerprint(),
        )
        return cls(language_model, classifier, target_fpr, alternatives, history, probe_model)

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
        drafts: deque[_Draft] = deque()

        def texts() -> Iterator[str]:
            for source in sources:
                drafts.append(draft := _draft(*source))
                yield draft.folded.text if draft.unsuitable is None or self._shows(draft) else ""

        all_scores = score_texts(
            self.language_model,
            texts(),
            voices=self.voices,
            probe=self.probe_model.probe if self.probe_model else None,
            top_k=self.alternatives,
            on_progress=on_progress,
        )
        for scores in all_scores:
            draft = drafts.popleft()
            if draft.unsuitable is None:
                yield self._judge(draft, scores)
            else:
                yield self._unscored(draft, *draft.unsuitable, scores=scores if self._shows(draft) else None)

    def _shows(self, draft: _Draft) -> bool:
        """Whether a report is wanted of a text that gets no verdict, and its scores can be shown in it."""
        return draft.unsuitable is not None and draft.unsuitable[0] == "unsupported_language" and self.alternatives > 0

    def _unscored(
        self,
        draft: _Draft,
        reason: str,
        explanation: str,
        n_tokens: int | None = None,
        scores: TokenScores | None = None,
    ) -> Result:
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
            findings=draft.findings,
            warnings=draft.warnings,
            text=draft.text,
            evidence=self._scores_alone(draft, scores) if scores is not None and len(scores) else None,
        )

    def _judge(self, draft: _Draft, scores: TokenScores) -> Result:
        n = len(scores)
        if n < LEAST_TOKENS:
            missing = math.ceil((LEAST_TOKENS - n) / TOKENS_PER_WORD)
            return self._unscored(
                draft,
                "too_short",
                f"About {LEAST_WORDS} words are needed ({LEAST_TOKENS} tokens, and the text has {n}): "
                f"about {missing} more word{'' if missing == 1 else 's'}.",
                n,
            )
        folded_sentences = draft.selection.sentences(draft.folded)
        series = series_of(scores, [start for start, _ in folded_sentences], draft.folded.text, self.lexical_model)
        classifier = self.classifier
        token_evidence, parts = division(classifier.evidence, series)
        measured = measure(series, parts)
        if not np.isfinite(measured.features[classifier.needed_columns]).all():
            return self._unscored(
                draft, "not_finite", "The model's probabilities are not finite numbers; try --dtype float32.", n
            )
        if outside := classifier.out_of_range(measured.features):
            return self._unscored(
                draft,
                "out_of_range",
                _unlike_the_references(outside),
                n,
            )
        judgement = judge(classifier, measured, self.target_fpr)
        verdict, score, p = judgement.verdict, judgement.score, judgement.p
        more_words = words_that_would_decide(classifier, score, n, self.target_fpr, judgement.kind)
        sentences = [draft.folded.original_span(a, b) for a, b in folded_sentences]
        sentence_of_token = [max(0, int(i) - 1) for i in series.sentence]
        counted = [sentences[i] for i in sorted(set(sentence_of_token))]
        sums = sentence_sums(token_evidence, series.sentence)
        gaps = [(one.start, one.end) for one in draft.selection.apart]
        segments = self._segments(parts, counted, sums, gaps, n, judgement.kind)
        shares = shares_of(draft.text, segments)
        return Result(
            id=draft.id,
            path=draft.path,
            verdict=verdict,
            reason=None,
            explanation=explain(verdict, p, more_words, judgement.kind is not None),
            model_name=self.language_model.name,
            model_fingerprint=self.language_model.fingerprint,
            n_words=count_words(draft.text),
            n_tokens=n,
            language=draft.selection.language.code,
            score=score,
            probability_machine=classifier.probability_machine(score),
            p_value=p.machine,
            human_p_value=p.human,
            confidence_interval=score_interval(series, classifier, draft.folded.text),
            target_fpr=self.target_fpr,
            methods=compute_all(scores),
            share_machine=shares.machine,
            share_human=shares.human,
            share_undecided=shares.undecided,
            segments=segments,
            explained=explain_score(classifier, series),
            findings=self._with_token_findings(draft),
            warnings=(*draft.warnings, *self._length_warning(n), *self.language_model.notices),
            evidence=self._evidence(draft, scores, sentences, sentence_of_token, token_evidence),
            classifier=self.classifier,
            kind=judgement.kind,
        )

    def _evidence(
        self,
        draft: _Draft,
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

    def _scores_alone(self, draft: _Draft, scores: TokenScores) -> Evidence:
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

    def _segments(
        self,
        parts: list[Part],
        sentences: list[tuple[int, int]],
        sums: Floats,
        gaps: list[tuple[int, int]],
        n_tokens: int,
        kind: int | None,
    ) -> tuple[Segment, ...]:
        """Parts of the text as given, cut where something that was not judged lies in them.

        ``sentences`` are those with tokens, and ``sums`` the evidence of each. All pieces of a part have its label and
        p-value.
        """
        found = []
        for part in parts:
            if part.is_machine:
                p_value = self.classifier.machine_part_p_value(part.evidence_nats, n_tokens, kind)
            else:
                p_value = self.classifier.human_part_p_value(-part.evidence_nats, n_tokens)
            label = "machine" if part.is_machine else "human"
            for first, last in _pieces(part, sentences, gaps):
                evidence = float(sums[first : last + 1].sum())
                found.append(
                    Segment(
                        start_char=sentences[first][0],
                        end_char=sentences[last][1],
                        label=label
                        if p_value <= (self.target_fpr if part.is_machine else HUMAN_TARGET)
                        else "uncertain",
                        leans_to=label,
                        evidence_nats=evidence,
                        probability_machine=float(1 / (1 + np.exp(-np.clip(evidence, -500, 500)))),
                        p_value=p_value,
                    )
                )
        return tuple(found)

    def _with_token_findings(self, draft: _Draft) -> tuple[Finding, ...]:
        """Findings of the text and, as given and not as folded, of its tokens: disguises are such tokens too."""
        if self.token_history is None:
            return draft.findings
        try:
            found = self.token_history.findings(*self.language_model.encoder.encode(draft.text))
        except InputError:  # what folding took away cannot be tokenised
            return draft.findings
        listed = (*draft.findings, *(Finding(**vars(finding)) for finding in found))
        return tuple(sorted(listed, key=lambda finding: finding.start_char))

    def _length_warning(self, n_tokens: int) -> list[str]:
        most = self.classifier.most_tokens
        if n_tokens <= 2 * most:
            return []
        return [
            f"The text has {n_tokens} tokens and the longest reference text {most}: the false-alarm rate is not "
            "measured for so long a text. Judge parts of it one by one."
        ]


def _pieces(part: Part, sentences: list[tuple[int, int]], gaps: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """First and last sentence of each run of a part's sentences without a gap between them."""
    edges = [part.first]
    for i in range(part.first, part.last):
        if any(sentences[i][1] <= start and end <= sentences[i + 1][0] for start, end in gaps):
            edges += [i, i + 1]
    return list(zip(edges[::2], [*edges[1::2], part.last], strict=True))


def _unlike_the_references(outside: list[str]) -> str:
    """Why a text with these features outside the range of the references gets no verdict."""
    shown = [f"{PLAIN_WORDS[name]} ({name.replace('_', ' ')})" for name in outside[:_MOST_REASONS]]
    if len(outside) > len(shown):
        shown.append(f"{len(outside) - len(shown)} more")
    listed = " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
    return (
        "The text is unlike any that the verdict was calibrated on, so no verdict is given. "
        f"Far outside what those texts show is {listed}."
    )


def _draft(id: str, path: str | None, text: str, warnings: tuple[str, ...]) -> _Draft:
    if not isinstance(text, str):
        raise InputError(f"A text is a string, and {id} is of the type {type(text).__name__}; decode bytes first.")
    selection = select(text, path or id)
    folded = selection.folded()
    findings = tuple(
        Finding("invisible_character", at, at + 1, describe_character(text[at]))
        for at in folded.invisible
        if not _joins_emoji(text, at)
    )
    findings += tuple(
        Finding("lookalike_letter", at, at + 1, f"{describe_character(text[at])} in place of {letter}")
        for at, letter in folded.disguised.items()
    )
    quoted = quotations(text)
    findings += tuple(
        Finding("quotation", start, end, f"{count_words(text[start:end])} words that may be somebody else's")
        for start, end in quoted
    )
    findings += findings_of(text, selection)
    findings = tuple(sorted(findings, key=lambda finding: finding.start_char))
    warnings = (*warnings, *warnings_of(text, selection))
    if quoted_share(text, quoted) >= MUCH:
        warnings = (
            *warnings,
            f"{quoted_share(text, quoted):.0%} of the words stand in quotations: the verdict is on whoever wrote them "
            "too. Judge the text without them to ask about its author alone.",
        )
    return _Draft(id, path, text, selection, folded, findings, warnings, unsuitable(text, selection, folded.text))


def _joins_emoji(text: str, at: int) -> bool:
    """A zero-width joiner within a picture such as a family is no disguise."""
    return text[at] == "\u200d" and 0 < at < len(text) - 1 and min(text[at - 1], text[at + 1]) > "\u2000"
