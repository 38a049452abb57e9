"""``python -m detector.training prepare|train|export``: from text shards to an embedded model."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Train the embedded base model.")


@app.command()
def prepare(
    corpus: Annotated[Path, typer.Argument(help="Folder of GENRE__NAME.jsonl(.zst) shards.")],
    work: Annotated[Path, typer.Option(help="Folder for the tokenizer and the token store.")],
    vocabulary: Annotated[int, typer.Option(help="Entries of the tokenizer.")] = 16_384,
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
    matrix_learning_rate: float = 0.02,
    other_learning_rate: float = 3e-3,
    device: str = "cpu",
    seed: int = 0,
) -> None:
    """Train, or continue a run from its last checkpoint."""
    from detector.training.token_store import TokenStore
    from detector.training.trainer import Trainer, TrainingConfig

    config = TrainingConfig(
        tokens=tokens,
        matrix_learning_rate=matrix_learning_rate,
        other_learning_rate=other_learning_rate,
        seed=seed,
    )
    trainer = Trainer(config, TokenStore.open(work), run, device)
    if trainer.step:
        typer.echo(f"continuing at step {trainer.step}", err=True)
    trainer.run(report=lambda line: typer.echo(line, err=True))


if __name__ == "__main__":
    app()
