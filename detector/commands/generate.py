"""``detect generate``: text drawn from a model."""

from typing import Annotated

import typer

from detector.commands.options import (
    JsonOption,
    ModelChoice,
    QuietOption,
    given,
    guarded,
    print_json,
    refuse,
    say,
)
from detector.commands.sampling_options import (
    FrequencyOption,
    PenaltyFormOption,
    PresenceOption,
    TemperatureOption,
    TopKOption,
    TopPOption,
    WatermarkGammaOption,
    WatermarkSchemeOption,
    prompt_text,
)


@guarded
def generate(
    prompt: Annotated[str, typer.Option(help="The beginning; - reads it from standard input.")] = "",
    max_tokens: Annotated[int, typer.Option(help="Tokens to draw at most.")] = 200,
    temperature: TemperatureOption = None,
    top_k: TopKOption = None,
    top_p: TopPOption = None,
    frequency_penalty: FrequencyOption = 0.0,
    presence_penalty: PresenceOption = 0.0,
    penalty_form: PenaltyFormOption = "divide",
    greedy: Annotated[bool, typer.Option("--greedy", help="Always the likeliest token.")] = False,
    stop: Annotated[list[str] | None, typer.Option(help="End before this string; may be given more than once.")] = None,
    n: Annotated[int, typer.Option("--n", min=1, help="Texts to draw.")] = 1,
    seed: Annotated[int, typer.Option(help="The same seed draws the same texts.")] = 0,
    watermark_key: Annotated[int | None, typer.Option(help="Mark the text with this green-list key.")] = None,
    watermark_scheme: WatermarkSchemeOption = None,
    watermark_gamma: WatermarkGammaOption = None,
    watermark_bias: Annotated[
        float | None, typer.Option(help="Added to the logits of green tokens.", show_default="2")
    ] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Read the whole text again for every token.")] = False,
    as_json: JsonOption = False,
    *,
    choice: ModelChoice,
    quiet: QuietOption = False,
) -> None:
    """Sample text from a model, to see how machines write."""
    from detector.errors import UsageError
    from detector.generation import SamplingSettings, check_prompt, check_request, generate

    # Everything is checked before the prompt is shown: standard output stays empty when a command fails.
    if greedy:
        cuts = {"--temperature": temperature, "--top-k": top_k, "--top-p": top_p}
        refuse(cuts, "--greedy always takes the likeliest token", "Leave out one or the other.")
    if temperature == 0:
        raise UsageError(
            "The temperature is 0; it must be a finite number above 0. For the likeliest token always, give --greedy "
            "instead."
        )
    if watermark_key is None:
        marking = {
            "--watermark-scheme": watermark_scheme,
            "--watermark-gamma": watermark_gamma,
            "--watermark-bias": watermark_bias,
        }
        refuse(marking, "There is no --watermark-key and the text is not marked", "Give the key, a whole number.")
    settings = SamplingSettings(
        **given(temperature=temperature, top_k=top_k, top_p=top_p),
        frequency_penalty=frequency_penalty,
        presence_penalty=presence_penalty,
        penalty_form=penalty_form,
        greedy=greedy,
    )
    check_request(max_tokens, seed, stop or ())
    beginning = prompt_text(prompt, quiet)
    language_model = choice.load(quiet)
    mark = None
    if watermark_key is not None:
        from detector.watermark import GreenList

        green_list = GreenList(
            language_model.vocabulary_size, watermark_key, **given(gamma=watermark_gamma, scheme=watermark_scheme)
        )
        mark = green_list.marker(**given(bias=watermark_bias))
    check_prompt(language_model, beginning)
    stream = n == 1 and not as_json
    unshown = [beginning]  # until a token was drawn: some models cannot give any

    def show(_: int, new: str) -> None:
        print(unshown.pop() if unshown else "", new, sep="", end="", flush=True)

    drawn = generate(
        language_model,
        [beginning] * n,
        max_tokens=max_tokens,
        settings=settings,
        seed=seed,
        stop=stop or (),
        use_cache=not no_cache,
        adjust_logits=mark,
        on_text=show if stream else None,
    )
    if stream:
        print(*unshown)
    for number, text in enumerate(drawn, start=1):
        if as_json:
            print_json({"schema_version": 1, "model": choice.model, "seed": seed, **vars(text)})
        elif not stream:
            print(f"--- {number}\n{text.prompt}{text.text}")
        if text.stop_reason == "context_full" and not quiet:
            fills = f"The text fills the {language_model.window_tokens} tokens that {choice.model} can read"
            say(f"{fills}, so it ends there.")
