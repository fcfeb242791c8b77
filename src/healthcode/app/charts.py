"""A trial as a picture: who goes from which colour to which, and in which district."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from healthcode.app.showing_trials import ORDER, district_name, share
from healthcode.app.trying import named
from healthcode.kit.clock import local_text
from healthcode.kit.words import Language, Words
from healthcode.rulebook.everybody.trials import Trial
from healthcode.rulebook.explanations.reasons import COLOUR_WORDS
from healthcode.rulebook.terms import Colour

PAINT = {
    Colour.GREY: "#5b6770",
    Colour.GREEN: "#0a7a3d",
    Colour.ORANGE: "#ffa114",
    Colour.RED: "#a3121a",
}
# Bars of different colours differ in their hatching too: nothing depends on colour alone.
HATCHES = {Colour.GREY: "", Colour.GREEN: "..", Colour.ORANGE: "//", Colour.RED: "xx"}
INK, PALE, LINE = "#1d2530", "#8a949c", "#d5dade"
FAINTEST, STRONGEST = 0.12, 0.5  # how strongly a cell is painted; its number stays readable
MOST_BARS = 20  # districts; the others are one bar
FEWEST_BARS = 8  # the room of so many, also where there are fewer
CHINESE = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "PingFang SC",
    "Microsoft YaHei",
    "WenQuanYi Zen Hei",
)
LABELS = {
    "title": Words(zh="草案 {draft}\n与 {binding} 相比", en="Draft {draft}\nbeside {binding}"),
    "summary": Words(
        zh="{at}：共 {people:,} 人，变色 {changed:,} 人（{share}）",
        en="{at}: {people:,} people, of whom {changed:,} ({share}) change colour",
    ),
    "matrix": Words(
        zh="人数：原颜色（行）→ 草案（列）", en="People, from colour (row) to colour (column)"
    ),
    "districts": Words(
        zh="变色人数和占比，按区和新颜色",
        en="People who change and their share, by district and new colour",
    ),
    "nobody": Words(zh="没有人变色", en="Nobody's colour changes"),
    "others": Words(zh="其余 {count} 个区", en="{count} others"),
}
Bar = tuple[
    str, dict[Colour, int], int
]  # a name, who changes by new colour, and all who live there


def draw(trial: Trial, target: Path, language: Language) -> None:
    """Draw a trial into a .svg or .png file. Raises OSError.

    A picture in pixels needs a font with Chinese characters; where this machine has none, its words
    are English. A .svg is set by whoever shows it.
    """
    fonts = [name for name in CHINESE if name in font_manager.get_font_names()]
    if target.suffix.lower() == ".png" and not fonts:
        language = "en"
    settings: dict[Any, Any] = {
        "font.family": [*fonts, "DejaVu Sans"],
        "font.size": 10,
        "svg.fonttype": "none",  # text stays text, to be searched and read aloud
        "svg.hashsalt": "healthcode",
        "text.color": INK,
        "text.parse_math": False,  # a rulebook's name is no formula
        "axes.labelcolor": INK,
        "axes.edgecolor": LINE,
        "xtick.color": INK,
        "ytick.color": INK,
        "hatch.linewidth": 0.6,
    }
    with mpl.rc_context(settings), warnings.catch_warnings():
        # Characters that no font here has are text in the .svg, and drawn where it is shown.
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font")
        figure = Figure(figsize=(12, 6.6), layout="constrained")
        parts: Any = figure.subfigures(2, 1, height_ratios=(1, 6.5))
        above, below = parts
        _heading(above.add_subplot(), trial, language)
        left, right = below.subplots(1, 2, width_ratios=(1, 1.3))
        _matrix(left, trial, language)
        _districts(right, _bars(trial, language), language)
        figure.savefig(
            target, dpi=150, metadata={"Date": None} if target.suffix.lower() == ".svg" else None
        )


def _heading(axes: Axes, trial: Trial, language: Language) -> None:
    axes.set_axis_off()
    title = LABELS["title"].in_language(language)
    title = title.format(draft=named(trial.draft), binding=named(trial.binding))
    summary = LABELS["summary"].in_language(language).format(
        at=local_text(trial.at), people=trial.people, changed=trial.changed,
        share=share(trial.changed, trial.people),
    )  # fmt: skip
    axes.annotate(title, (0, 1), va="top", fontsize=12, fontweight="bold", linespacing=1.4)
    axes.annotate(summary, (0, 0), va="bottom")


def _matrix(axes: Axes, trial: Trial, language: Language) -> None:
    """A cell for each pair of colours, the stronger painted the more people change."""
    counted = trial.matrix()
    changing = [n for (before, after), n in counted.items() if before != after]
    most = max(changing, default=0) or 1
    for row, before in enumerate(ORDER):
        for column, after in enumerate(ORDER):
            people = counted.get((before, after), 0)
            changes = people and before is not after
            if changes:
                strength = FAINTEST + (STRONGEST - FAINTEST) * people / most
                across = [column, column + 1]
                axes.fill_between(across, row, row + 1, color=PAINT[after], alpha=strength, lw=0)
            axes.annotate(
                f"{people:,}" if people else "·", (column + 0.5, row + 0.5),
                ha="center", va="center",
                color=INK if changes else PALE, fontweight="bold" if changes else "normal",
            )  # fmt: skip
    words = [COLOUR_WORDS[each].in_language(language) for each in ORDER]
    places = [n + 0.5 for n in range(len(ORDER))]
    axes.set(xlim=(0, 4), ylim=(4, 0))
    axes.set_xticks(places, words)
    axes.set_yticks(places, words)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    for line in range(1, 4):
        axes.axhline(line, color=LINE, linewidth=0.8)
        axes.axvline(line, color=LINE, linewidth=0.8)
    axes.set_title(LABELS["matrix"].in_language(language), loc="left", fontsize=11, pad=12)


def _bars(trial: Trial, language: Language) -> list[Bar]:
    """The districts in which somebody changes, that with the most last; the smallest in one."""
    found: list[Bar] = []
    for code in {turn.district for turn in trial.turns}:
        counted = trial.matrix(code)
        new = {
            after: sum(n for (b, a), n in counted.items() if a is after and b is not after)
            for after in ORDER
        }
        if any(new.values()):
            found.append((district_name(code, language), new, sum(counted.values())))
    found.sort(key=lambda bar: (sum(bar[1].values()), bar[0]))
    few = len(found) - MOST_BARS
    if few > 1:
        rest = found[:few]
        name = LABELS["others"].in_language(language).format(count=few)
        together = {after: sum(new[after] for _name, new, _all in rest) for after in ORDER}
        found = [(name, together, sum(everybody for _name, _new, everybody in rest)), *found[few:]]
    return found


def _districts(axes: Axes, bars: list[Bar], language: Language) -> None:
    """A bar for each district, parted by the colour that people come to."""
    axes.set_title(LABELS["districts"].in_language(language), loc="left", fontsize=11, pad=30)
    if not bars:
        axes.set_axis_off()
        axes.annotate(LABELS["nobody"].in_language(language), (0, 0.9), xycoords="axes fraction")
        return
    places = range(len(bars))
    left = [0] * len(bars)
    for after in ORDER:
        people = [new[after] for _name, new, _everybody in bars]
        if any(people):
            axes.barh(
                places, people, left=left, color=PAINT[after], hatch=HATCHES[after],
                edgecolor="white", linewidth=0.5,
                label="→ " + COLOUR_WORDS[after].in_language(language),
            )  # fmt: skip
            left = [one + other for one, other in zip(left, people, strict=True)]
    for place, total, (_name, _new, everybody) in zip(places, left, bars, strict=True):
        axes.annotate(
            f"{total:,} ({share(total, everybody)})", (total, place),
            xytext=(4, 0), textcoords="offset points", va="center", fontsize=8.5,
        )  # fmt: skip
    axes.set_yticks(places, [name for name, _new, _everybody in bars])
    axes.set(ylim=(len(bars) - max(len(bars), FEWEST_BARS) - 0.6, len(bars) - 0.4))
    axes.set_xlim(0, 1.25 * max(left))  # room for what is said beside the longest
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{int(value):,}"))
    axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncols=len(ORDER), frameon=False,
        borderpad=0, borderaxespad=0.4, columnspacing=1.4, handlelength=1.6,
    )  # fmt: skip
