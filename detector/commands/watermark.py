"""``detect watermark``: whether a text bears a mark whose key is known."""

from typing import Annotated

import typer

from detector.commands.options import (
    MOST_CHARACTERS,
    AsGivenOption,
    FilePath,
    JsonOption,
    MaxCharsOption,
    ModelOption,
    OfflineOption,
    QuietOption,
    given,
    guarded,
    mended_for,
    print_json,
    read_for,
    refuse,
    say,
)
from detector.commands.sampling_options import (
    WatermarkGammaOption,
    WatermarkSchemeOption,
)
from detector.commands.waiting import loading


def _whole_numbers(listed: str) -> tuple[int, ...]:
    from detector.errors import UsageError

    try:
        return tuple(int(part) for part in listed.split(","))
    except ValueError:
        raise UsageError(f"{listed!r} is no list of whole numbers parted by commas, such as 3,14,15.") from None


@guarded
def watermark(
    path: FilePath,
    key: Annotated[int | None, typer.Option(help="The green-list key the text may be marked with.")] = None,
    synthid_keys: Annotated[
        str | None, typer.Option(help="Test for SynthID-Text instead: its keys, parted by commas.")
    ] = None,
    ngram_length: Annotated[int | None, typer.Option(help="Of SynthID-Text.", show_default="5")] = None,
    gamma: WatermarkGammaOption = None,
    scheme: WatermarkSchemeOption = None,
    as_json: JsonOption = False,
    as_given: AsGivenOption = False,
    max_chars: MaxCharsOption = MOST_CHARACTERS,
    model: ModelOption = "default",
    offline: OfflineOption = False,
    quiet: QuietOption = False,
) -> int:
    """Test a text for a watermark, given its key.

    The model must be the one whose tokenizer the marked text was made with. The text is taken as it stands but for
    disguises, which are undone first.
    """
    from detector.documents.disguises import counts_of
    from detector.errors import UsageError
    from detector.models import LanguageModel
    from detector.report import watermark as report
    from detector.watermark import GreenList, SynthId, detect_green_list, detect_synthid
    from detector.watermark.significance import significance_of

    if (key is None) == (synthid_keys is None):
        raise UsageError(
            "A watermark is found with its key alone; give it as --key NUMBER, or --synthid-keys NUMBER,NUMBER... for "
            "SynthID-Text, one of the two."
        )
    synthid = None
    if synthid_keys is None:
        refuse({"--ngram-length": ngram_length}, "--key tests for a green list", "Leave out one or the other.")
    else:
        green = {"--gamma": gamma, "--scheme": scheme}
        refuse(green, "--synthid-keys tests for SynthID-Text", "Leave out one or the other.")
        synthid = SynthId(_whole_numbers(synthid_keys), **given(ngram_length=ngram_length))
    source = read_for(path, quiet, max_chars)
    is_empty = not source.text.strip()
    with loading(model, quiet):
        language_model = LanguageModel.load(model, "cpu", offline=offline)
    mended = mended_for("" if is_empty else source.text, source.path or "Standard input", as_given, quiet)
    ids, starts, ends = language_model.encoder.encode(mended.text)
    if synthid is not None:
        leaning = detect_synthid(synthid, ids.tolist())
        significance = significance_of(leaning, is_empty)
        record = report.synthid_record(leaning, significance)
        lines = [] if significance.reason else report.synthid_lines(leaning)
    else:
        assert key is not None  # noqa: S101 - one of the two was given
        green_list = GreenList(language_model.vocabulary_size, key, **given(gamma=gamma, scheme=scheme))
        greenness = detect_green_list(green_list, ids.tolist())
        significance = significance_of(greenness, is_empty)
        spans = [mended.original_span(a, b) for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
        record = report.green_list_record(greenness, green_list, spans, significance)
        lines = [] if significance.reason else report.green_list_lines(greenness, green_list)
    if as_json:
        print_json(record | {"disguises_undone": counts_of(mended.disguises)})
    if significance.reason is not None:
        say(f"{source.path or 'standard input'} was not tested: {record['explanation']}")
        return 3
    if not as_json:
        print("\n".join([*lines, record["explanation"]]))
    return 0
