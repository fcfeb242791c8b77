"""A trial as a picture: who goes from which colour to which, and in which district."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from healthcode.kit.clock import local_text
from healthcode.kit.words import Language, Words
from healthcode.places.divisions import name as division_name
from healthcode.rulebook.reasons import COLOUR_WORDS
from healthcode.rulebook.terms import Colour
from healthcode.rulebook.trials import Trial

ORDER = (Colour.GREY, Colour.GREEN, Colour.ORANGE, Colour.RED)
PAINT = {
    Colour.GREY: "#5b6770",
    Colour.GREEN: "#0a7a3d",
    Colour.ORANGE: "#ffa114",
    Colour.RED: "#a3121a",
}
# Bars of different colours differ in their hatching too: nothing depends on colour alone.
HATCHES = {Colour.GREY: "", Colour.GREEN: "..", Colour.ORANGE: "//", Colour.RED: "xx"}
INK = "#1d2530"
CHINESE = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "PingFang SC",
    "Microsoft YaHei",
    "WenQuanYi Zen Hei",
)
LABELS = {
    "title": Words(
        zh="草案 {draft} 与现行 {binding} 相比（{at}）",
        en="Draft {draft} beside the binding {binding} ({at})",
    ),
    "matrix": Words(zh="现行（行）→ 草案（列），人数", en="Binding (row) → draft (column), people"),
    "districts": Words(
        zh="变色人数，按区和新颜色", en="People who change, by district and new colour"
    ),
    "nobody": Words(zh="没有人变色", en="nobody changes"),
    "unknown": Words(zh="不明", en="unknown"),
}


def draw(trial: Trial, target: Path, language: Language) -> None:
    """Draw a trial into a .svg or .png file.

    A picture in pixels needs a font with Chinese characters; where this machine has none, its words
    are English. A .svg is set by whoever shows it.
    """
    fonts = [name for name in CHINESE if name in font_manager.get_font_names()]
    if target.suffix == ".png" and not fonts:
        language = "en"
    settings: dict[Any, Any] = {
        "font.family": [*fonts, "DejaVu Sans"],
        "font.size": 10,
        "svg.fonttype": "none",  # text stays text, to be searched and read aloud
        "svg.hashsalt": "healthcode",
        "text.color": INK,
        "axes.labelcolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "hatch.linewidth": 0.6,
    }
    with mpl.rc_context(settings), warnings.catch_warnings():
        # Characters that no font here has are text in the .svg, and drawn where it is shown.
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font")
        figure = Figure(figsize=(12, 6.2), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.3))
        title = LABELS["title"].in_language(language)
        named = {
            "draft": f"{trial.draft.name} {trial.draft.version}",
            "binding": f"{trial.binding.name} {trial.binding.version}",
            "at": local_text(trial.at),
        }
        figure.suptitle(title.format(**named), fontsize=13, fontweight="bold")
        _matrix(left, trial, language)
        _districts(right, trial, language)
        figure.savefig(target, dpi=150)


def _matrix(axes: Axes, trial: Trial, language: Language) -> None:
    """A cell for each pair of colours, the stronger painted the more people change."""
    counted = trial.matrix()
    changing = [n for (before, after), n in counted.items() if before != after]
    most = max(changing, default=0) or 1
    for row, before in enumerate(ORDER):
        for column, after in enumerate(ORDER):
            people = counted.get((before, after), 0)
            stays = before is after
            strength = 0.0 if stays or not people else 0.15 + 0.6 * people / most
            axes.fill_between(
                [column, column + 1], row, row + 1, color=PAINT[after], alpha=strength, linewidth=0
            )
            axes.text(
                column + 0.5, row + 0.5, f"{people:,}", ha="center", va="center",
                color="#8a949c" if stays else INK,
                fontweight="normal" if stays or not people else "bold",
            )  # fmt: skip
    words = [COLOUR_WORDS[each].in_language(language) for each in ORDER]
    places = [n + 0.5 for n in range(len(ORDER))]
    axes.set(xlim=(0, 4), ylim=(4, 0), xticks=places, yticks=places)
    axes.set_xticks(places, words)
    axes.set_yticks(places, words)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    for line in range(1, 4):
        axes.axhline(line, color="#d5dade", linewidth=0.8)
        axes.axvline(line, color="#d5dade", linewidth=0.8)
    axes.set_title(LABELS["matrix"].in_language(language), loc="left", fontsize=11)


def _districts(axes: Axes, trial: Trial, language: Language) -> None:
    """A bar for each district, parted by the colour that people come to."""
    totals = {
        code: sum(n for (b, a), n in trial.matrix(code).items() if b != a)
        for code in {turn.district for turn in trial.turns}
    }
    codes = sorted(totals, key=lambda code: (totals[code], code))
    left = [0] * len(codes)
    for after in ORDER:
        people = [
            sum(n for (b, a), n in trial.matrix(code).items() if a is after and b != a)
            for code in codes
        ]
        if any(people):
            axes.barh(
                range(len(codes)), people, left=left, color=PAINT[after], hatch=HATCHES[after],
                edgecolor="white", linewidth=0.5,
                label="→ " + COLOUR_WORDS[after].in_language(language),
            )  # fmt: skip
            left = [one + other for one, other in zip(left, people, strict=True)]
    axes.set_yticks(range(len(codes)), _names(codes, language))
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_formatter(lambda value, _place: f"{int(value):,}")
    axes.set_title(LABELS["districts"].in_language(language), loc="left", fontsize=11)
    if any(left):
        axes.legend(loc="lower right", frameon=False)
    else:
        axes.text(0.5, 0.5, LABELS["nobody"].in_language(language), transform=axes.transAxes)


def _names(codes: Sequence[str], language: Language) -> list[str]:
    unknown = LABELS["unknown"].in_language(language)
    return [(division_name(code, language) or code) if code else unknown for code in codes]
