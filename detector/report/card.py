"""A result in a notebook: the verdict in words, the evidence of each sentence, the marked text; no style sheet."""

from markupsafe import Markup

from detector.records.result import Evidence, Result
from detector.report.evidence_pictures import evidence_picture
from detector.report.page import name_of
from detector.report.palette import LIGHT
from detector.report.parts import parts_of, sentence_on_parts
from detector.report.svg import inline_svg
from detector.report.views import VIEWS, word_levels
from detector.report.visible import plain_visible, visible
from detector.report.wording import HEADLINES, NOT_PROOF, how_sure

_MOST_WORDS = 600
"""Marked on a card; the report shows all."""
_SIDES = {"human": LIGHT.human, "machine": LIGHT.machine}
_STYLES = {
    -2: f"background:{LIGHT.strong_human};text-decoration:overline",
    -1: f"background:{LIGHT.lean_human};text-decoration:overline dotted",
    1: f"background:{LIGHT.lean_machine};text-decoration:underline dotted",
    2: f"background:{LIGHT.strong_machine};text-decoration:underline",
}
_CARD = Markup(
    '<div style="max-width:52rem;font-family:system-ui,sans-serif;line-height:1.5;background:{paper};color:{ink};'
    'padding:1rem;border:1px solid {rule};border-left:6px solid {side}"><div style="color:{muted}">{name}</div>'
    '<div style="font-size:1.3em"><b>{headline}</b></div><div>{parts}</div><div>{said}</div>{curve}{text}'
    '<div style="color:{muted};font-size:.9em">{not_proof}</div></div>'
)


def card(result: Result) -> str:
    """HTML of the card; ``result.to_html()`` is the whole report."""
    curve = text = Markup("")
    if result.evidence is not None:
        curve = inline_svg(evidence_picture(result, result.evidence))
        text = _marked(result.evidence)
    return str(
        _CARD.format(
            paper=LIGHT.surface,
            ink=LIGHT.ink,
            rule=LIGHT.rule,
            muted=LIGHT.muted,
            side=_SIDES.get(result.verdict, LIGHT.muted),
            name=plain_visible(name_of(result)),
            headline=HEADLINES[result.verdict],
            parts=sentence_on_parts(parts_of(result)),
            said=" ".join(how_sure(result)) or plain_visible(result.explanation),
            curve=curve,
            text=text,
            not_proof=NOT_PROOF,
        )
    )


def _marked(evidence: Evidence) -> Markup:
    """The words in a box that scrolls, each by what it speaks for, below the key."""
    words = word_levels(evidence, "evidence")
    pieces, at = [], 0
    for start, end, level in words[:_MOST_WORDS]:
        pieces += [visible(evidence.text[at:start]), _word(visible(evidence.text[start:end]), level)]
        at = end
    if len(words) > _MOST_WORDS:
        pieces.append(Markup(" \u2026"))
    key = Markup(" ").join(_word(Markup.escape(label), level) for level, label in VIEWS["evidence"].labels.items())
    return Markup(
        '<div style="font-size:.9em;color:{}">{} {}</div><div style="white-space:pre-wrap;overflow-wrap:anywhere;'
        'max-height:22rem;overflow:auto;margin:.5rem 0;line-height:1.7">{}</div>'
    ).format(LIGHT.muted, VIEWS["evidence"].explained, key, Markup("").join(pieces))


def _word(word: Markup, level: int) -> Markup:
    style = _STYLES.get(level)
    return word if style is None else Markup('<span style="{};color:{}">{}</span>').format(style, LIGHT.ink, word)
