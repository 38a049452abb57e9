"""A result in a notebook: the verdict in words and the evidence of each sentence, whole without any style sheet."""

from markupsafe import Markup

from detector.records.result import Result
from detector.report.evidence_pictures import evidence_picture
from detector.report.page import name_of
from detector.report.palette import LIGHT
from detector.report.parts import parts_of, sentence_on_parts
from detector.report.svg import inline_svg
from detector.report.visible import plain_visible
from detector.report.wording import HEADLINES, NOT_PROOF

_CARD = Markup(
    '<div style="max-width:52rem;font-family:system-ui,sans-serif;line-height:1.5;background:{paper};color:{ink};'
    'padding:1rem;border:1px solid {rule}"><div style="color:{muted}">{name}</div><div style="font-size:1.3em">'
    "<b>{headline}</b></div><div>{parts}</div><div>{explanation}</div>{curve}"
    '<div style="color:{muted};font-size:.9em">{not_proof}</div></div>'
)


def card(result: Result) -> str:
    """HTML of the card; ``result.to_html()`` is the whole report."""
    curve = Markup("")
    if result.evidence is not None:
        curve = inline_svg(evidence_picture(result, result.evidence))
    return str(
        _CARD.format(
            paper=LIGHT.surface,
            ink=LIGHT.ink,
            rule=LIGHT.rule,
            muted=LIGHT.muted,
            name=plain_visible(name_of(result)),
            headline=HEADLINES[result.verdict],
            parts=sentence_on_parts(parts_of(result)),
            explanation=plain_visible(result.explanation),
            curve=curve,
            not_proof=NOT_PROOF,
        )
    )
