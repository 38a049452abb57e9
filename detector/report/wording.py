"""The words of a report: what a verdict means, what it does not, and what the numbers are, for people.

Nothing here accuses. A verdict is about a text and never about a person, and the only percentage of a text
is the share of it that stands in parts of one kind.
"""

from collections import Counter
from dataclasses import dataclass

from detector.records.result import Result
from detector.records.verdicts import Verdict
from detector.report.parts import parts_of, percent
from detector.verdict.classifier import Classifier
from detector.verdict.findings import DISGUISED, MOST_LISTED

NOT_PROOF = (
    "A score is not proof: it says how unusual a text is among human texts, not who wrote it. "
    "Talk to the author before you act on it."
)
HEADLINES: dict[Verdict, str] = {
    "human": "Reads like human writing",
    "machine": "Reads like machine text",
    "mixed": "Parts read like human writing, parts like machine text",
    "inconclusive": "The evidence does not decide",
    "unscored": "No verdict",
}
NEXT_STEPS: dict[Verdict, str] = {
    "human": "This does not show who wrote it: machine text that was reworked, or written to order in a plain "
    "voice, can read so too.",
    "machine": "This is a reason to talk with the author, to look at drafts and notes, and to ask about the text. It "
    "is no reason to act on its own: plain, formal or much-edited human writing can read so too.",
    "mixed": "This is a reason to look at the parts marked in it and to ask how the text came about. Quotations, "
    "templates and edited passages change how a part reads.",
    "inconclusive": "Most honest answers look like this one. Nothing follows from it, in either direction.",
    "unscored": "Nothing is said about this text, in either direction.",
}
TELLING_AUROC = 0.6
"""Of a statistic that tells something under a model; near or below a half it tells nothing."""
FINDING_WORDS = {
    "invisible_character": "invisible character",
    "lookalike_letter": "look-alike letter",
    "combining_mark": "mark upon a letter",
    "character_reference": "letter as a reference",
    "letter_spacing": "letters set apart",
    "unusual_space": "unusual space",
    "spacing": "spacing",
    "punctuation": "punctuation",
    "quotation": "long quotation",
    "rare_token": "rare token",
    "undertrained_token": "token never learned",
    "impossible_token": "impossible token",
}


def findings_said(result: Result) -> str:
    """How many findings of each kind, in words; empty without any."""
    counts = result.finding_counts or Counter(found.kind for found in result.findings)
    kinds = {FINDING_WORDS.get(kind, kind.replace("_", " ")): n for kind, n in counts.items()}
    return ", ".join(f"{n:,} \u00d7 {kind}" if n > 1 else kind for kind, n in kinds.items())


def how_sure(result: Result) -> list[str]:
    """What the verdict rests on, as people count, first what speaks for it; empty for a text without one."""
    if result.p_value is None or result.probability_machine is None:
        return []
    humans = f"human texts {'like it' if result.kind is not None else 'of its length'}"
    if result.verdict == "mixed" and result.one_author_p_value is not None:
        share = result.one_author_p_value
        said = [f"Of 1,000 texts by one author, {_look(share)} as divided into parts of two kinds."]
    elif result.verdict == "mixed" and result.segments:
        said = [
            f"Of 1,000 {texts}, {_have(min(p_values))} so {reads} a part."
            for texts, reads, p_values in (
                (humans, "machine-like", [s.p_value for s in result.segments if s.leans_to == "machine"]),
                ("machine texts of its length", "human", [s.p_value for s in result.segments if s.leans_to == "human"]),
            )
            if p_values
        ]
    else:
        said = [f"Of 1,000 {humans}, {_look(result.p_value)} this machine-like or more."]
        if result.human_p_value is not None:
            said.append(f"Of 1,000 machine texts of its length, {_look(result.human_p_value)} this human or more.")
        if result.verdict == "human":
            said.reverse()
    probability = probability_words(result.probability_machine)
    return [*said, f"Probability of machine text: {probability}, if every second text were one."]


