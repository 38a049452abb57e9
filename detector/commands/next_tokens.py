"""``detect next``: what may follow a beginning."""

from pathlib import Path
from typing import Annotated

import typer

from detector.commands.options import (
    JsonOption,
    ModelChoice,
    QuietOption,
    given,
    guarded,
    print_json,
)
from detector.commands.sampling_options import (
    FrequencyOption,
    PenaltyFormOption,
    PresenceOption,
    TemperatureOption,
    TopKOption,
    TopPOption,
    prompt_text,
)


@guarded
def next_command(
    prompt: Annotated[str, typer.Argument(help="The beginning; - reads it from standard input.")],
    top: Annotated[int, typer.Option(min=1, help="Tokens to show; a picture shows 60 at most.")] = 20,
    temperature: TemperatureOption = None,
    top_k: TopKOption = None,
    top_p: TopPOption = None,
    frequency_penalty: FrequencyOption = 0.0,
    presence_penalty: PresenceOption = 0.0,
    penalty_form: PenaltyFormOption = "divide",
    png: Annotated[Path | None, typer.Option(help="Draw the distribution (.png or .svg).")] = None,
    as_json: JsonOption = False,
    *,
    choice: ModelChoice,
    quiet: QuietOption = False,
) -> None:
    """The likeliest next tokens, and what the settings make of them.

    The distribution of the token that follows a prompt is sorted by the model's own probability.
    """
    from detector.generation import SamplingSettings
    from detector.generation.next_tokens import by_temperature, next_tokens
    from detector.report.figures import check_picture_path
    from detector.report.next_tokens import TEMPERATURES, draw_next_tokens, print_next_tokens, to_record

    if png is not None:
        check_picture_path(png)
    settings = SamplingSettings(
        **given(temperature=temperature, top_k=top_k, top_p=top_p),
        frequency_penalty=frequency_penalty,
        presence_penalty=presence_penalty,
        penalty_form=penalty_form,
    )
    beginning = prompt_text(prompt, quiet)
    language_model = choice.load(quiet)
    sorted_tokens = next_tokens(language_model, beginning, settings)
    if as_json:
        print_json(to_record(sorted_tokens, top))
    else:
        print_next_tokens(sorted_tokens, top)
    if png is not None:
        warmed = by_temperature(language_model, beginning, settings, (*TEMPERATURES, settings.temperature))
        draw_next_tokens(sorted_tokens, warmed, settings, top, png)
