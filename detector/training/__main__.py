"""``python -m detector.training COMMAND``: from text shards to the embedded model and its classifier.

prepare → train → export                 the base model
voice                                    the human and the machine voice, tuned from it
lexical → probe → features → parts → extend → classifier  the verdict; `choices` compares what it might rest on
references                               what pages are drawn against
pairs                                    a small labelled set from texts of your own, for `detect train`
"""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from detector.errors import DetectorError
from detector.training.parts_commands import extend, parts

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Train the embedded base model."
)


@app.command()
def prepare(
    corpus: Annotated[Path, typer.Argument(help="Folder of text files, or of GENRE__NAME.jsonl(.zst) shards.")],
    work: Annotated[Path, typer.Option(help="Folder for the tokenizer and the token store.")],
    vocabulary: Annotated[int, typer.Option(help="Entries of the tokenizer.", min=257, max=65_536)] = 16_384,
    sample_mb: Annotated[int, typer.Option(help="Megabytes of text the tokenizer learns from.")] = 60,
    seed: int = 0,
) -> None:
    """Learn the tokenizer and tokenise the corpus once."""
    from detector.training.corpus import read_documents
    from detector.training.token_store import TokenStore
    from detector.training.tokenizer import mixture_sample, save_tokenizer, train_tokenizer

    work.mkdir(parents=True, exist_ok=True)
    sample = mixture_sample(read_documents(corpus), sample_mb * 1_000_000, seed)
    tokenizer = train_tokenizer(sample, vocabulary)
    save_tokenizer(tokenizer, work / "tokenizer", context_length=1024)
    typer.echo(f"tokenizer: {tokenizer.get_vocab_size()} entries", err=True)
    store = TokenStore.build(read_documents(corpus), tokenizer, work)
    for split in ("train", "validation", "reference"):
        chosen = store.select(split)
        typer.echo(f"{split}: {len(chosen)} documents, {int(store.lengths[chosen].sum())} tokens", err=True)


@app.command()
def train(
    work: Annotated[Path, typer.Option(help="Folder that `prepare` filled.")],
    run: Annotated[Path, typer.Option(help="Folder of this run: configuration, log, checkpoints.")],
    tokens: Annotated[int, typer.Option(help="Training tokens to see; may change on resume.")] = 20_000_000,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Any field of TrainingConfig, such as width=512."),
    ] = None,
    device: str = "cpu",
) -> None:
    """Train, or continue a run from its last checkpoint."""
    from detector.models.loading import resolve_device
    from detector.training.rows import CorpusRows
    from detector.training.token_store import TokenStore
    from detector.training.trainer import Trainer, TrainingConfig, build_model, with_settings

    config = with_settings(TrainingConfig(tokens=tokens), settings or [])
    trainer = Trainer(
        config, build_model(config), CorpusRows(TokenStore.open(work), config), run, resolve_device(device)
    )
    if trainer.step:
        typer.echo(f"continuing at step {trainer.step}", err=True)
    trainer.run(report=lambda line: typer.echo(line, err=True))


@app.command()
def voice(
    name: Annotated[str, typer.Argument(help="human or machine.")],
    detection: Annotated[Path, typer.Argument(help="Folder of labelled data sets (NAME.jsonl or .jsonl.zst).")],
    run: Annotated[Path, typer.Option(help="Folder of this run: configuration, log, checkpoints.")],
    out: Annotated[Path, typer.Option(help="Where the result goes: the folder voices in the base's.")],
    model: Annotated[str, typer.Option(help="Base model folder or name.")] = "small",
    tokens: Annotated[int, typer.Option(help="Tokens to tune on.")] = 3_000_000,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Any field of VoiceConfig, such as rank=32.")
    ] = None,
    device: str = "cpu",
) -> None:
    """Tune a voice from the base model; writes OUT/NAME.safetensors."""
    from detector.models import LanguageModel
    from detector.models.loading import resolve_device
    from detector.training.roles import voice_domains
    from detector.training.trainer import with_settings
    from detector.training.voice_tuning import VoiceConfig, tune_voice

    base = LanguageModel.load(model, device="cpu", dtype="float32")
    config = VoiceConfig(voice=name, base_fingerprint=base.fingerprint, tokens=tokens)  # type: ignore[arg-type]
    written = tune_voice(
        base,
        voice_domains(detection),
        with_settings(config, settings or []),
        run,
        out,
        report=lambda line: typer.echo(line, err=True),
        device=resolve_device(device),
    )
    typer.echo(str(written), err=True)


