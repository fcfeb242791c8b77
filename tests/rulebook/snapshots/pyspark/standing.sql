SELECT
  `t2`.`person`,
  CASE `t2`.`rank`
    WHEN 1
    THEN 'green'
    WHEN 2
    THEN 'orange'
    WHEN 3
    THEN 'red'
    ELSE NULL
  END AS `colour`,
  `t2`.`changes_at`
FROM (
  SELECT
    `t1`.`person`,
    MAX(
      IF(
        `t1`.`opens` <= CAST('2020-02-20T04:00:00' AS TIMESTAMP),
        CASE `t1`.`colour`
          WHEN 'grey'
          THEN 0
          WHEN 'green'
          THEN 1
          WHEN 'orange'
          THEN 2
          WHEN 'red'
          THEN 3
          ELSE 0
        END,
        0
      )
    ) AS `rank`,
    MIN(
      IF(`t1`.`opens` <= CAST('2020-02-20T04:00:00' AS TIMESTAMP), `t1`.`until`, `t1`.`opens`)
    ) AS `changes_at`
  FROM (
    SELECT
      *
    FROM `findings` AS `t0`
    WHERE
      (
        `t0`.`until` IS NULL
      )
      OR (
        `t0`.`until` > CAST('2020-02-20T04:00:00' AS TIMESTAMP)
      )
  ) AS `t1`
  GROUP BY
    1
) AS `t2`
