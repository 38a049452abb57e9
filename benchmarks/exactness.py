"""How far the engine's numbers are from those of the same weights in double precision, beside transformers' own.

    python benchmarks/exactness.py [--model smollm2] [--formats float32 bfloat16] [--words 60 180] [--threads 1]

The reference is one text at a time through transformers in float64. "transformers" is its own pass in the short
format with a float32 log-softmax of the logits, as most scripts score. Differences in nats a token; a rank agrees that
is within 1 % of the reference's.
"""

import argparse
from functools import partial
from typing import Any

import numpy as np
from speed import make_texts

COLUMNS = ("log_prob_nats", "entropy_nats", "max_log_prob_nats")


def statistics_of(logits: Any, targets: Any) -> dict[str, np.ndarray]:
    """The columns and the rank from logits (n, V) and targets (n,), in the logits' precision."""
    log_probs = logits.log_softmax(-1)
    own = log_probs.gather(1, targets[:, None])
    found = {
        "log_prob_nats": own.squeeze(1),
        "entropy_nats": -(log_probs.exp() * log_probs).sum(-1),
        "max_log_prob_nats": log_probs.amax(-1),
        "rank": 1 + (logits > logits.gather(1, targets[:, None])).sum(-1),
    }
    return {name: values.double().numpy() for name, values in found.items()}


def in_double(model: Any) -> Any:
    """The model in float64 throughout; transformers would compute the norms of a Llama in float32."""
    import torch

    def normed(norm: Any, states: Any) -> Any:
        return norm.weight * states * torch.rsqrt(states.square().mean(-1, keepdim=True) + norm.variance_epsilon)

    for part in model.double().modules():
        if hasattr(part, "variance_epsilon"):
            part.forward = partial(normed, part)
    return model


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--formats", nargs="+", default=["float32", "bfloat16"])
    parser.add_argument("--words", nargs="+", default=["60", "180"])
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    import torch

    from detector import LanguageModel, score_texts

    torch.set_num_threads(arguments.threads)
    torch.set_grad_enabled(False)
    texts = [text for words in arguments.words for text in make_texts(words, 1)]
    reference: dict[str, np.ndarray] = {}
    for number_format in arguments.formats:
        language_model = LanguageModel.load(arguments.model, device="cpu", dtype=number_format)
        prefix = [] if language_model.prefix_id is None else [language_model.prefix_id]
        ids = [torch.tensor(prefix + language_model.encoder.encode(text)[0].tolist()) for text in texts]

        def plain(model: Any, ids: list[Any] = ids) -> dict[str, np.ndarray]:
            rows = []
            for text in ids:
                logits = model(input_ids=text[None]).logits[0, :-1]
                rows.append(statistics_of(logits if logits.dtype == torch.float64 else logits.float(), text[1:]))
            return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}

        scores = list(score_texts(language_model, texts))
        ours = {name: np.concatenate([getattr(s, name) for s in scores]).astype(float) for name in (*COLUMNS, "rank")}
        theirs = plain(language_model.model)
        if not reference:
            reference = plain(in_double(language_model.model))
        print(f"{language_model.name} in {number_format}, {len(reference['rank'])} tokens, against float64")
        for who, found in (("ours", ours), ("transformers", theirs)):
            differences = {name: np.abs(found[name] - reference[name]) for name in COLUMNS}
            shown = [f"{name} {gap.mean():.2e} mean, {gap.max():.2e} at most" for name, gap in differences.items()]
            agree = np.mean(np.abs(found["rank"] - reference["rank"]) <= 0.01 * reference["rank"])
            print(f"  {who:13}{'; '.join(shown)}; ranks that agree {agree:.1%}", flush=True)


if __name__ == "__main__":
    main()