def advice(result: Result) -> str:
    """What would decide an open verdict, and what a verdict is a reason for."""
    own = result.explanation.partition(DISGUISED)[0]
    return f"{own.partition('. ')[2].strip()} {NEXT_STEPS[result.verdict]}".strip()


def _look(share: float) -> str:
    return f"{of_thousand(share)} look{'s' if _is_one(share) else ''}"


def _have(share: float) -> str:
    return f"{of_thousand(share)} {'has' if _is_one(share) else 'have'}"


def _is_one(share: float) -> bool:
    return of_thousand(share).split()[-1] == "1"


_BOUND = 0.02
"""Below it a share of references may stand for none of them."""


def of_thousand(share: float) -> str:
    """How many of a thousand.

    A p-value counts the text itself among the references, so that a small one is a bound and no count.

    >>> of_thousand(0.25), of_thousand(0.0123), of_thousand(0.0004), of_thousand(0.99951), of_thousand(1.0)
    ('250', 'at most 12', 'fewer than 1', 'more than 999', 'all')
    """
    if share < 0.001:
        return "fewer than 1"
    if share > 0.999:
        return "more than 999" if share < 1 else "all"
    return f"{'at most ' if share < _BOUND else ''}{1000 * share:,.0f}"


@dataclass(frozen=True)
class Fact:
    """One number with its meaning."""

    term: str
    value: str
    meaning: str


def facts(result: Result, classifier: Classifier | None) -> list[Fact]:
    """The numbers behind the verdict; none for a text without one."""
    if result.score is None or result.p_value is None or result.probability_machine is None:
        return []
    # A mixed text is judged by its parts; without this word the two kinds of numbers seem to contradict each other.
    whole = "as a whole " if result.verdict == "mixed" else ""
    numbers = [
        Fact(
            f"Human texts that {whole}look at least as machine-like",
            out_of_thousand(result.p_value),
            f"Of human reference texts {_like(result, classifier)} ({p_words(result.p_value)}).",
        )
    ]
    if result.human_p_value is not None:
        numbers.append(
            Fact(
                f"Machine texts that {whole}look at least as human",
                out_of_thousand(result.human_p_value),
                f"Of machine reference texts of like length ({p_words(result.human_p_value)}).",
            )
        )
    numbers.append(
        Fact(
            "Probability",
            probability_words(result.probability_machine),
            "That it is machine text, on a scale from 0 to 1, if human and machine texts were equally common "
            "beforehand. It is not a share of the text.",
        )
    )
    low, high = result.confidence_interval or (result.score, result.score)
    numbers.append(
        Fact(
            "Score",
            signed(result.score),
            f"95 % interval {signed(low)} to {signed(high)}; higher is more like machine text. A wide interval means "
            "that other sentences of the same kind might have scored otherwise.",
        )
    )
    if result.score_as_given is not None and result.p_value_as_given is not None:
        numbers.append(
            Fact(
                "Score of the text with its disguise",
                signed(result.score_as_given),
                f"{p_words(result.p_value_as_given).capitalize()}; the verdict does not rest on it.",
            )
        )
    numbers.append(
        Fact(
            "Length",
            f"{result.n_words:,} words",
            f"{result.n_tokens:,} tokens; longer texts can be judged more surely.",
        )
    )
    if result.edit_extent is not None and result.edit_extent_interval is not None:
        numbers.append(Fact("How much help, if any", result.edit_extent_words or "", _extent_said(result)))
    if result.share_machine_estimate is not None and result.share_machine_interval is not None:
        least, most = map(percent, result.share_machine_interval)
        numbers.append(
            Fact(
                "Written by a machine, by estimate",
                percent(result.share_machine_estimate),
                f"Share of the words, most likely between {least} and {most}, if the text is by two authors.",
            )
        )
    if (share := machine_share(result)) is not None:
        numbers.append(
            Fact("In parts that read like machine text", percent(share), "Share of the text's words in those parts.")
        )
    return numbers


