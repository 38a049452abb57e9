"""``detect tokens``: the tokens a model never learned."""

from typing import Annotated

import typer

from detector.commands.options import (
    DeviceOption,
    DtypeOption,
    OfflineOption,
    PrefixOption,
    QuietOption,
    ThreadsOption,
    guarded,
    refuse,
)
from detector.commands.token_options import Evidence, Output, Prompting, Question, options_of_the_whole
from detector.commands.waiting import loading
from detector.models.catalogue import DEFAULT_NAME, resolve_name


@guarded
def tokens(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A name of `detect models`, a model folder, or a Hugging Face name.")
    ] = DEFAULT_NAME,
    *,
    output: Output,
    evidence: Evidence,
    prompting: Prompting,
    question: Question,
    seed: Annotated[int, typer.Option(min=0, help="Of what is drawn at random.")] = 0,
    device: DeviceOption = "auto",
    dtype: DtypeOption = "float32",  # not auto: probabilities near nothing are compared, which rounding blurs
    offline: OfflineOption = False,
    prefix: PrefixOption = "auto",
    threads: ThreadsOption = None,
    quiet: QuietOption = False,
) -> int:
    """Find the tokens a model never learned.

    The embeddings are read without loading the model; --verify loads it.
    """
    from detector.models import LanguageModel

    def load() -> LanguageModel:
        with loading(model, quiet):
            return LanguageModel.load(model, device, dtype, offline, prefix, threads)

    name = question.name()
    if name is not None:
        whole = options_of_the_whole(output, evidence, prompting)
        refuse(whole, f"{name} is no analysis of the whole vocabulary", "Leave out one or the other.")
    question.check()
    prompting.check()
    if question.diff is not None:
        from detector.commands.token_questions import print_difference

        print_difference(question.diff, output.as_json)
        return 0
    from detector.vocabulary.model_source import check_memory, find_folder

    model = resolve_name(model)
    if name is not None:
        from detector.commands.token_questions import print_experiment

        check_memory(find_folder(model, offline), "Free some memory, or take a smaller model.")
        print_experiment(load(), question, seed, output.as_json)
        return 0
    from detector.commands.token_analysis import analyse_and_show

    output.check()
    folder = find_folder(model, offline)
    if prompting.verify:
        check_memory(folder, "Leave out --verify: the analysis reads the embeddings alone.")
    return analyse_and_show(folder, model, load, output, evidence, prompting, seed, quiet)