@app.command()
def export(
    corpus: Annotated[Path, typer.Argument(help="The corpus folder, for validation by genre and for the card.")],
    work: Annotated[Path, typer.Option(help="Folder that `prepare` filled.")],
    run: Annotated[Path, typer.Option(help="Folder of the run to export.")],
    out: Annotated[Path, typer.Option(help="Model folder to write, in Hugging Face format.")],
    dtype: Annotated[str, typer.Option(help="Number format of the stored weights.")] = "bfloat16",
    hardware: Annotated[str, typer.Option(help="What it was trained on, for the card.")] = "not stated",
    about: Annotated[
        Path | None, typer.Option(help="Markdown for the card: data, licences, weaknesses, what else to know.")
    ] = None,
) -> None:
    """Write model.safetensors, config, tokenizer, token counts and model card."""
    from detector.training.export import export_model

    told = about.read_text(encoding="utf-8") if about else ""
    export_model(corpus, work, run, out, dtype, hardware, told, report=lambda line: typer.echo(line, err=True))


@app.command()
def lexical(
    detection: Annotated[Path, typer.Argument(help="Folder of labelled data sets (NAME.jsonl or .jsonl.zst).")],
    out: Annotated[Path, typer.Option(help="Word weights to write (.safetensors).")],
) -> None:
    """Fit the word weights on the texts that tune the voices."""
    from detector.training.lexical_fit import fit_lexical
    from detector.training.roles import voice_domains

    fit_lexical(voice_domains(detection)).save(out)


@app.command()
def probe(
    detection: Annotated[Path, typer.Argument(help="Folder of labelled data sets (NAME.jsonl or .jsonl.zst).")],
    corpus: Annotated[Path, typer.Argument(help="The corpus folder, for human texts of every register.")],
    cache: Annotated[Path, typer.Option(help="File that keeps scores and pooled states; a broken-off run goes on.")],
    out: Annotated[Path | None, typer.Option(help="Probe to write (.safetensors); without it only compare.")] = None,
    model: Annotated[str, typer.Option(help="Model folder or name.")] = "smollm2",
    dtype: Annotated[str, typer.Option(help="Number format of the pass.")] = "bfloat16",
    humans: Annotated[int | None, typer.Option(help="Most human texts; 1,700, or all with --units.")] = None,
    machines: Annotated[int | None, typer.Option(help="Most machine texts; 2,300, or all with --units.")] = None,
    negatives: Annotated[int | None, typer.Option(help="Most texts of the corpus; 450, or all with --units.")] = None,
    layers: Annotated[
        str | None, typer.Option(help="Layers it reads, such as 12,15; the usual ones if left out.")
    ] = None,
    units: Annotated[bool, typer.Option("--units", help="Fit a hidden layer too, and all on twice the texts.")] = False,
    units_of: Annotated[
        Path | None,
        typer.Option(help="Probe whose hidden layer and register it gets, fitted on more texts of fewer layers."),
    ] = None,
    choices: Annotated[bool, typer.Option(help="Compare layers and penalties on domains left out whole.")] = False,
    prefix: Annotated[str, typer.Option(help="What stands in front of a text: auto, none, or a token.")] = "auto",
) -> None:
    """Fit the linear probe on hidden states of the texts that the classifier never sees."""
    import torch

    from detector.models import LanguageModel
    from detector.training.pooled_states import POOLED_LAYERS
    from detector.training.probe_fit import LAYERS, compare_probes, fit_probe, probe_texts_of
    from detector.training.roles import ALL, probe_texts
    from detector.training.score_cache import cached_states
    from detector.training.units_fit import compare_units, fit_units
    from detector.verdict.probe_model import ProbeModel

    read = LAYERS if layers is None else tuple(sorted(map(int, layers.split(","))))
    usual = (ALL, ALL, ALL) if units else (1700, 2300, 450)
    of_humans, of_machines, of_corpus = (
        own if given is None else given for given, own in zip((humans, machines, negatives), usual, strict=True)
    )
    part = "hidden_layer" if units else "probe"
    texts = probe_texts(detection, corpus, of_humans, of_machines, of_corpus, part)
    pooled = cached_states(
        LanguageModel.load(model, dtype=dtype, prefix=prefix),
        [text.text for text in texts],
        cache,
        POOLED_LAYERS if layers is None else read,
        _texts_scored,
    )
    rows = probe_texts_of(texts, pooled)
    typer.echo(f"{(~rows.is_machine).sum()} human and {rows.is_machine.sum()} machine texts", err=True)
    if choices:
        for line in compare_probes(rows):
            typer.echo(line)
        if units:
            typer.echo(compare_units(rows, read))
    if out is not None:
        fitted = fit_probe(rows, read)
        if units:
            weights, bias = fit_units(rows, read)
            shape = (len(bias), len(read), -1)
            fitted = fitted.with_units(torch.from_numpy(weights.reshape(shape)), torch.from_numpy(bias))
        if units_of is not None:
            fitted = fitted.with_units_of(ProbeModel.load(units_of))
        fitted.save(out)


