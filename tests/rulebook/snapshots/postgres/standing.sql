SELECT
  "t2"."person",
  CASE "t2"."rank"
    WHEN 1
    THEN 'green'
    WHEN 2
    THEN 'orange'
    WHEN 3
    THEN 'red'
    ELSE NULL
  END AS "colour",
  "t2"."changes_at"
FROM (
  SELECT
    "t1"."person",
    MAX(
      CASE
        WHEN "t1"."opens" <= CAST(:at AS TIMESTAMP)
        THEN CASE "t1"."colour"
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
        WHEN "t1"."opens" <= CAST(:at AS TIMESTAMP)
        THEN "t1"."until"
        ELSE "t1"."opens"
      END
    ) AS "changes_at"
  FROM (
    SELECT
      *
    FROM "findings" AS "t0"
    WHERE
      (
        "t0"."until" IS NULL
      )
      OR (
        "t0"."until" > CAST(:at AS TIMESTAMP)
      )
  ) AS "t1"
  GROUP BY
    1
) AS "t2"
