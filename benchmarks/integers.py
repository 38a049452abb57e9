"""What weights of 8 or 4 bits would win in time, and what they would do to the verdict.

    python benchmarks/integers.py [--model smollm2] [--words 900] [--rounds 3] [--threads 1]

Three models beside the float32 one: weights rounded to 8 and to 4 bits (groups of 64 along the inputs, symmetric) and
computed with in float32, which shows the loss alone; and torch's dynamic int8, whose products are of integers and
whose inputs are rounded too. Time is that of a forward pass with logits, one text at a time, in turn, as processor time
with float32 as 1. Of each: differences of log-probabilities in nats a token; how far the mean evidence of the probe
moves, in standard deviations over texts as the calibration has them; and the same of the score, everything else left
alone.
"""

import argparse
import copy
import statistics
import time
import warnings
from typing import Any

import numpy as np
from speed import make_texts

GROUP = 64


def rounded(model: Any, bits: int) -> Any:
    """A copy whose linear layers of the body have weights of so many bits."""
    import torch

    short = copy.deepcopy(model)
    largest = 2 ** (bits - 1) - 1
    with torch.no_grad():
        for layer in short.base_model.modules():
            if isinstance(layer, torch.nn.Linear):
                groups = layer.weight.reshape(-1, GROUP)
                scale = groups.abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / largest
                layer.weight.copy_(((groups / scale).round() * scale).reshape(layer.weight.shape))
    return short


def dynamic_int8(model: Any) -> Any:
    """Torch's own way for CPUs."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it moves to another package
        return torch.ao.quantization.quantize_dynamic(
            copy.deepcopy(model), {torch.nn.Linear}, dtype=torch.qint8, inplace=True
        )


def read(model: Any, ids: Any, probe: Any) -> tuple[np.ndarray, float]:
    """(log-probabilities in nats, mean evidence) of one text."""
    import torch

    from detector.scoring.probe import scaled

    out = model(input_ids=ids[None], output_hidden_states=True, use_cache=False)
    log_probs = out.logits[0, :-1].float().log_softmax(-1).gather(1, ids[1:, None])[:, 0]
    states = torch.stack([out.hidden_states[layer][0, :-1] for layer in probe.layers], dim=1)
    return log_probs.numpy(), float(probe.read(scaled(states))[:, 0].mean())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--words", type=int, default=900)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    import torch

    from detector import Detector

    torch.set_num_threads(arguments.threads)
    detector = Detector.load(arguments.model, "cpu", "float32", threads=arguments.threads)
    classifier, probe = detector.classifier, detector.probe_model.probe
    column = classifier.feature_names.index("probe_evidence")
    scale, weight = classifier.scales[column], classifier.coefficients[column]
    spread = np.std(classifier.neighbours.scores)
    language_model = detector.language_model
    prefix = [] if language_model.prefix_id is None else [language_model.prefix_id]
    texts = make_texts("300", arguments.words)
    ids = [torch.tensor(prefix + language_model.encoder.encode(text)[0].tolist()) for text in texts]
    plain = language_model.model
    models = {
        "float32": plain,
        "8 bits, computed in float32": rounded(plain, 8),
        "4 bits, computed in float32": rounded(plain, 4),
        "torch's dynamic int8": dynamic_int8(plain),
    }
    print(
        f"{sum(map(len, ids))} tokens in {len(ids)} texts, {arguments.threads} threads\n\n"
        "| weights | time, float32 = 1 | log-probability: mean, largest difference (nats) | evidence: mean shift "
        "(standard deviations) | score: mean, largest shift (of its spread over people) |\n|---|---|---|---|---|"
    )
    seconds: dict[str, list[float]] = {name: [] for name in models}
    found: dict[str, list[tuple[np.ndarray, float]]] = {}
    with torch.inference_mode():
        for _ in range(arguments.rounds):
            for name, model in models.items():
                began = time.process_time()
                found[name] = [read(model, one, probe) for one in ids]
                seconds[name].append(time.process_time() - began)
    for name in models:
        ratio = statistics.median(a / b for a, b in zip(seconds[name], seconds["float32"], strict=True))
        apart = np.abs(np.concatenate([a - b for (a, _), (b, _) in zip(found[name], found["float32"], strict=True)]))
        shift = np.array([a - b for (_, a), (_, b) in zip(found[name], found["float32"], strict=True)]) / scale
        score = np.abs(shift * weight / spread)
        print(
            f"| {name} | {ratio:.2f} | {apart.mean():.4f}, {apart.max():.2f} | {shift.mean():+.3f} | "
            f"{score.mean():.3f}, {score.max():.3f} |"
        )


if __name__ == "__main__":
    main()
