"""``detect score``: log-probability, rank and entropy of every token."""

from typing import Annotated

import typer

from detector.commands.options import (
    MOST_CHARACTERS,
    AsGivenOption,
    FilePath,
    JsonOption,
    MaxCharsOption,
    ModelChoice,
    QuietOption,
    guarded,
    mended_for,
    print_json,
    read_for,
    say,
)
from detector.commands.waiting import progress_bar


@guarded
def score(
    path: FilePath,
    as_json: JsonOption = False,
    max_chars: MaxCharsOption = MOST_CHARACTERS,
    top: Annotated[int, typer.Option(min=0, max=100, help="Likeliest alternatives of each token.")] = 5,
    as_given: AsGivenOption = False,
    *,
    choice: ModelChoice,
    quiet: QuietOption = False,
) -> None:
    """Log-probability, rank and entropy of every token.

    The text is taken as it stands, layout and quotes included; only disguises, such as invisible characters and
    letters that pose as others, are undone first, as for the verdict. Places are those of the text as given.
    """
    import numpy as np

    from detector.errors import InputError
    from detector.report.tokens.scores import print_table, to_record
    from detector.scoring import score_texts

    source = read_for(path, quiet, max_chars)
    if not source.text:
        raise InputError(f"{path} is empty, so there is nothing to score.")
    language_model = choice.load(quiet)
    mended = mended_for(source.text, source.path or "Standard input", as_given, quiet)
    with progress_bar("Scoring", quiet) as line:
        scores = next(score_texts(language_model, [mended.text], top_k=top, on_progress=line))
    if not np.isfinite(scores.log_prob_nats).all():
        say(f"{choice.model} gives some tokens of this text no probability at all; its logarithm is not finite.")
    if as_json:
        print_json(to_record(scores, source.text, language_model, mended))
    else:
        print_table(scores, source.text, language_model, mended)
