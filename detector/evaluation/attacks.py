"""The character and word attacks of RAID, written from their descriptions, to see what they cost a detector.

Reference: Dugan et al. 2024, RAID: A Shared Benchmark for Robust Evaluation of Machine-Generated Text Detectors (ACL),
section on adversarial attacks and its appendix, which gives the share of the possible places that each attack changes.
Left out: paraphrase, which needs a model. Two differ by what they draw on: misspellings are made by rule here
(a doubled letter single, i and e or two inner letters swapped) where RAID has a list, and synonyms come from a small
list of word groups where RAID asks a masked model; so fewer words have one.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

from detector.documents.sentences import sentence_spans

_HOMOGLYPHS = {
    "a": "\u0430", "A": "\u0410\u0391", "B": "\u0412\u0392", "e": "\u0435", "E": "\u0415\u0395", "c": "\u0441",
    "p": "\u0440", "K": "\u041a\u039a", "O": "\u041e\u039f", "P": "\u0420\u03a1", "M": "\u041c\u039c",
    "H": "\u041d\u0397", "T": "\u0422\u03a4", "X": "\u0425\u03a7", "C": "\u0421", "y": "\u0443", "o": "\u043e",
    "x": "\u0445", "I": "\u0406\u0399", "i": "\u0456", "N": "\u039d", "Z": "\u0396",
}  # fmt: skip
_WORD = re.compile(r"[A-Za-z]+")
_FEWEST_LETTERS_MISSPELT = 5

# American and British, by the beginnings of words that are spelt in two ways.
_SPELLINGS = """
color/colour favor/favour honor/honour labor/labour neighbor/neighbour behavior/behaviour flavor/flavour humor/humour
rumor/rumour harbor/harbour vapor/vapour vigor/vigour parlor/parlour savior/saviour endeavor/endeavour
center/centre theater/theatre meter/metre liter/litre fiber/fibre caliber/calibre somber/sombre specter/spectre
analyz/analys paralyz/paralys realiz/realis organiz/organis recogniz/recognis emphasiz/emphasis apologiz/apologis
criticiz/criticis summariz/summaris minimiz/minimis maximiz/maximis optimiz/optimis specializ/specialis
generaliz/generalis characteriz/characteris memoriz/memoris prioritiz/prioritis utiliz/utilis civiliz/civilis
symboliz/symbolis moderniz/modernis stabiliz/stabilis globaliz/globalis capitaliz/capitalis
traveled/travelled traveling/travelling traveler/traveller canceled/cancelled canceling/cancelling
modeled/modelled modeling/modelling labeled/labelled labeling/labelling counselor/counsellor jewelry/jewellery
fulfill/fulfil skillful/skilful enroll/enrol installment/instalment defense/defence offense/offence
pretense/pretence catalog/catalogue dialog/dialogue gray/grey plow/plough mold/mould skeptic/sceptic
aluminum/aluminium pajamas/pyjamas mustache/moustache anesthe/anaesthe pediatric/paediatric
encyclopedia/encyclopaedia esthetic/aesthetic maneuver/manoeuvre judgment/judgement aging/ageing
acknowledgment/acknowledgement cozy/cosy
"""
_SYNONYMS = """
big/large/huge small/little/tiny good/fine/decent bad/poor/awful important/significant/crucial show/display/reveal
help/assist/aid use/employ/utilize make/create/produce get/obtain/receive begin/start/commence end/finish/conclude
many/numerous/several often/frequently/regularly also/additionally/furthermore but/yet/however very/extremely/highly
people/individuals/persons think/believe/consider say/state/remark tell/inform/notify ask/inquire/request
need/require want/desire/wish give/provide/offer take/grab/seize keep/retain/maintain find/discover/locate
look/glance/gaze see/notice/observe know/understand/realize feel/sense/experience try/attempt/strive work/labor/toil
change/alter/modify improve/enhance/better increase/grow/rise decrease/decline/drop problem/issue/difficulty
idea/notion/concept way/method/manner part/portion/piece place/location/spot time/period/moment thing/object/item
world/globe/earth life/existence/living home/house/residence city/town/metropolis country/nation/state
child/kid/youngster man/guy/fellow woman/lady/female friend/companion/pal job/occupation/career money/cash/funds
happy/glad/joyful sad/unhappy/gloomy angry/mad/furious afraid/scared/frightened beautiful/lovely/pretty
hard/difficult/tough easy/simple/effortless fast/quick/rapid slow/gradual/unhurried strong/powerful/mighty
weak/feeble/frail new/recent/fresh old/ancient/aged young/youthful/juvenile rich/wealthy/affluent
true/correct/accurate false/wrong/incorrect clear/obvious/evident whole/entire/complete enough/sufficient/adequate
walk/stroll/march run/sprint/dash speak/talk/converse write/compose/pen read/study/peruse learn/master/grasp
teach/instruct/educate build/construct/assemble break/shatter/smash buy/purchase/acquire sell/vend/trade
answer/reply/response question/query/inquiry reason/cause/motive result/outcome/consequence effect/impact/influence
choose/select/pick decide/determine/resolve explain/clarify/describe allow/permit/let stop/halt/cease
continue/proceed/persist happen/occur/arise seem/appear remain/stay/linger become/turn/grow
different/distinct/diverse similar/alike/comparable special/unique/particular common/usual/typical rare/scarce/uncommon
main/chief/primary last/final/ultimate first/initial/earliest next/following/subsequent near/close/nearby
always/forever/constantly never/rarely/seldom maybe/perhaps/possibly really/truly/genuinely quickly/swiftly/rapidly
"""


@cache
def _groups(listed: str) -> tuple[tuple[str, ...], ...]:
    """Words that stand for one another."""
    return tuple(tuple(group.split("/")) for line in listed.splitlines() for group in line.split())


def _chosen(places: Sequence[int], share: float, rng: Random) -> set[int]:
    """So large a share of the places, rounded down."""
    return set(rng.sample(list(places), int(len(places) * share)))


def _with_words(text: str, share: float, rng: Random, change: Callable[[str], str | None]) -> str:
    """A share of the words that can be changed is."""
    words = list(_WORD.finditer(text))
    changed = {i: new for i, word in enumerate(words) if (new := change(word.group())) is not None}
    picked = _chosen(list(changed), share, rng)
    pieces, at = [], 0
    for i, word in enumerate(words):
        pieces += [text[at : word.start()], changed[i] if i in picked else word.group()]
        at = word.end()
    return "".join([*pieces, text[at:]])


def _cased_like(new: str, old: str) -> str:
    return new.upper() if len(old) > 1 and old.isupper() else new.capitalize() if old[0].isupper() else new


def homoglyph(text: str, rng: Random) -> str:
    """Every letter that has a twin in another alphabet becomes that twin."""
    return "".join(rng.choice(_HOMOGLYPHS[c]) if c in _HOMOGLYPHS else c for c in text)


def zero_width(text: str, rng: Random) -> str:
    """A space without width behind every character."""
    return "\u200b".join(text) + "\u200b" * bool(text)


def whitespace(text: str, rng: Random) -> str:
    """More spaces behind a fifth of the words; chance may choose a word twice."""
    words = text.split(" ")
    for _ in range(int(len(words) * 0.2)):
        words[rng.randrange(len(words))] += " "
    return " ".join(words)


def upper_lower(text: str, rng: Random) -> str:
    """The first letter of every twentieth word in the other case."""
    return _with_words(text, 0.05, rng, lambda word: word[0].swapcase() + word[1:])


def misspelling(text: str, rng: Random) -> str:
    """A fifth of the longer words misspelt."""
    return _with_words(text, 0.2, rng, lambda word: _misspelt(word, rng))


def _misspelt(word: str, rng: Random) -> str | None:
    if len(word) < _FEWEST_LETTERS_MISSPELT or not word[1:].islower():
        return None
    if match := re.search(r"(?<=.)([a-z])\1", word):
        return word[: match.start()] + word[match.start() + 1 :]
    if match := re.search(r"(?<=.)(?:ie|ei)", word):
        return word[: match.start()] + match.group()[::-1] + word[match.end() :]
    swaps = [i for i in range(1, len(word) - 2) if word[i] != word[i + 1]]
    if not swaps:
        return None
    i = rng.choice(swaps)
    return word[:i] + word[i + 1] + word[i] + word[i + 2 :]


def article_deletion(text: str, rng: Random) -> str:
    """Half of the articles left out."""
    articles = list(re.finditer(r"\b(?:a|an|the) +", text, re.IGNORECASE))
    picked = _chosen(range(len(articles)), 0.5, rng)
    pieces, at = [], 0
    for i, article in enumerate(articles):
        if i in picked:
            pieces.append(text[at : article.start()])
            at = article.end()
    return "".join([*pieces, text[at:]])


def number_swap(text: str, rng: Random) -> str:
    """Half of the numbers with other digits."""
    numbers = list(re.finditer(r"\d+(?:\.\d+)?", text))
    picked = _chosen(range(len(numbers)), 0.5, rng)
    letters = list(text)
    for i, number in enumerate(numbers):
        for at in range(*number.span()) if i in picked else ():
            letters[at] = rng.choice("0123456789") if letters[at].isdigit() else letters[at]
    return "".join(letters)


def alternative_spelling(text: str, rng: Random) -> str:
    """Every word that is spelt otherwise across the Atlantic, from American to British."""

    def british(word: str) -> str | None:
        lowered = word.lower()
        for american, other in _groups(_SPELLINGS):
            if lowered.startswith(american) and not lowered.startswith(other):
                return _cased_like(other + lowered[len(american) :], word)
        return None

    return _with_words(text, 1.0, rng, british)


def paragraph_insertion(text: str, rng: Random) -> str:
    """A paragraph ends behind half of the sentences."""
    starts = [start for start, _ in sentence_spans(text)][1:]
    for start in sorted(_chosen(starts, 0.5, rng), reverse=True):
        text = text[:start] + "\n\n" + text[start:]
    return text


def synonym(text: str, rng: Random) -> str:
    """Half of the words that the list knows, by another of their group."""
    groups = {word: group for group in _groups(_SYNONYMS) for word in group}

    def other(word: str) -> str | None:
        group = groups.get(word.lower())
        return _cased_like(rng.choice([one for one in group if one != word.lower()]), word) if group else None

    return _with_words(text, 0.5, rng, other)


@dataclass(frozen=True)
class Attack:
    """One way to change a text so that a reader hardly minds."""

    name: str
    change: Callable[[str, Random], str]
    is_of_characters: bool
    """Changes letters and spaces and no words, so that it can be undone."""

    def __call__(self, text: str, seed: int = 0) -> str:
        """The changed text; the same for the same text and seed."""
        return self.change(text, Random(f"{self.name}:{seed}:{text[:200]}"))


ATTACKS = tuple(
    Attack(change.__name__, change, change in (homoglyph, zero_width, whitespace, upper_lower, paragraph_insertion))
    for change in (
        homoglyph, zero_width, whitespace, upper_lower, paragraph_insertion, misspelling, article_deletion, number_swap,
        alternative_spelling, synonym,
    )
)  # fmt: skip
