"""Options of the commands that draw text or show what may come next."""

from typing import Annotated

import typer

from detector.commands.options import read_for

# None where an option was left out, so that one which would have no effect can be refused where it was given.
TemperatureOption = Annotated[
    float | None, typer.Option(help="Above 1 flattens the distribution, below 1 sharpens it.", show_default="1")
]
TopKOption = Annotated[int | None, typer.Option(help="Keep the k likeliest tokens.", show_default="all")]
TopPOption = Annotated[
    float | None, typer.Option(help="Keep the fewest tokens whose probability reaches p.", show_default="1")
]
FrequencyOption = Annotated[float, typer.Option(help="Penalty for each time a token stands in the text already.")]
PresenceOption = Annotated[float, typer.Option(help="Penalty for tokens that stand in the text at all.")]
WatermarkSchemeOption = Annotated[
    str | None,
    typer.Option(help="lefthash, minhash, skipgram, selfhash, selfhash_transformers.", show_default="selfhash"),
]
WatermarkGammaOption = Annotated[
    float | None, typer.Option(help="Share of the vocabulary that is green.", show_default="0.25")
]
PenaltyFormOption = Annotated[str, typer.Option(help="divide (moved to a positive range first) or subtract.")]


def prompt_text(prompt: str, quiet: bool) -> str:
    """The prompt, or standard input for ``-``, read as a file is, without the newline that ends its last line."""
    from detector.documents.reading import STANDARD_INPUT

    if prompt != STANDARD_INPUT:
        return prompt
    source = read_for(prompt, quiet)
    return source.text.removesuffix("\n").removesuffix("\r")
