"""What prompting found, as lines for the terminal."""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from detector.vocabulary.tokenizer_analysis import TokenizerAnalysis
from detector.vocabulary.verification_record import Verification

_FEWEST_ECHOED = 0.8


def verification_lines(verification: Verification, analysis: TokenizerAnalysis, most: int = 40) -> Iterator[str]:
    """Counts, the recall with its interval, and a table of at most ``most`` confirmed tokens, the worst first."""
    recall, settings = verification.recall, verification.settings
    outcomes = Counter(token.outcome for token in verification.tokens if token.part == "worst first")
    yield (
        f"Prompted {recall.walked} tokens from the worst up: {outcomes['confirmed']} confirmed, "
        f"{outcomes['not echoed']} known but not given back, {outcomes['undecided']} undecided, "
        f"{outcomes['echoed']} given back."
    )
    reason = {
        "few confirmed": f"fewer than {settings.least_share:.0%} of the last {settings.window} were confirmed",
        "limit": f"it was limited to {settings.most} tokens",
        "end of the list": "the list ended",
    }[verification.ended_by]
    yield f"The walk ended because {reason}."
    if recall.sampled:
        low, high = recall.beyond
        yield (
            f"Of {recall.sampled} tokens drawn at random from the other {recall.rest}, {recall.sampled_confirmed} were "
            f"confirmed: {low} to {high} such tokens lie beyond (95 %)."
        )
    if recall.found:
        low_share, high_share = recall.interval
        estimate = "" if np.isnan(recall.recall) else f"about {recall.recall:.0%}, "
        yield f"Found of all confirmed tokens: {estimate}{low_share:.0%} to {high_share:.0%} (95 %)."
    yield (
        f"Of {len(verification.control_log_prob_nats)} ordinary tokens prompted beside them, "
        f"{verification.controls_echoed:.0%} were given back."
    )
    if verification.controls_echoed < _FEWEST_ECHOED:
        yield "This model gives back too few ordinary tokens for prompting to say much."
    meanings = Counter(token.meaning for token in verification.tokens)
    yield ""
    yield from (f"{count:6}  {meaning}" for meaning, count in meanings.most_common())
    shown = verification.confirmed[:most]
    if shown:
        yield ""
        yield f"{'id':>7} {'token':24} {'p':>9} {'controls':>9} weights"
    for token in shown:
        weights = {None: "", True: "as if never trained", False: "moved by training"}[token.at_floor]
        yield (
            f"{token.token_id:7} {analysis.display[token.token_id]:24.24} {np.exp(token.max_log_prob_nats):9.2g} "
            f"{np.exp(token.control_log_prob_nats):9.2g} {weights}"
        ).rstrip()
    if len(verification.confirmed) > len(shown):
        yield f"... and {len(verification.confirmed) - len(shown)} more; --json lists them all."
