"""What prompting says of a token: its outcome, and the record of a whole verification.

Every token is prompted in three ways (``prompts.py``); p is its highest probability over all slots.

    echoed      p >= 1 %: the model gives it back
    undecided   p < 1 %, but ordinary tokens as frequent (``controls.py``) are not even ten times as likely: the model
                is too weak to tell
    not echoed  p < 1 %, controls do better, yet it is at least 100 times as likely as tokens known to be unused: the
                model knows it and does not give it back, as with words that grammar forbids in its place
    confirmed   p < 1 %, controls do better, and it is hardly told apart from tokens that were never trained

Without tokens known to be unused the last two are one, called confirmed. The 1 % is from Land and Bartolo, "Fishing
for Magikarp" (2024), who generate three tokens a prompt and have no controls of either kind. What the weights say
(``Ranking.at_floor``) stands beside each outcome and does not enter it.

``verification.py`` does the prompting.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from detector.errors import UsageError
from detector.vocabulary.in_context import TokenInContext
from detector.vocabulary.ledger import Readings
from detector.vocabulary.prompts import Prompt
from detector.vocabulary.sequential import RecallEstimate, check_plan

Outcome = Literal["confirmed", "not echoed", "undecided", "echoed"]
Part = Literal["worst first", "random sample"]
EndOfWalk = Literal["few confirmed", "limit", "end of the list"]
FORMAT = 1


@dataclass(frozen=True)
class VerificationSettings:
    """How tokens are prompted, judged and chosen."""

    echo_rounds: int = 5
    repeats: int = 16
    threshold: float = 0.01
    """Probability below which a token is not given back."""
    least_ratio: float = 10.0
    """How many times likelier the median control must be for a token to be confirmed."""
    most_lead: float = 100.0
    """How many times likelier than unused tokens a confirmed one may be."""
    control_pool: int = 256
    controls: int = 16
    """Controls of each token, out of the pool."""
    window: int = 64
    least_share: float = 0.1
    """The walk ends when fewer of the last ``window`` tokens are confirmed."""
    sample: int = 400
    """Tokens drawn at random from beyond the end of the walk."""
    most: int | None = None
    """The walk ends after so many tokens in any case."""
    seed: int = 0

    def __post_init__(self) -> None:
        check_plan(self.window, self.least_share, self.sample, self.most)
        for name, value, least in (
            ("echo_rounds", self.echo_rounds, 1),
            ("repeats", self.repeats, 4),
            ("control_pool", self.control_pool, 1),
            ("controls", self.controls, 1),
            ("seed", self.seed, 0),
        ):
            if value < least:
                raise UsageError(f"{name} is {value}; it must be at least {least}.")
        if not 0 < self.threshold < 1:
            raise UsageError(f"The threshold is {self.threshold:g}; it must be a probability between 0 and 1.")
        for name, ratio in (("least_ratio", self.least_ratio), ("most_lead", self.most_lead)):
            if not ratio >= 1:
                raise UsageError(f"{name} is {ratio:g}; it is a ratio of probabilities of at least 1.")


@dataclass(frozen=True)
class VerifiedToken:
    """One token, what the model made of it, and what that means."""

    token: TokenInContext
    part: Part
    readings: Readings
    control_log_prob_nats: float
    """Median over its controls of their highest log-probability."""
    outcome: Outcome
    at_floor: bool | None
    """Whether the weights look never trained; None where that is not known."""

    @property
    def token_id(self) -> int:
        """Its id."""
        return self.token.token_id

    @property
    def max_log_prob_nats(self) -> float:
        """Of its highest probability over prompts and slots."""
        return highest(self.readings)

    @property
    def lead_nats(self) -> float | None:
        """Largest lead over tokens known to be unused; None where none are known."""
        return highest_lead(self.readings)

    @property
    def meaning(self) -> str:
        """Weights and behaviour in words."""
        behaviour = {
            "confirmed": "the model cannot use it" if self.lead_nats is not None else "the model cannot give it back",
            "not echoed": "the model knows it, and does not give it back",
            "undecided": "the model does not give it back, nor tokens like it",
            "echoed": "the model gives it back",
        }[self.outcome]
        if self.at_floor is None:
            return behaviour
        weights = "weights as if never trained" if self.at_floor else "weights moved by training"
        return f"{weights}; {behaviour}"

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "token_id": self.token_id,
            "part": self.part,
            "outcome": self.outcome,
            "at_floor": self.at_floor,
            "meaning": self.meaning,
            "max_probability": float(np.exp(self.max_log_prob_nats)),
            "max_log_prob_nats": self.max_log_prob_nats,
            "control_log_prob_nats": self.control_log_prob_nats,
            "lead_nats": self.lead_nats,
            "left_ids": list(self.token.left),
            "right_ids": list(self.token.right),
            "readings": [reading.to_dict() for reading in self.readings],
        }


@dataclass(frozen=True, eq=False)
class Verification:
    """A whole run."""

    model_name: str
    model_fingerprint: str
    settings: VerificationSettings
    prompts: tuple[Prompt, ...]
    unused_ids: tuple[int, ...]
    """Known to be unused, and compared with."""
    tokens: tuple[VerifiedToken, ...]
    """Those of the walk in their order, then the random sample."""
    control_log_prob_nats: dict[int, float]
    """Highest log-probability of each control token, by id."""
    recall: RecallEstimate
    ended_by: EndOfWalk

    @property
    def confirmed(self) -> tuple[VerifiedToken, ...]:
        """Those confirmed, in either part."""
        return tuple(token for token in self.tokens if token.outcome == "confirmed")

    @property
    def controls_echoed(self) -> float:
        """Share of control tokens that the model gives back: how far prompting can tell anything."""
        values = np.array(list(self.control_log_prob_nats.values()))
        return float((values >= np.log(self.settings.threshold)).mean())

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "schema_version": FORMAT,
            "model": self.model_name,
            "model_fingerprint": self.model_fingerprint,
            "settings": asdict(self.settings),
            "prompts": [asdict(prompt) for prompt in self.prompts],
            "unused_ids": list(self.unused_ids),
            "ended_by": self.ended_by,
            "recall": self.recall.to_dict(),
            "controls_echoed": self.controls_echoed,
            "controls": [{"token_id": i, "max_log_prob_nats": p} for i, p in self.control_log_prob_nats.items()],
            "tokens": [token.to_dict() for token in self.tokens],
        }


def outcome_of(
    log_prob_nats: float, control_log_prob_nats: float, lead_nats: float | None, settings: VerificationSettings
) -> Outcome:
    """From a token's highest log-probability, the median of its controls and its lead.

    >>> usual = VerificationSettings()
    >>> outcome_of(-7.0, -1.0, 0.2, usual), outcome_of(-7.0, -1.0, 9.0, usual), outcome_of(-7.0, -6.0, 0.2, usual)
    ('confirmed', 'not echoed', 'undecided')
    """
    if log_prob_nats >= np.log(settings.threshold):
        return "echoed"
    if not log_prob_nats <= control_log_prob_nats - np.log(settings.least_ratio):
        return "undecided"
    return "not echoed" if lead_nats is not None and lead_nats >= np.log(settings.most_lead) else "confirmed"


def highest(readings: Readings) -> float:
    """Log-probability, the highest over prompts and slots."""
    return max(value for reading in readings for value in reading.log_prob_nats)


def highest_lead(readings: Readings) -> float | None:
    """Over tokens known to be unused, the highest over prompts and slots; None where none are known."""
    return max((value for reading in readings for value in reading.lead_nats), default=None)
