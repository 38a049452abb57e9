"""Where the time of scoring goes, and what each of our parts saves over the plain way to do the same.

    python benchmarks/speed_parts.py [--model smollm2] [--dtype float32] [--words 400] [--rounds 3] [--threads 1]

The body: transformers' own, one text at a time; the same over texts padded to the longest; ours, packed. The head:
its matrix product alone, as a bare model does it; whole rows of logits reduced 64 positions at a time; our sweep in
blocks of the vocabulary. All in turn, round after round; medians of processor time, and the rate in operations a second
beside the matrix rate of the machine.
"""

import argparse
import statistics
from collections.abc import Callable
from typing import Any

from speed import Clock, machine_rates, make_texts


def parts_of(
    language_model: Any, texts: list[str]
) -> tuple[dict[str, Callable[[], Any]], dict[str, Callable[[], Any]]]:
    """The ways to run the body, and those to run the head; each over all tokens of the texts."""
    import torch

    from detector.models.body import Body
    from detector.scoring.vocabulary_head import reduce_vocabulary

    prefix = [] if language_model.prefix_id is None else [language_model.prefix_id]
    ids = [torch.tensor(prefix + language_model.encoder.encode(text)[0].tolist()) for text in texts]
    base, head = language_model.model.base_model, language_model.head
    lengths, packed = [len(text) for text in ids], torch.cat(ids).to(language_model.device)
    ours, padded = Body(base), Body(base, packs=False)
    hidden = ours(packed, lengths)[0]
    weight = language_model.model.get_output_embeddings().weight
    body = {
        "transformers, one text at a time": lambda: [
            base(input_ids=text[None], use_cache=False) for text in packed.split(lengths)
        ],
        "transformers, padded": lambda: padded(packed, lengths),
        "ours, packed": lambda: ours(packed, lengths),
    }
    heads = {
        "product alone": lambda: torch.nn.functional.linear(hidden, weight),
        "whole rows, 64 positions": lambda: reduce_vocabulary(hidden, lambda rows: head(rows), packed),
        "sweep in blocks": lambda: reduce_vocabulary(hidden, head, packed),
    }
    return body, heads


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--words", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    import torch

    from detector import LanguageModel

    torch.set_num_threads(arguments.threads)
    language_model = LanguageModel.load(arguments.model, device=arguments.device, dtype=arguments.dtype)
    device, dtype = language_model.device, language_model.model.dtype
    texts = [text for n in (0.1, 0.3, 0.6) for text in make_texts(str(int(arguments.words * n)), 1)]
    n_tokens = sum(len(language_model.encoder.encode(text)[0]) + 1 for text in texts)
    with torch.inference_mode():
        body, heads = parts_of(language_model, texts)
        times: dict[str, list[float]] = {name: [] for name in (*body, *heads)}
        rates = []
        for number in range(arguments.rounds + 1):
            for name, run in (body | heads).items():
                with Clock(device) as clock:
                    run()
                if number:
                    times[name].append(clock.wall if device.type == "cuda" else clock.cpu)
            rates.append(machine_rates(device, dtype)[0])
    print(
        f"{language_model.name} in {language_model.dtype}, {len(texts)} texts, {n_tokens} tokens, "
        f"{torch.get_num_threads()} threads; machine {statistics.median(rates) / 1e9:.0f} GFLOP/s"
    )
    for part, ways in (("body", body), ("head", heads)):
        first = times[next(iter(ways))]
        for name in ways:
            seconds = statistics.median(times[name])
            ratio = statistics.median(own / other for own, other in zip(first, times[name], strict=True))
            print(f"{part}  {name:34}{n_tokens / seconds:8.0f} tokens a CPU second   {ratio:5.2f} x the first")


if __name__ == "__main__":
    main()
