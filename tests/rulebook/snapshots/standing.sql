SELECT
  "t1"."person",
  CASE "t1"."rank"
    WHEN 1
    THEN 'green'
    WHEN 2
    THEN 'orange'
    WHEN 3
    THEN 'red'
    ELSE CAST(NULL AS VARCHAR)
  END AS "colour",
  "t1"."changes_at"
FROM (
  SELECT
    "t0"."person",
    MAX(
      CASE
        WHEN (
          "t0"."opens" <= CAST(:at AS TIMESTAMP)
        )
        AND (
          (
            "t0"."until" IS NULL
          )
          OR (
            "t0"."until" > CAST(:at AS TIMESTAMP)
          )
        )
        THEN CASE "t0"."colour"
          WHEN 'grey'
          THEN 0
          WHEN 'green'
          THEN 1
          WHEN 'orange'
          THEN 2
          WHEN 'red'
          THEN 3
          ELSE 0
        END
        ELSE 0
      END
    ) AS "rank",
    MIN(
      CASE
        WHEN "t0"."opens" > CAST(:at AS TIMESTAMP)
        THEN "t0"."opens"
        WHEN "t0"."until" > CAST(:at AS TIMESTAMP)
        THEN "t0"."until"
        ELSE NULL
      END
    ) AS "changes_at"
  FROM "findings" AS "t0"
  GROUP BY
    1
) AS "t1"
