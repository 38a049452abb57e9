"""Human texts and what models made of them, with how far each was reworked: what the edit extent is fitted on.

Polished (``apt_eval.polish``) and rewritten texts (``l2r.domains``) by the pairs that the classifier's roles divide, so
that no writer is on two sides; texts that a model wrote freely on the same subject are the far end. Polished abstracts
of a data set left out whole (``hppt.acl_abstracts``) judge alone.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from detector.documents.hashing import unit_hash
from detector.evaluation.edits import extent_of
from detector.evaluation.labelled_texts import LabelledText, read_labelled
from detector.training.roles import probe_texts, role_of

N_WORDS = 130
MOST = {
    ("apt_eval.polish", "voice"): 420,
    ("apt_eval.polish", "fit"): 280,
    ("apt_eval.polish", "calibrate"): 260,
    ("l2r.domains", "voice"): 330,
    ("l2r.domains", "fit"): 130,
    ("l2r.domains", "calibrate"): 170,
    ("hppt.acl_abstracts", "calibrate"): 180,
}
"""Texts of a set and role, human ones counted in."""
FREE = {
    ("l2r.domains", "voice"): 90,
    ("l2r.domains", "fit"): 40,
    ("l2r.domains", "calibrate"): 60,
    ("biscope.creative", "voice"): 50,
    ("biscope.creative", "fit"): 25,
    ("biscope.creative", "calibrate"): 40,
    ("biscope.yelp", "voice"): 50,
    ("biscope.yelp", "fit"): 25,
    ("biscope.yelp", "calibrate"): 40,
}
"""Texts that a model wrote freely."""
_CHOSEN = {"apt_eval.polish": 9, "l2r.domains": 3, "hppt.acl_abstracts": 2}
"""Versions of a text that are looked at, one a generator and degree; of these at most so many as follow are taken."""
_TAKEN = {"apt_eval.polish": 5}
_OTHERS_TAKEN = 3
FREE_GENERATORS = ("gemini",)
"""Wrote on a subject and not from a human text, in ``l2r.domains``; the other generators rewrote."""
LEFT_OUT_GENERATORS = ("deepseek-chat", "llama3.1-70b")
"""Polished texts that fit nothing and only judge."""
REWORKED_SETS = ("apt_eval.polish", "l2r.domains")
_PARAPHRASED = "gptid.reddit_eli5_paraphrased"
_SLIGHTLY_POLISHED = 7
"""Texts of a writer, polished to a degree below the 50 from which on they count as a machine's."""


@dataclass(frozen=True)
class EditedText:
    """A text and how far it is from the human one behind it."""

    text: str
    """Its first ``N_WORDS`` words."""
    extent: float
    """0 for the human text itself, 1 for one written freely; otherwise ``extent_of`` the whole texts."""
    dataset: str
    generator: str
    """``human`` for the text itself."""
    role: str
    pair_id: str
    is_free: bool = False


def edited_texts(detection: Path) -> list[EditedText]:
    """Of every set and role of ``MOST``, in an order made by hash."""
    found: list[EditedText] = []
    for name in dict.fromkeys(name for name, _ in MOST):
        humans: dict[str, LabelledText] = {}
        versions: dict[str, list[LabelledText]] = defaultdict(list)
        for text in _read(detection, name):
            if text.is_machine:
                versions[text.pair_id].append(text)
            else:
                humans.setdefault(text.pair_id, text)
        for role in (role for set_name, role in MOST if set_name == name):
            taken: list[EditedText] = []
            for pair in sorted(versions, key=lambda key: unit_hash("ed" + key)):
                if len(taken) < MOST[name, role] and pair in humans and role_of(pair) == role:
                    taken += _of_pair(humans[pair], versions[pair], name, role)
            found += taken
    return [*found, *_free_texts(detection)]