app.command()(parts)
app.command()(extend)


def _texts_scored(done: int, total: int) -> None:
    typer.echo(f"{done} of {total} texts scored", err=True)


@app.command()
def features(
    detection: Annotated[Path, typer.Argument(help="Folder of labelled data sets (NAME.jsonl or .jsonl.zst).")],
    corpus: Annotated[Path, typer.Argument(help="The corpus folder, for held-out human references.")],
    out: Annotated[Path, typer.Option(help="Table to write (.parquet).")],
    model: Annotated[str, typer.Option(help="Model folder or name.")] = "default",
    humans: Annotated[int, typer.Option(help="Most human texts a data set.")] = 600,
    machines: Annotated[int, typer.Option(help="Most machine texts a data set and generator.")] = 60,
    per_genre: Annotated[int, typer.Option(help="Most human reference pieces a corpus genre.")] = 450,
    cache: Annotated[
        Path | None, typer.Option(help="File that keeps the token scores, so that new features need no new pass.")
    ] = None,
    dtype: Annotated[str, typer.Option(help="Number format of the pass.")] = "float32",
    probe: Annotated[Path | None, typer.Option(help="Probe that `probe` wrote, for a model that has one.")] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            metavar="FIT,CALIBRATE,CORPUS,DEV",
            help="Most texts that fit, calibrate, are references of the corpus, and judge; all where left out.",
        ),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Read hidden states alone, for a quick calibration.")] = False,
) -> None:
    """Score labelled texts once; what fits and judges reads the table."""
    from detector.models import LanguageModel
    from detector.training.feature_table import build_table
    from detector.training.roles import labelled_texts, voice_domains, within_budget
    from detector.training.word_pairs import word_pair_scores
    from detector.verdict.lexical import LexicalModel
    from detector.verdict.probe_model import ProbeModel

    labelled = labelled_texts(detection, corpus, humans, machines, per_genre, with_validation=probe is None)
    if budget is not None:
        kinds = ("fit", "calibrate", "corpus", "dev")
        most = dict(zip(kinds, map(int, budget.split(",")), strict=True))
        labelled = within_budget(labelled, most)
    for (role, dataset, is_machine), n in sorted(Counter((r, t.dataset, t.is_machine) for r, t in labelled).items()):
        typer.echo(f"{role:10} {dataset:30} {'machine' if is_machine else 'human':8} {n}", err=True)
    typer.echo(f"{len(labelled)} texts", err=True)
    trivial = None
    if not quick:  # the table of the full reading has it
        fitted_on = [text for role, text in labelled if role == "fit"]
        for found in voice_domains(detection):
            fitted_on += [*found.human, *found.machine]
        trivial = word_pair_scores(fitted_on, [text.text for _, text in labelled]).tolist()
    table = build_table(
        LanguageModel.load(model, dtype=dtype),
        labelled,
        cache,
        LexicalModel.load(),
        ProbeModel.load(probe) if probe else None,
        _texts_scored,
        yardstick=trivial,
        quick=quick,
    )
    table.save(out)


@app.command(name="costly-methods")
def costly_methods(
    table: Annotated[Path, typer.Argument(help="Table that `features` wrote; it is written again.")],
    detection: Annotated[Path, typer.Argument(help="Folder of labelled data sets (NAME.jsonl or .jsonl.zst).")],
    texts: Annotated[int, typer.Option(help="Texts of each label and dev set that are sampled from.")] = 40,
    varied: Annotated[int, typer.Option(help="Of these, texts that are changed and continued as well.")] = 12,
    model: Annotated[str, typer.Option(help="Model folder or name.")] = "default",
    humans: Annotated[int, typer.Option(help="Most human texts a data set, as given to `features`.")] = 600,
    machines: Annotated[int, typer.Option(help="Most machine texts a generator, as given to `features`.")] = 60,
) -> None:
    """Add the statistics that need samples, a second model, changed copies or other endings of dev texts."""
    from detector.evaluation.feature_table import FeatureTable
    from detector.models import LanguageModel
    from detector.training.costly_methods import add_costly_methods
    from detector.training.roles import select

    added = add_costly_methods(
        LanguageModel.load(model),
        FeatureTable.load(table),
        select(detection, "dev", humans, machines),
        texts,
        varied,
        report=lambda line: typer.echo(line, err=True),
    )
    added.save(table)


