"""Builds the packaged division tree from an unpacked npm package `china-division`.

    pip install pypinyin            # in a throw-away environment: the house does not need it
    python scripts/build_divisions.py PATH/TO/package/dist

Writes src/healthcode/places/data/divisions.csv, the same bytes for the same input. English names
are pinyin with the type of the division, except what `division_names.csv` beside this file says:
`name` a whole name (by Chinese name or code), `head` a name without its type, `say` the syllables
of a word that the dictionary reads otherwise.
"""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pypinyin import Style, lazy_pinyin, load_phrases_dict, load_single_dict

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent / "src" / "healthcode" / "places" / "data" / "divisions.csv"
DISTRICT_DIGITS = 6
# Streets and communities are wanted for the city that the house serves only.
CITY = "12"

# What GB/T 2260 lists and the source leaves out: its own pages hold mainland divisions only.
ADDED = {"71": "台湾省", "81": "香港特别行政区", "82": "澳门特别行政区"}
# Rows that GB/T 2260 makes for counting; their Chinese names say nothing without the province.
RENAMED = {
    "1101": "北京市市辖区",
    "1201": "天津市市辖区",
    "3101": "上海市市辖区",
    "4190": "河南省直辖县级行政区划",
    "4290": "湖北省直辖县级行政区划",
    "4690": "海南省直辖县级行政区划",
    "5001": "重庆市市辖区",
    "5002": "重庆市辖县",
    "6590": "新疆维吾尔自治区直辖县级行政区划",
}

PEOPLES = {
    "蒙古族": "Mongol", "蒙古": "Mongol", "回族": "Hui", "藏族": "Tibetan", "苗族": "Miao",
    "彝族": "Yi", "壮族": "Zhuang", "布依族": "Buyei", "朝鲜族": "Korean", "满族": "Manchu",
    "侗族": "Dong", "瑶族": "Yao", "白族": "Bai", "土家族": "Tujia", "哈尼族": "Hani",
    "哈萨克族": "Kazakh", "哈萨克": "Kazakh", "傣族": "Dai", "黎族": "Li", "傈僳族": "Lisu",
    "佤族": "Va", "畲族": "She", "拉祜族": "Lahu", "水族": "Sui", "东乡族": "Dongxiang",
    "纳西族": "Naxi", "景颇族": "Jingpo", "柯尔克孜": "Kirgiz", "土族": "Tu", "羌族": "Qiang",
    "仫佬族": "Mulao", "布朗族": "Blang", "撒拉族": "Salar", "毛南族": "Maonan", "仡佬族": "Gelao",
    "锡伯": "Xibe", "普米族": "Pumi", "塔吉克": "Tajik", "怒族": "Nu", "独龙族": "Derung",
    "裕固族": "Yugur", "保安族": "Bonan", "各族": "Multi-Ethnic",
}  # fmt: skip

# By number of digits, the longest first: the ending in Chinese and the type in English.
TYPES: dict[int, tuple[tuple[str, str], ...]] = {
    2: (("省", "Province"),),
    4: (
        ("自治州", "Autonomous Prefecture"),
        ("地区", "Prefecture"),
        ("盟", "League"),
        ("市", "City"),
    ),
    6: (
        ("高新技术产业开发区", "High-Tech Industrial Development Zone"),
        ("高新技术产业园区", "High-Tech Industrial Park"),
        ("高新技术开发区", "High-Tech Development Zone"),
        ("经济技术开发区", "Economic-Technological Development Zone"),
        ("城乡一体化示范区", "Urban-Rural Integration Demonstration Zone"),
        ("经济开发区", "Economic Development Zone"),
        ("工业园区", "Industrial Park"),
        ("管理区", "Management Zone"),
        ("示范区", "Demonstration Zone"),
        ("自治县", "Autonomous County"),
        ("新区", "New Area"),
        ("矿区", "Mining District"),
        ("区", "District"),
        ("县", "County"),
        ("市", "City"),
        ("旗", "Banner"),
    ),
    9: (("街道", "Subdistrict"), ("镇", "Town"), ("乡", "Township")),
    12: (
        ("社区居民委员会", "Community"),
        ("社区居委会", "Community"),
        ("居民委员会", "Community"),
        ("虚拟生活区", "Virtual Living Area"),
        ("虚拟社区", "Virtual Community"),
        ("居委会", "Community"),
        ("社区", "Community"),
        ("村村民委员会", "Village"),
        ("村民委员会", "Village"),
        ("村村委会", "Village"),
        ("村委会", "Village"),
        ("街委员会", "Street"),
        ("生活区", "Living Area"),
    ),
}
# Types whose name may begin with the province or city that runs them ("Hebei Tangshan …").
ZONES = ("Zone", "Park", "New Area")
NUMBERED = re.compile(r"(?P<head>.*?)(?:社区|村)?第(?P<number>[一二三四五六七八九十])")
NUMBERED_VILLAGE = re.compile(r"(?P<head>.+?)第?(?P<number>[一二三四五六七八九十])")
NUMERALS = "一二三四五六七八九十"
# Characters that the source writes in two halves, replaced by one that is said the same.
HALVES = {"（瞿阝）": "瞿", "（氵甸）": "甸"}


class Row(NamedTuple):
    """One division of the packaged file."""

    code: str
    name_zh: str
    name_en: str


