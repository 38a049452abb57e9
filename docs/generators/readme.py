"""The results in ten lines, for the README."""

from typing import Any

from docs.generators.markdown import code, table


def readme_block(figures: dict[str, Any]) -> str:
    """The results in ten lines."""
    models, target = figures["models"], f"{figures['target_fpr']:.0%}".replace("%", " %")
    found = list(models.values())
    left_out = figures["left_out"]

    def row(says: str, show: Any) -> tuple[str, ...]:
        return says, *(show(model) for model in found)

    worst = f"{_percent(left_out['median'])}, {_percent(left_out['worst'])} (`{left_out['worst_source']}`)"
    rows = [
        row("texts by people and by machines", lambda m: f"{m['human_texts']:,} and {m['machine_texts']:,}"),
        row("AUROC, mean over chat models", lambda m: f"{m['chat_auroc']:.3f} ({m['chat_models']} models)"),
        row("their texts above the threshold that 1 % of human texts pass", lambda m: _percent(m["chat_tpr_at_1"])),
        row("the same on the hardest data set", lambda m: f"{_percent(m['weakest_tpr_at_1'])} (`{m['weakest_set']}`)"),
        row(f"human texts called `machine` or `mixed`, at a promise of {target}", lambda m: f"{m['false_alarms']:,}"),
        row("human texts called `human`", lambda m: _percent(m["recognised"])),
        row("machine texts called `machine` or `mixed`", lambda m: _percent(m["detected"])),
        row("machine texts called `human`", lambda m: _percent(m["passing"])),
        (
            "false alarms where no reference stands for the kind of text: median, worst",
            worst,
            *["" for _ in found[1:]],
        ),
    ]
    return "\n".join(table(["measured on texts that took no part in making it", *map(code, models)], rows)).strip()


def _percent(share: float) -> str:
    """Whole above a tenth."""
    return f"{share:.0%}".replace("%", " %") if share >= 0.0995 else f"{share:.1%}".replace("%", " %")