@app.command()
def classifier(
    table: Annotated[Path, typer.Argument(help="Table that `features` wrote.")],
    out: Annotated[Path, typer.Option(help="Classifier to write (.json).")],
    also: Annotated[
        list[str] | None,
        typer.Option(help="Another number format it is to serve; measure first: benchmarks/number_formats.py."),
    ] = None,
    model: Annotated[str, typer.Option(help="Model folder or name, for the fingerprints of --also.")] = "default",
) -> None:
    """Fit and calibrate the verdict's classifier."""
    from detector.evaluation.feature_table import FeatureTable
    from detector.models import LanguageModel
    from detector.training.classifier_fit import fit_classifier

    fitted = fit_classifier(FeatureTable.load(table))
    for number_format in also or []:
        fitted.number_formats[number_format] = LanguageModel.load(model, dtype=number_format).fingerprint
    fitted.save(out)
    for bucket in fitted.buckets:
        typer.echo(
            f"from {bucket.least_tokens} tokens: {len(bucket.human_scores)} human and "
            f"{len(bucket.machine_scores)} machine references",
            err=True,
        )


@app.command()
def references(
    table: Annotated[Path, typer.Argument(help="Table that `features` wrote.")],
    detection: Annotated[
        Path | None, typer.Argument(help="Folder of labelled data sets; without it, the histograms in --out are kept.")
    ] = None,
    corpus: Annotated[Path | None, typer.Argument(help="The corpus folder, for held-out human references.")] = None,
    *,
    out: Annotated[Path, typer.Option(help="References to write (.json).")],
    most: Annotated[int, typer.Option(help="Most texts of each kind behind the histograms.")] = 600,
    humans: Annotated[int, typer.Option(help="Most human texts a data set.")] = 600,
    machines: Annotated[int, typer.Option(help="Most machine texts a data set and generator.")] = 60,
    per_genre: Annotated[int, typer.Option(help="Most human reference pieces a corpus genre.")] = 450,
    model: Annotated[str, typer.Option(help="Model folder or name.")] = "default",
    calibration: Annotated[
        Path | None, typer.Option(help="Classifier made from the table; the one that comes with the model if none.")
    ] = None,
) -> None:
    """Measure what reports are drawn against: histograms, spectrum, and the AUROC of every method."""
    from detector.evaluation.feature_table import FeatureTable
    from detector.models import LanguageModel
    from detector.report.references import References
    from detector.training.reference_numbers import Histograms, make_references, measure_histograms
    from detector.training.roles import labelled_texts
    from detector.verdict.classifier import Classifier
    from detector.verdict.shipped import calibration_for

    if detection is None or corpus is None:
        histograms = Histograms.kept_in(References.load(out))
    else:
        histograms = measure_histograms(
            LanguageModel.load(model),
            labelled_texts(detection, corpus, humans, machines, per_genre),
            most,
            lambda done, total: typer.echo(f"{done} of {total} texts", err=True) if done % 100 == 0 else None,
        )
    make_references(Classifier.load(calibration or calibration_for(model)), FeatureTable.load(table), histograms).save(
        out
    )


@app.command()
def pairs(
    folder: Annotated[Path, typer.Argument(help="Folder of texts that people wrote; subfolders too.")],
    out: Annotated[Path, typer.Option(help="Labelled set to write (.jsonl).")],
    model: Annotated[str, typer.Option(help="What writes the machine texts: a name, folder or GGUF file.")] = "default",
    words: Annotated[int, typer.Option(help="Of a passage.", min=60)] = 120,
    most: Annotated[int, typer.Option(help="Passages.", min=1)] = 200,
    seed: int = 0,
) -> None:
    """Make a small labelled set of texts of your own, to try `detect train` and its kin on."""
    import json

    from detector.documents.reading import read_folder
    from detector.files import write_text_whole
    from detector.models import LanguageModel
    from detector.report.output_files import check_writable
    from detector.training.own_pairs import make_pairs

    check_writable(out)
    sources = read_folder(folder)
    made = make_pairs(
        sources, LanguageModel.load(model), words, most, seed,
        lambda done, total: typer.echo(f"{done} of {total} passages", err=True),
    )  # fmt: skip
    write_text_whole(out, "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in made))


@app.command()
def choices(
    table: Annotated[Path, typer.Argument(help="Table that `features` wrote.")],
) -> None:
    """Compare verdicts that rest on other features and estimators, on the dev sets."""
    from detector.evaluation.feature_table import FeatureTable
    from detector.training.comparison import compare_choices

    for line in compare_choices(FeatureTable.load(table)):
        typer.echo(line)


def main() -> None:
    """Run a command; errors end in a sentence and an exit code."""
    try:
        app()
    except DetectorError as error:
        typer.echo(f"detector.training: {error}", err=True)
        raise SystemExit(error.exit_code) from None
    except FileNotFoundError as error:
        typer.echo(f"detector.training: {error.filename} does not exist; run the command before this one.", err=True)
        raise SystemExit(3) from None


if __name__ == "__main__":
    main()