class English:
    """English names for Chinese division names."""

    def __init__(self, places: dict[str, str]) -> None:
        """`places` are the names of provinces and cities by code, to find them inside others."""
        self.names: dict[str, str] = {}
        self.heads: dict[str, str] = {}
        for kind, zh, en in read(HERE / "division_names.csv", "kind", "zh", "en"):
            if kind == "say" and len(zh) == 1:
                load_single_dict({ord(zh): en})
            elif kind == "say":
                load_phrases_dict({zh: [[syllable] for syllable in en.split()]})
            else:
                (self.names if kind == "name" else self.heads)[zh] = en
        types = [ending for length in (2, 4) for ending, _ in TYPES[length]]
        self.places = {
            name.removesuffix(ending) for name in places.values() for ending in types
            if name.endswith(ending)
        } | {"内蒙古", "西藏", "天津"}  # fmt: skip

    def name(self, code: str, name: str) -> str:
        """The English name of one division."""
        for key in (code, name):
            if key in self.names:
                return self.names[key]
        types = [(e, kind) for e, kind in TYPES[len(code)] if name.endswith(e) and name != e]
        if not types:
            raise SystemExit(f"{code}: no type found at the end of {name}; add it to the names")
        for ending, kind in types:
            # 清新区 is the district of Qingxin, not the new area of Qing.
            if len(head := name.removesuffix(ending)) > 1:
                return self.typed(head, ending, kind)
        ending, kind = types[-1]
        return self.typed(name.removesuffix(ending), ending, kind)

    def typed(self, head: str, ending: str, kind: str) -> str:
        """A head and a type: "Heping District", "Enshi Tujia and Miao Autonomous Prefecture"."""
        head, peoples = self.peoples(head)
        if peoples:
            kind = f"{peoples} {kind}"
        pattern = NUMBERED_VILLAGE if ending.startswith("村村") else NUMBERED
        if numbered := pattern.fullmatch(head):
            number = NUMERALS.index(numbered["number"]) + 1
            return f"{self.head(numbered['head'])} No. {number} {kind}".strip()
        if len(head) == len(ending) == 1 and head not in self.heads:
            # A name of one syllable keeps its type: 蔚县 is Yuxian County.
            return f"{self.head(head + ending)} {kind}"
        if kind.endswith(ZONES):
            return f"{self.split(head)} {kind}"
        return f"{self.head(head)} {kind}"

    def peoples(self, head: str) -> tuple[str, str]:
        """A head without the peoples at its end, and these in English."""
        found: list[str] = []
        while True:
            for zh in sorted(PEOPLES, key=len, reverse=True):
                # 东乡族自治县 and 土家族 need something left before the people's name.
                if head.endswith(zh) and zh != head:
                    found.insert(0, PEOPLES[zh])
                    head = head.removesuffix(zh)
                    break
            else:
                break
        if len(found) > 1:
            return head, f"{', '.join(found[:-1])} and {found[-1]}"
        return head, "".join(found)

    def split(self, head: str) -> str:
        """The head of a zone, word by word where it begins with a province or a city."""
        for place in sorted(self.places, key=len, reverse=True):
            rest = head.removeprefix(place)
            if rest != head:
                rest = rest.removeprefix("市")
                return f"{self.head(place)} {self.split(rest)}".strip()
        return self.head(head) if head else ""

    def head(self, zh: str) -> str:
        """A Chinese word as one English word, its bracketed parts as words of their own."""
        if zh in self.names:
            return self.names[zh]
        if zh in self.heads:
            return self.heads[zh]
        for halves, whole in HALVES.items():
            zh = zh.replace(halves, whole)
        parts = [part for part in re.split(r"([（）])", zh) if part]
        words = "".join(part if part in "（）" else pinyin(part) for part in parts)
        return words.replace("（", " (").replace("）", ") ").strip()


def pinyin(zh: str) -> str:
    """One word in pinyin without tones: a capital first, ü as u, apostrophes where needed."""
    syllables = lazy_pinyin(zh, style=Style.NORMAL, v_to_u=True, errors=list)
    word = ""
    for syllable in syllables:
        plain = syllable.replace("ü", "u")
        word += f"'{plain}" if word[-1:].isalpha() and plain[0] in "aeo" else plain
    if not word.isascii():
        raise SystemExit(f"no reading for {zh}: {word}; add it to the names")
    return word[:1].upper() + word[1:]


def read(path: Path, *columns: str) -> Iterator[tuple[str, ...]]:
    """Some columns of a CSV file."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            yield tuple(row[column] for column in columns)


def kept(code: str) -> str:
    """A district's code that ends in 00 is its city's own, which has four digits."""
    return code.removesuffix("00") if len(code) == DISTRICT_DIGITS else code


def divisions(dist: Path) -> dict[str, str]:
    """Chinese names by kept code, in the order of the codes."""
    found = dict(ADDED)
    for file in ("provinces", "cities", "areas", "streets", "villages"):
        for code, name in read(dist / f"{file}.csv", "code", "name"):
            if file in ("streets", "villages") and not code.startswith(CITY):
                continue
            found.setdefault(kept(code), name)
    return dict(sorted((found | RENAMED).items()))


def main(dist: str) -> None:
    """Write the packaged file."""
    found = divisions(Path(dist))
    english = English({code: name for code, name in found.items() if len(code) in (2, 4)})
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(Row._fields)
    for code, name in found.items():
        writer.writerow(Row(code, name, english.name(code, name)))
    TARGET.write_text(out.getvalue(), encoding="utf-8", newline="")
    print(f"{len(found)} divisions, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
