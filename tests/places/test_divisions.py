"""The division tree: complete, connected, and named in both languages."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections import Counter
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcode.places import centroid, covers, districts, division, kept_code, name
from healthcode.places.divisions import ancestors, children
from healthcode.places.terms import Division, DivisionLevel

DATA = resources.files("healthcode.places") / "data"
ROWS = list(csv.DictReader((DATA / "divisions.csv").read_text(encoding="utf-8").splitlines()))
CODES = [row["code"] for row in ROWS]
TREE = [found for code in CODES if (found := division(code))]
TIANJIN = {
    "120101": "Heping",
    "120102": "Hedong",
    "120103": "Hexi",
    "120104": "Nankai",
    "120105": "Hebei",
    "120106": "Hongqiao",
    "120110": "Dongli",
    "120111": "Xiqing",
    "120112": "Jinnan",
    "120113": "Beichen",
    "120114": "Wuqing",
    "120115": "Baodi",
    "120116": "Binhai",
    "120117": "Ninghe",
    "120118": "Jinghai",
    "120119": "Jizhou",
}

every_code = st.sampled_from(CODES)


def test_the_tree_holds_every_row_once_in_the_order_of_codes() -> None:
    assert [found.code for found in TREE] == CODES == sorted(set(CODES))
    assert all(kept_code(code) == code for code in CODES)


def test_the_country_has_as_many_divisions_as_it_should() -> None:
    levels = Counter(found.level for found in TREE)
    assert levels[DivisionLevel.PROVINCE] == 34
    assert 333 <= levels[DivisionLevel.CITY] <= 345  # 333 cities and rows made for counting
    assert 2840 <= levels[DivisionLevel.DISTRICT] <= 3000  # 2,843 and development zones
    assert 250 <= levels[DivisionLevel.STREET] <= 320  # Tianjin's 252, and zones and farms
    assert 5000 <= levels[DivisionLevel.COMMUNITY] <= 6000  # Tianjin's


def test_only_tianjin_has_streets_and_communities() -> None:
    small = {DivisionLevel.STREET, DivisionLevel.COMMUNITY}
    assert {found.code[:2] for found in TREE if found.level in small} == {"12"}
    assert all(children(found.code) for found in districts("12"))


def test_all_but_provinces_lie_inside_a_division_that_exists() -> None:
    for found in TREE:
        assert (found.level is DivisionLevel.PROVINCE) == (found.parent == "")
        assert not found.parent or found in children(found.parent)
    assert len(children("")) == 34


@given(every_code)
def test_a_division_is_covered_by_each_of_its_ancestors(code: str) -> None:
    around = ancestors(code)
    assert [len(found.code) for found in around] == [n for n in (2, 4, 6, 9) if n < len(code)]
    assert all(covers(found.code, code) and found.code != code for found in around)


@given(every_code, every_code)
def test_a_division_covers_another_only_as_its_ancestor_or_itself(one: str, other: str) -> None:
    inside = one == other or one in [found.code for found in ancestors(other)]
    assert covers(one, other) == inside


def test_tianjin_has_its_sixteen_districts() -> None:
    found = districts("12")
    assert [one.code for one in found] == list(TIANJIN)
    named = {one.code: one.name_en for one in found}
    expected = {code: f"{head} District" for code, head in TIANJIN.items()}
    assert named == expected | {"120116": "Binhai New Area"}
    assert found == districts("120000") == districts("1201") == children("120100")


def test_tianjins_residents_are_those_of_the_census() -> None:
    residents = [found.residents or 0 for found in districts("12")]
    assert all(residents)
    assert sum(residents) == 13_866_009
    elsewhere = division("110101")
    assert elsewhere is not None
    assert elsewhere.residents is None


def test_the_middle_of_each_district_lies_in_tianjin() -> None:
    points = [centroid(code) for code in TIANJIN]
    assert all(point and 38.5 < point.latitude < 40.3 for point in points)
    assert all(point and 116.7 < point.longitude < 118.1 for point in points)
    assert len(set(points)) == 16
    assert centroid("110101") is None
    assert centroid("120107") is None


def test_every_form_of_a_code_finds_the_same_division() -> None:
    wuhan = division("4201")
    assert isinstance(wuhan, Division)
    assert wuhan == division("420100") == division("420100000000")
    assert division("420000") == division("42")
    assert division("120101001000") == division("120101001")


def test_a_retired_code_is_no_error_and_keeps_its_surroundings() -> None:
    for code in ("120107", "120108", "120109", "120225"):
        assert division(code) is None
        assert [found.code for found in ancestors(code)][:1] == ["12"]
        assert name(code, "en") == code
    assert division("") is None


@pytest.mark.parametrize("code", ["12010", "abc", "１２"])
def test_what_is_no_division_code_is_an_error(code: str) -> None:
    with pytest.raises(ValueError, match="digits"):
        division(code)


def test_english_names_are_plain_and_chinese_names_are_chinese() -> None:
    for found in TREE:
        assert found.name_en.isascii()
        assert found.name_en == " ".join(found.name_en.split())
        assert found.name_en[0].isupper()
        assert found.name_zh[0] >= "一"
        assert {found.name("zh"), found.name("en")} == {found.name_zh, found.name_en}


def test_rows_made_for_counting_say_whose_they_are() -> None:
    vague = {"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"}
    assert not vague & {found.name_zh for found in TREE}
    assert name("1201", "zh") == "天津市市辖区"
    assert name("1201", "en") == "Tianjin municipal districts"


NAMES = {
    "12": "Tianjin Municipality",
    "14": "Shanxi Province",
    "15": "Inner Mongolia Autonomous Region",
    "42": "Hubei Province",
    "45": "Guangxi Zhuang Autonomous Region",
    "50": "Chongqing Municipality",
    "54": "Tibet (Xizang) Autonomous Region",
    "61": "Shaanxi Province",
    "64": "Ningxia Hui Autonomous Region",
    "65": "Xinjiang Uygur Autonomous Region",
    "71": "Taiwan",
    "81": "Hong Kong Special Administrative Region",
    "82": "Macao Special Administrative Region",
    "1501": "Hohhot City",
    "2113": "Chaoyang City",
    "2201": "Changchun City",
    "2301": "Harbin City",
    "3403": "Bengbu City",
    "3415": "Lu'an City",
    "3416": "Bozhou City",
    "3502": "Xiamen City",
    "4201": "Wuhan City",
    "4228": "Enshi Tujia and Miao Autonomous Prefecture",
    "4301": "Changsha City",
    "4419": "Dongguan City",
    "5401": "Lhasa City",
    "6101": "Xi'an City",
    "6501": "Urumqi City",
    "130225": "Laoting County",
    "130726": "Yuxian County",
    "141024": "Hongtong County",
    "310112": "Minhang District",
    "320116": "Luhe District",
    "371722": "Shanxian County",
    "419001": "Jiyuan City",
    "440113": "Panyu District",
    "440403": "Doumen District",
    "441803": "Qingxin District",
    "500102": "Fuling District",
    "500110": "Qijiang District",
    "532301": "Chuxiong City",
    "622927": "Jishishan Bonan, Dongxiang and Salar Autonomous County",
    "652823": "Yuli County",
    "120101001": "Quanyechang Subdistrict",
    "120111101": "Yangliuqing Town",
    "120118200": "Liangwangzhuang Township",
    "120119203": "Sungezhuang Manchu Township",
    "120101001001": "Huayuanlu Community",
}


@pytest.mark.parametrize(("code", "english"), NAMES.items())
def test_well_known_and_awkward_names_are_right(code: str, english: str) -> None:
    assert name(code, "en") == english


def test_loading_waits_until_someone_asks() -> None:
    check = (
        "import healthcode.places.divisions as d; "
        "assert d._tree.cache_info().currsize == 0; d.division('12'); "
        "assert d._tree.cache_info().currsize == 1"
    )
    subprocess.run([sys.executable, "-c", check], check=True)
