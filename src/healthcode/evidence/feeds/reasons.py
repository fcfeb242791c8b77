"""Why a row was not taken, in words. A reason never repeats what the row said."""

from __future__ import annotations

from dataclasses import dataclass

from healthcode.kit.words import Words


# Not frozen: Python sets the traceback of an exception on its way.
@dataclass(unsafe_hash=True)
class Rejected(Exception):
    """This row is not taken: which column, and a key of `REASONS`."""

    column: str
    reason: str


REASONS: dict[str, Words] = {
    "not_utf8": Words(
        zh="这一行不是 UTF-8 编码。",
        en="This line is not UTF-8.",
    ),
    "not_csv": Words(
        zh="这一行的引号或列数与表头不符。",
        en="The quotes or the number of columns of this line do not fit the header.",
    ),
    "not_json": Words(
        zh="这一行不是一个 JSON 对象，或其中有嵌套或重复的键。",
        en="This line is not one flat JSON object with each key once.",
    ),
    "unknown_column": Words(
        zh="这一行有一个不认识的列。",
        en="This line has a column that is not known.",
    ),
    "missing": Words(
        zh="此列不能为空。",
        en="This column must not be empty.",
    ),
    "bad_document": Words(
        zh="证件须写作“类型:号码”（如 10:…），且号码符合该类型的长度、日期和校验码。",
        en="A document is written with its kind, as 10:NUMBER, and the number must fit the kind: "
        "length, date and check digit.",
    ),
    "subject_unknown": Words(
        zh="该编号未由您的人员文件登记。请先导入人员文件；若是证件，请写作“类型:号码”，如 10:…。",
        en="This key was not introduced by your people file. Import that file first; or, if it is "
        "a document, write its kind before it, as 10:NUMBER.",
    ),
    "another_persons": Words(
        zh="该证件已属于另一个人；两条记录的合并须由登记机关或两名工作人员办理。",
        en="This document is already another person's; two records are joined by the registry "
        "or by two members of staff.",
    ),
    "contact_with_self": Words(
        zh="不能与本人接触。",
        en="Nobody is their own contact.",
    ),
    "kind_unknown": Words(
        zh="没有这一类事实。",
        en="There is no such kind of fact.",
    ),
    "source_not_registered": Words(
        zh="您未登记为此来源。",
        en="You are not registered to write as this source.",
    ),
    "kind_not_registered": Words(
        zh="此来源未登记可写这一类事实。",
        en="This source is not registered for this kind of fact.",
    ),
    "outside_divisions": Words(
        zh="该地区不在您登记的区划之内。",
        en="This area is outside the divisions that you are registered for.",
    ),
    "residence_unknown": Words(
        zh="未写地区，而此人的居住地不明：须由全市范围的来源写入。",
        en="No area is given and the person's residence is not known: only a city-wide source "
        "may write this.",
    ),
    "place_needs_city_wide": Words(
        zh="场所须由全市范围的来源划定。",
        en="A place is designated by a city-wide source.",
    ),
    "order_needs_two": Words(
        zh="管控令须由两名批准人签发，不能由文件写入。",
        en="An order needs two approvers; no file can write one.",
    ),
    "result_word": Words(
        zh="结果须为小写英文单词（字母、数字、下划线）。",
        en="A result is a lower-case word of letters, digits and underscores.",
    ),
    "bad_number": Words(
        zh="不是数，或超出 −999999.999 至 999999.999。",
        en="Not a number, or beyond ±999999.999.",
    ),
    "bad_area": Words(
        zh="区划代码须为 2、4、6、9 或 12 位数字（GB/T 2260）。",
        en="A division code has 2, 4, 6, 9 or 12 digits (GB/T 2260).",
    ),
    "bad_time": Words(
        zh="时间须写作 2020-01-31 或 2020-01-31T08:30+08:00，且不早于 1900 年。",
        en="A time is written 2020-01-31 or 2020-01-31T08:30+08:00, in 1900 or later.",
    ),
    "ends_before_start": Words(
        zh="结束早于开始。",
        en="It ends before it starts.",
    ),
    "in_the_future": Words(
        zh="开始时间晚于明天。",
        en="It starts later than tomorrow.",
    ),
    "level_unknown": Words(
        zh="风险等级须为 medium、high 或 exposure。",
        en="A level is medium, high or exposure.",
    ),
    "area_or_place": Words(
        zh="请写地区或场所，二者择一。",
        en="Name an area or a place, one of the two.",
    ),
    "looks_personal": Words(
        zh="此列像是证件号码或手机号，不应写在这里。",
        en="This looks like a document number or a phone, which do not belong in this column.",
    ),
    "too_long": Words(
        zh="内容过长（至多 200 字）。",
        en="Too long: 200 characters at most.",
    ),
    "bad_action": Words(
        zh="操作须为 record 或 retract；人员行只能 record。",
        en="An action is record or retract; a row about a person is only recorded.",
    ),
    "nothing_to_retract": Words(
        zh="没有以此行号记录过内容。",
        en="Nothing was recorded under this row id.",
    ),
    "own_declaration": Words(
        zh="本人申报的内容只能补充；更正或撤回由社区或主管部门记录。",
        en="What a person declared is added to; a correction or retraction is recorded by the "
        "community or the authority.",
    ),
    "bad_sex": Words(
        zh="性别须为 M、F 或 GB/T 2261.1 的 0、1、2、9。",
        en="Sex is M, F, 0, 1, 2 or 9.",
    ),
    "bad_age": Words(
        zh="年龄须为 0 至 150 的整数。",
        en="An age is a whole number from 0 to 150.",
    ),
}
