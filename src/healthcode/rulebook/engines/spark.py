"""Spark: a nation, on a cluster that is there already; `local[2]` for a test of it.

PySpark is an extra (`healthcode[spark]`) and needs Java 17.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from healthcode.kit.errors import NotReady
from healthcode.kit.words import Words
from healthcode.rulebook.engines.texts import Texts, dated
from healthcode.rulebook.terms import Rulebook

# Parquet's times have no zone, and the statements' literals are instants: in UTC they are the same.
LEAF = """
    SELECT CAST(fact AS bigint) AS fact, CAST(person AS bigint) AS person,
           CAST(kind AS string) AS kind, result, number, area, place, source, source_class,
           CAST(started AS timestamp) AS started, CAST(ended AS timestamp) AS ended, states_end,
           CAST(recorded AS timestamp) AS recorded, CAST(retracted AS timestamp) AS retracted
    FROM facts_read
"""
DESIGNATIONS = """
    SELECT level, area, place, CAST(started AS timestamp) AS started,
           CAST(ended AS timestamp) AS ended, CAST(recorded AS timestamp) AS recorded,
           CAST(retracted AS timestamp) AS retracted
    FROM designations_read
"""
FINDINGS_LEAF = """
    SELECT person, rule, fact, colour, CAST(opens AS timestamp) AS opens,
           CAST(until AS timestamp) AS until
    FROM findings_read
"""
# Written as DuckDB writes them, without a zone.
FINDINGS = """
    person, rule, fact, colour, CAST(opens AS timestamp_ntz) AS opens,
    CAST(until AS timestamp_ntz) AS until
"""
STANDINGS = "person, colour, CAST(changes_at AS timestamp_ntz) AS changes_at"


class NoSpark(NotReady):
    """PySpark is not installed, or its Java is missing."""

    words = Words(
        zh="无法启动 Spark。请安装附加组件：pip install 'healthcode[spark]'，并安装 Java 17。",
        en="Spark does not start. Install the extra, pip install 'healthcode[spark]', and Java 17.",
    )


def session(master: str) -> Any:
    """A Spark session in UTC on `master` (`local[2]`, `spark://…`). Raises NoSpark."""
    try:
        from pyspark.errors import PySparkException  # noqa: PLC0415 - an extra
        from pyspark.sql import SparkSession  # noqa: PLC0415 - as above
    except ImportError as error:
        raise NoSpark from error
    try:
        return (
            SparkSession.builder.master(master)
            .appName("healthcode")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
            .config("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
            .config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            .config("spark.driver.memory", "6g")
            .getOrCreate()
        )
    except (PySparkException, RuntimeError, OSError) as error:
        raise NoSpark from error


def judge(
    spark: Any,
    snapshot: Path,
    rulebook: Rulebook,
    at: datetime,
    known_at: datetime,
    into: Path,
) -> None:
    """Judge everybody of a snapshot, as `duck.judge` does.

    `findings.parquet` and `standings.parquet` are folders here, as Spark writes them.
    """
    made = Texts(rulebook, "pyspark", known_at, at)
    spark.read.parquet(str(snapshot / "facts")).createOrReplaceTempView("facts_read")
    spark.read.parquet(str(snapshot / "designations.parquet")).createOrReplaceTempView(
        "designations_read"
    )
    spark.sql(LEAF).createOrReplaceTempView("facts")
    spark.sql(DESIGNATIONS).createOrReplaceTempView("designations")
    spark.sql(dated("pyspark")).createOrReplaceTempView("dated")
    if made.openers is not None:
        spark.sql(made.openers).cache().createOrReplaceTempView("openers")
    _write(spark, f"SELECT {FINDINGS} FROM ({made.findings})", into / "findings.parquet")
    spark.read.parquet(str(into / "findings.parquet")).createOrReplaceTempView("findings_read")
    spark.sql(FINDINGS_LEAF).createOrReplaceTempView("findings")
    _write(spark, f"SELECT {STANDINGS} FROM ({made.standing})", into / "standings.parquet")


def _write(spark: Any, query: str, target: Path) -> None:
    spark.sql(query).write.mode("overwrite").parquet(str(target))