def reworked_texts(detection: Path, corpus: Path) -> list[EditedText]:
    """Ten times as many, of the half of the pairs that tunes voices: those that fit a hidden layer, and slight polish.

    Human texts, texts that a model wrote freely, and the reworked ones with their extents; a machine's text that was
    paraphrased is neither.
    """
    originals, versions = _voice_pairs(detection)
    found: list[EditedText] = []
    for text in probe_texts(detection, corpus, part="hidden_layer"):
        is_free = text.is_machine and (
            text.dataset not in REWORKED_SETS
            or (text.dataset == "l2r.domains" and text.generator.startswith(FREE_GENERATORS))
        )
        if not text.is_machine or (is_free and "para" not in text.attack and text.dataset != _PARAPHRASED):
            generator = text.generator if text.is_machine else "human"
            found.append(EditedText(text.text, float(is_free), text.dataset, generator, "voice", text.pair_id, is_free))
        elif not is_free and text.generator not in LEFT_OUT_GENERATORS:
            found += _with_extent(text.text, text, originals, versions)
    for pair in sorted(versions["apt_eval.polish"]):
        slight = [t for t in versions["apt_eval.polish"][pair] if 0 < _degree(t) < 50]
        slight = [t for t in slight if t.generator not in LEFT_OUT_GENERATORS]
        slight.sort(key=lambda t: unit_hash("low" + t.attack + t.generator + t.text[:99]))
        for text in slight[:_SLIGHTLY_POLISHED]:
            found += _with_extent(" ".join(text.text.split(" ")[:150]), text, originals, versions)
    return found


def _voice_pairs(
    detection: Path,
) -> tuple[dict[tuple[str, str], LabelledText], dict[str, dict[str, list[LabelledText]]]]:
    """Human texts by (set, pair), and by set and pair what models made of them."""
    originals: dict[tuple[str, str], LabelledText] = {}
    versions: dict[str, dict[str, list[LabelledText]]] = {name: defaultdict(list) for name in REWORKED_SETS}
    for name in REWORKED_SETS:
        for text in (t for t in _read(detection, name) if role_of(t.pair_id) == "voice"):
            if text.is_machine:
                versions[name][text.pair_id].append(text)
            else:
                originals.setdefault((name, text.pair_id), text)
    return originals, versions


def _with_extent(
    beginning: str,
    text: LabelledText,
    originals: dict[tuple[str, str], LabelledText],
    versions: dict[str, dict[str, list[LabelledText]]],
) -> list[EditedText]:
    """The text with the extent of the whole of it; none without the human text behind it."""
    human = originals.get((text.dataset, text.pair_id))
    whole = [
        other
        for other in versions[text.dataset][text.pair_id]
        if (other.generator, other.attack) == (text.generator, text.attack) and other.text.startswith(beginning[:200])
    ]
    if human is None or not whole:
        return []
    extent = extent_of(human.text, whole[0].text)
    return [EditedText(beginning, extent, text.dataset, text.generator, "voice", text.pair_id)]


def _degree(text: LabelledText) -> int:
    degree = text.attack.rpartition(":")[2]
    return int(degree) if degree.isdigit() else 0


def _free_texts(detection: Path) -> list[EditedText]:
    found: list[EditedText] = []
    for name in dict.fromkeys(name for name, _ in FREE):
        texts = [
            text
            for text in _read(detection, name)
            if text.is_machine and "para" not in text.attack
            and (name != "l2r.domains" or text.generator.startswith(FREE_GENERATORS))
        ]  # fmt: skip
        texts.sort(key=lambda t: unit_hash("free" + t.text[:99]))
        for role in (role for set_name, role in FREE if set_name == name):
            chosen = [text for text in texts if role_of(text.pair_id) == role][: FREE[name, role]]
            found += [EditedText(_cut(t.text), 1.0, name, t.generator, role, t.pair_id, is_free=True) for t in chosen]
    return found


def _read(detection: Path, name: str) -> Iterator[LabelledText]:
    (path,) = [p for p in detection.glob("*.jsonl*") if p.name.split(".jsonl")[0] == name]
    return read_labelled(path)


def _of_pair(human: LabelledText, versions: list[LabelledText], dataset: str, role: str) -> list[EditedText]:
    chosen: dict[tuple[str, str], LabelledText] = {}
    for text in sorted(versions, key=lambda t: unit_hash("m" + t.text[:99])):
        chosen.setdefault((text.generator, text.attack), text)
    made = []
    for text in list(chosen.values())[: _CHOSEN[dataset]]:
        extent = extent_of(human.text, text.text)
        made.append(EditedText(_cut(text.text), extent, dataset, text.generator, role, human.pair_id))
    made.sort(key=lambda one: unit_hash("z" + one.text[:60]))
    return [
        EditedText(_cut(human.text), 0.0, dataset, "human", role, human.pair_id),
        *made[: _TAKEN.get(dataset, _OTHERS_TAKEN)],
    ]


def _cut(text: str) -> str:
    return " ".join(text.split(" ")[:N_WORDS])
