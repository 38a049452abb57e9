"""What ``detect tokens`` answers in place of a whole analysis: what differs between two, and experiments on a model."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.commands.options import print_json

if TYPE_CHECKING:
    from detector.commands.token_options import Question
    from detector.models import LanguageModel


def print_difference(paths: tuple[Path, Path], as_json: bool) -> None:
    """Between two saved analyses."""
    from detector.report.tokens.analysis import difference_lines
    from detector.vocabulary.analysis_record import load_analysis
    from detector.vocabulary.difference import difference

    between = difference(load_analysis(paths[0]), load_analysis(paths[1]))
    if as_json:
        print_json(between.to_dict())
    else:
        print("\n".join(difference_lines(between)))


def print_experiment(language_model: "LanguageModel", question: "Question", seed: int, as_json: bool) -> None:
    """The experiment that is asked for, and its picture."""
    from detector.report.tokens import experiments as report
    from detector.vocabulary.experiments import induction, range_logits, repetition
    from detector.vocabulary.in_context import in_context
    from detector.vocabulary.token_choice import parse_range, parse_token
    from detector.vocabulary.tokenizer_analysis import analyse_tokenizer

    rows = language_model.vocabulary_size
    result: Any
    if question.induction is not None:
        result = induction(language_model, parse_range(question.induction, rows), seed=seed)
        lines = report.induction_lines(result)
        if question.png is not None:
            report.draw_induction(result, question.png)
    else:
        analysis = analyse_tokenizer(language_model.tokenizer)
        if question.repeat is not None:
            token = in_context(analysis, parse_token(analysis, question.repeat))
            result = repetition(language_model, token, seed=seed)
            lines = report.repetition_lines(result, analysis)
        else:
            result = range_logits(language_model, parse_range(question.logits or "", rows), seed=seed)
            lines = report.range_logits_lines(result, analysis)
    if as_json:
        print_json(result.to_dict())
    else:
        print("\n".join(lines))
