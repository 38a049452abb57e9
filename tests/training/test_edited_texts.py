import json

import pytest

from detector.evaluation.edits import extent_of
from detector.evaluation.labelled_texts import LabelledText
from detector.training import edited_texts as module
from detector.training.edited_texts import LEFT_OUT_GENERATORS, reworked_texts
from detector.training.roles import role_of
from tests.training.test_feature_table import prose

(PAIR,) = [f"p{i}" for i in range(50) if role_of(f"p{i}") == "voice"][:1]
OWN = prose(1, 60)
SLIGHT, HEAVY, REWRITTEN = OWN.replace(OWN.split()[5], "word"), prose(2, 60), OWN + " " + prose(3, 60)


def labelled(text: str, dataset: str, generator: str = "", attack: str = "", pair: str = PAIR) -> LabelledText:
    return LabelledText(text, bool(generator), dataset, pair, generator=generator, attack=attack)


@pytest.fixture
def detection(tmp_path):
    def record(text: str, generator: str = "", attack: str = "", pair: str = PAIR) -> dict[str, str]:
        label = "machine" if generator else "human"
        return {"text": text, "label": label, "pair_id": pair, "generator": generator, "attack": attack}

    (other,) = [f"p{i}" for i in range(50) if role_of(f"p{i}") == "fit"][:1]
    sets = {
        "apt_eval.polish": [
            record(OWN),
            record(SLIGHT, "gpt-4o", "polish:10"),
            record(SLIGHT + " too", LEFT_OUT_GENERATORS[0], "polish:10"),
            record(HEAVY, "gpt-4o", "polish:75"),
            record(prose(7, 60), pair=other),
            record(prose(7, 60) + " more", "gpt-4o", "polish:10", pair=other),
        ],
        "l2r.domains": [record(OWN), record(REWRITTEN, "gpt-4o")],
    }
    for name, records in sets.items():
        (tmp_path / f"{name}.jsonl").write_text("\n".join(json.dumps(one) for one in records))
    return tmp_path


def test_texts_have_the_extent_of_the_whole_of_them_and_what_only_judges_is_left_out(detection, monkeypatch):
    beginning = " ".join(REWRITTEN.split()[:80])
    shown = [
        labelled(OWN, "apt_eval.polish"),
        labelled(HEAVY, "apt_eval.polish", "gpt-4o", "polish:75"),
        labelled(HEAVY, "apt_eval.polish", LEFT_OUT_GENERATORS[1], "polish:75"),
        labelled(beginning, "l2r.domains", "gpt-4o"),
        labelled("free " + HEAVY, "l2r.domains", "gemini-1.5-pro"),
        labelled("answer " + HEAVY, "gptid.reddit_eli5", "text-davinci-003"),
        labelled("changed " + HEAVY, "gptid.reddit_eli5_paraphrased", "text-davinci-003"),
        labelled("changed too " + HEAVY, "biscope.creative", "gpt-4", "paraphrase"),
        labelled("lost " + HEAVY, "l2r.domains", "gpt-4o"),  # no such text in the set
    ]
    monkeypatch.setattr(module, "probe_texts", lambda detection, corpus, part: shown)
    found = {text.text: text for text in reworked_texts(detection, detection)}
    assert {text: (one.extent, one.is_free) for text, one in found.items()} == {
        OWN: (0.0, False),
        HEAVY: (extent_of(OWN, HEAVY), False),
        beginning: (extent_of(OWN, REWRITTEN), False),
        "free " + HEAVY: (1.0, True),
        "answer " + HEAVY: (1.0, True),
        SLIGHT: (extent_of(OWN, SLIGHT), False),  # a slight polish is no text of a probe, and comes from the set
    }
    assert found[OWN].generator == "human"
    assert 0 < found[SLIGHT].extent < 0.1 < found[HEAVY].extent
    assert all(one.role == "voice" for one in found.values())