def _extent_said(result: Result) -> str:
    low, high = result.edit_extent_interval or (0.0, 1.0)
    return (
        f"Edit extent {result.edit_extent:.2f} on a scale from 0 (a person's own words) to 1 (a machine's); nine in "
        f"ten texts with this estimate lie between {low:.2f} and {high:.2f}. It is an estimate for texts that had "
        "help, and no sign that this one had any."
    )


def extent_in_short(result: Result) -> str:
    """How much help there was, if any, in a line; empty where it was not estimated."""
    if result.edit_extent is None or result.edit_extent_interval is None:
        return ""
    low, high = result.edit_extent_interval
    return (
        f"{result.edit_extent_words} ({result.edit_extent:.2f}, between {low:.2f} and {high:.2f} of 1), if it had any"
    )


def promise(result: Result, classifier: Classifier | None) -> str:
    """What the false-alarm rate means, with the numbers of this text; empty where there is no verdict."""
    if result.target_fpr is None or classifier is None or result.n_tokens is None:
        return ""
    references = classifier.humans_like(result.n_tokens, result.kind)
    rate, like = result.target_fpr, _like(result, classifier)
    return (
        f"The tool was set to a false-alarm rate of {rate:.2g}. So of 1,000 texts that people wrote themselves, about "
        f"{1000 * rate:.0f} would still be called machine text, by chance alone, and any one text may be among them. "
        f"This was measured on {len(references):,} human texts {like}; for other kinds of writing, "
        "and for writers unlike those, the rate may be higher."
    )


def n_findings(result: Result) -> int:
    """How many there are, listed or not."""
    return max(len(result.findings), sum(result.finding_counts.values()))


def unlisted_findings(result: Result) -> str:
    """A sentence on findings that are counted and not listed; empty where all are."""
    listed = Counter(found.kind for found in result.findings)
    more = [
        f"{n:,} of the kind \u201c{FINDING_WORDS.get(kind, kind.replace('_', ' '))}\u201d"
        for kind, n in result.finding_counts.items()
        if n > listed[kind]
    ]
    return f"The first {MOST_LISTED} of a kind are listed; there are {' and '.join(more)}." if more else ""


def _like(result: Result, classifier: Classifier | None) -> str:
    if classifier is not None and classifier.neighbours is not None:
        return "of like length, each compared with those most like it"
    return "of like length" if result.kind is None else "of its kind, and of like length"


def machine_share(result: Result) -> float | None:
    """Share of the words in parts that are machine text by themselves, for a text of more than one part."""
    parts = parts_of(result)
    return sum(part.share for part in parts if part.segment.label == "machine") if parts else None


def out_of_thousand(share: float) -> str:
    """A share of reference texts as people count.

    >>> out_of_thousand(0.0123), out_of_thousand(0.25), out_of_thousand(1.0)
    ('at most 12 in 1,000', '250 in 1,000', 'all')
    """
    return of_thousand(share) + (" in 1,000" if share < 1 else "")


def p_words(p_value: float) -> str:
    """A p-value to three decimals.

    >>> p_words(0.0123), p_words(0.0004)
    ('p-value 0.012', 'p-value below 0.001')
    """
    return f"p-value {p_value:.3f}" if p_value >= 0.001 else "p-value below 0.001"


def probability_words(probability: float) -> str:
    """On a scale from 0 to 1, never as a percentage and never certain.

    >>> probability_words(0.9999), probability_words(0.918), probability_words(0.0001)
    ('above 0.99', '0.92', 'below 0.01')
    """
    if probability >= 0.995:
        return "above 0.99"
    return "below 0.01" if probability < 0.005 else f"{probability:.2f}"


def signed(value: float) -> str:
    r"""Two decimals with a real minus sign.

    >>> signed(0.25), signed(-1.5) == "\u22121.50"
    ('+0.25', True)
    """
    return f"{value:+.2f}".replace("-", "\u2212")
