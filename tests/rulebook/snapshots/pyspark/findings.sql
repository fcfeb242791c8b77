SELECT
  *
FROM (
  SELECT
    *
  FROM (
    SELECT
      *
    FROM (
      SELECT
        *
      FROM (
        SELECT
          `t0`.`person`,
          'R2' AS `rule`,
          `t0`.`fact`,
          'red' AS `colour`,
          `t0`.`started` AS `opens`,
          `t0`.`start_day` + INTERVAL '336' HOUR AS `until`
        FROM `dated` AS `t0`
        WHERE
          `t0`.`recorded` <= CAST('2020-02-20T04:00:00' AS TIMESTAMP)
          AND (
            (
              `t0`.`retracted` IS NULL
            )
            OR (
              `t0`.`retracted` > CAST('2020-02-20T04:00:00' AS TIMESTAMP)
            )
          )
          AND `t0`.`kind` = 'discharge'
          AND `t0`.`source_class` IN ('authority')
      ) AS `t18`
      UNION ALL
      SELECT
        *
      FROM (
        SELECT
          `t0`.`person`,
          'O3' AS `rule`,
          `t0`.`fact`,
          'orange' AS `colour`,
          `t0`.`start_day` + INTERVAL '336' HOUR AS `opens`,
          `t0`.`start_day` + INTERVAL '672' HOUR AS `until`
        FROM `dated` AS `t0`
        WHERE
          `t0`.`recorded` <= CAST('2020-02-20T04:00:00' AS TIMESTAMP)
          AND (
            (
              `t0`.`retracted` IS NULL
            )
            OR (
              `t0`.`retracted` > CAST('2020-02-20T04:00:00' AS TIMESTAMP)
            )
          )
          AND `t0`.`kind` = 'discharge'
          AND `t0`.`source_class` IN ('authority')
          AND (
            (
              (
                `t0`.`start_day` + INTERVAL '672' HOUR
              ) IS NULL
            )
            OR (
              (
                `t0`.`start_day` + INTERVAL '672' HOUR
              ) > (
                `t0`.`start_day` + INTERVAL '336' HOUR
              )
            )
          )
      ) AS `t43`
    ) AS `t55`
    UNION ALL
    SELECT
      *
    FROM (
      SELECT
        `t0`.`person`,
        'O4' AS `rule`,
        `t0`.`fact`,
        'orange' AS `colour`,
        `t0`.`started` AS `opens`,
        `t0`.`start_day` + INTERVAL '336' HOUR AS `until`
      FROM `dated` AS `t0`
      WHERE
        `t0`.`recorded` <= CAST('2020-02-20T04:00:00' AS TIMESTAMP)
        AND (
          (
            `t0`.`retracted` IS NULL
          )
          OR (
            `t0`.`retracted` > CAST('2020-02-20T04:00:00' AS TIMESTAMP)
          )
        )
        AND `t0`.`kind` = 'clearance'
        AND `t0`.`result` IN ('suspicion_excluded', 'asymptomatic_over')
        AND `t0`.`source_class` IN ('authority')
    ) AS `t17`
  ) AS `t57`
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      `t0`.`person`,
      'G' AS `rule`,
      `t0`.`fact`,
      'green' AS `colour`,
      `t0`.`started` AS `opens`,
      `t0`.`start_day` + INTERVAL '336' HOUR AS `until`
    FROM `dated` AS `t0`
    WHERE
      `t0`.`recorded` <= CAST('2020-02-20T04:00:00' AS TIMESTAMP)
      AND (
        (
          `t0`.`retracted` IS NULL
        )
        OR (
          `t0`.`retracted` > CAST('2020-02-20T04:00:00' AS TIMESTAMP)
        )
      )
      AND `t0`.`kind` = 'declaration'
      AND `t0`.`source_class` IN ('self', 'community')
  ) AS `t16`
) AS `t59`
UNION ALL
SELECT
  *
FROM (
  SELECT
    *
  FROM (
    SELECT
      `t2`.`person`,
      `t2`.`rule`,
      `t2`.`fact`,
      `t2`.`colour`,
      `t2`.`opens`,
      CASE
        WHEN `t2`.`until` IS NULL
        THEN `t124`.`ends_at`
        WHEN `t124`.`ends_at` IS NULL
        THEN `t2`.`until`
        WHEN `t2`.`until` <= `t124`.`ends_at`
        THEN `t2`.`until`
        ELSE `t124`.`ends_at`
      END AS `until`
    FROM `openers` AS `t2`
    LEFT OUTER JOIN (
      SELECT
        `t122`.`rule`,
        `t122`.`fact`,
        MIN(`t122`.`ends_at`) AS `ends_at`
      FROM (
        SELECT
          *
        FROM (
          SELECT
            *
          FROM (
            SELECT
              *
            FROM (
              SELECT
                *
              FROM (
                SELECT
                  *
                FROM (
                  SELECT
                    *
                  FROM (
                    SELECT
                      *
                    FROM (
                      SELECT
                        *
                      FROM (
                        SELECT
                          *
                        FROM (
                          SELECT
                            *
                          FROM (
                            SELECT
                              *
                            FROM (
                              SELECT
                                *
                              FROM (
                                SELECT
                                  *
                                FROM (
                                  SELECT
                                    *
                                  FROM (
                                    SELECT
                                      *
                                    FROM (
                                      SELECT
                                        'R1a' AS `rule`,
                                        `t88`.`trigger` AS `fact`,
                                        `t88`.`ended` AS `ends_at`
                                      FROM (
                                        SELECT
                                          `t72`.`trigger`,
                                          MIN(`t72`.`ended`) AS `ended`
                                        FROM (
                                          SELECT
                                            `t42`.`trigger`,
                                            `t52`.`release`,
                                            `t52`.`ended`
                                          FROM (
                                            SELECT
                                              `t1`.`person`,
                                              `t1`.`source`,
                                              `t1`.`fact` AS `trigger`,
                                              `t1`.`started` AS `due`
                                            FROM `openers` AS `t1`
                                            WHERE
                                              `t1`.`rule` = 'R1a'
                                          ) AS `t42`
                                          INNER JOIN (
                                            SELECT
                                              `t0`.`person`,
                                              `t0`.`source`,
                                              `t0`.`fact` AS `release`,
                                              `t0`.`ended`
                                            FROM `dated` AS `t0`
                                            WHERE
                                              `t0`.`recorded` <= CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                                              AND (
                                                (
                                                  `t0`.`retracted` IS NULL
                                                )
                                                OR (
                                                  `t0`.`retracted` > CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                                                )
                                              )
                                              AND `t0`.`kind` = 'discharge'
                                              AND `t0`.`source_class` IN ('authority')
                                              AND `t0`.`ended` IS NOT NULL
                                          ) AS `t52`
                                            ON `t42`.`person` = `t52`.`person`
                                            AND `t42`.`due` <= `t52`.`ended`
                                            AND `t42`.`trigger` <> `t52`.`release`
                                        ) AS `t72`
                                        GROUP BY
                                          1
                                      ) AS `t88`
                                    ) AS `t103`
                                    UNION ALL
                                    SELECT
                                      *
                                    FROM (
                                      SELECT
                                        'R1b' AS `rule`,
                                        `t90`.`trigger` AS `fact`,
                                        `t90`.`ended` AS `ends_at`
                                      FROM (
                                        SELECT
                                          `t74`.`trigger`,
                                          MIN(`t74`.`ended`) AS `ended`
                                        FROM (
                                          SELECT
                                            `t41`.`trigger`,
                                            `t54`.`release`,
                                            `t54`.`ended`
                                          FROM (
                                            SELECT
                                              `t1`.`person`,
                                              `t1`.`source`,
                                              `t1`.`fact` AS `trigger`,
                                              `t1`.`started` AS `due`
                                            FROM `openers` AS `t1`
                                            WHERE
                                              `t1`.`rule` = 'R1b'
                                          ) AS `t41`
                                          INNER JOIN (
                                            SELECT
                                              `t0`.`person`,
                                              `t0`.`source`,
                                              `t0`.`fact` AS `release`,
                                              `t0`.`ended`
                                            FROM `dated` AS `t0`
                                            WHERE
                                              `t0`.`recorded` <= CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                                              AND (
                                                (
                                                  `t0`.`retracted` IS NULL
                                                )
                                                OR (
                                                  `t0`.`retracted` > CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                                                )
                                              )
                                              AND `t0`.`kind` = 'clearance'
                                              AND `t0`.`result` IN ('suspicion_excluded')
                                              AND `t0`.`source_class` IN ('authority')
                                              AND `t0`.`ended` IS NOT NULL
                                          ) AS `t54`
                                            ON `t41`.`person` = `t54`.`person`
                                            AND `t41`.`due` <= `t54`.`ended`
                                            AND `t41`.`trigger` <> `t54`.`release`
                                        ) AS `t74`
                                        GROUP BY
                                          1
                                      ) AS `t90`
                                    ) AS `t105`
                                  ) AS `t107`
                                  UNION ALL
                                  SELECT
                                    *
                                  FROM (
                                    SELECT
                                      'R1b' AS `rule`,
                                      `t87`.`trigger` AS `fact`,
                                      `t87`.`ended` AS `ends_at`
                                    FROM (
                                      SELECT
                                        `t71`.`trigger`,
                                        MIN(`t71`.`ended`) AS `ended`
                                      FROM (
                                        SELECT
                                          `t41`.`trigger`,
                                          `t52`.`release`,
                                          `t52`.`ended`
                                        FROM (
                                          SELECT
                                            `t1`.`person`,
                                            `t1`.`source`,
                                            `t1`.`fact` AS `trigger`,
                                            `t1`.`started` AS `due`
                                          FROM `openers` AS `t1`
                                          WHERE
                                            `t1`.`rule` = 'R1b'
                                        ) AS `t41`
                                        INNER JOIN (
                                          SELECT
                                            `t0`.`person`,
                                            `t0`.`source`,
                                            `t0`.`fact` AS `release`,
                                            `t0`.`ended`
                                          FROM `dated` AS `t0`
                                          WHERE
                                            `t0`.`recorded` <= CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                                            AND (
                                              (
                                                `t0`.`retracted` IS NULL
                                              )
                                              OR (
                                                `t0`.`retracted` > CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                                              )
                                            )
                                            AND `t0`.`kind` = 'discharge'
                                            AND `t0`.`source_class` IN ('authority')
                                            AND `t0`.`ended` IS NOT NULL
                                        ) AS `t52`
                                          ON `t41`.`person` = `t52`.`person`
                                          AND `t41`.`due` <= `t52`.`ended`
                                          AND `t41`.`trigger` <> `t52`.`release`
                                      ) AS `t71`
                                      GROUP BY
                                        1
                                    ) AS `t87`
                                  ) AS `t102`
                                ) AS `t108`
                                UNION ALL
                                SELECT
                                  *
                                FROM (
                                  SELECT
                                    'R1c' AS `rule`,
                                    `t89`.`trigger` AS `fact`,
                                    `t89`.`ended` AS `ends_at`
                                  FROM (
                                    SELECT
                                      `t73`.`trigger`,
                                      MIN(`t73`.`ended`) AS `ended`
                                    FROM (
                                      SELECT
                                        `t40`.`trigger`,
                                        `t53`.`release`,
                                        `t53`.`ended`
                                      FROM (
                                        SELECT
                                          `t1`.`person`,
                                          `t1`.`source`,
                                          `t1`.`fact` AS `trigger`,
                                          `t1`.`started` AS `due`
                                        FROM `openers` AS `t1`
                                        WHERE
                                          `t1`.`rule` = 'R1c'
                                      ) AS `t40`
                                      INNER JOIN (
                                        SELECT
                                          `t0`.`person`,
                                          `t0`.`source`,
                                          `t0`.`fact` AS `release`,
                                          `t0`.`ended`
                                        FROM `dated` AS `t0`
                                        WHERE
                                          `t0`.`recorded` <= CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                                          AND (
                                            (
                                              `t0`.`retracted` IS NULL
                                            )
                                            OR (
                                              `t0`.`retracted` > CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                                            )
                                          )
                                          AND `t0`.`kind` = 'clearance'
                                          AND `t0`.`result` IN ('asymptomatic_over')
                                          AND `t0`.`source_class` IN ('authority')
                                          AND `t0`.`ended` IS NOT NULL
                                      ) AS `t53`
                                        ON `t40`.`person` = `t53`.`person`
                                        AND `t40`.`due` <= `t53`.`ended`
                                        AND `t40`.`trigger` <> `t53`.`release`
                                    ) AS `t73`
                                    GROUP BY
                                      1
                                  ) AS `t89`
                                ) AS `t104`
                              ) AS `t110`
                              UNION ALL
                              SELECT
                                *
                              FROM (
                                SELECT
                                  'R1c' AS `rule`,
                                  `t86`.`trigger` AS `fact`,
                                  `t86`.`ended` AS `ends_at`
                                FROM (
                                  SELECT
                                    `t70`.`trigger`,
                                    MIN(`t70`.`ended`) AS `ended`
                                  FROM (
                                    SELECT
                                      `t40`.`trigger`,
                                      `t52`.`release`,
                                      `t52`.`ended`
                                    FROM (
                                      SELECT
                                        `t1`.`person`,
                                        `t1`.`source`,
                                        `t1`.`fact` AS `trigger`,
                                        `t1`.`started` AS `due`
                                      FROM `openers` AS `t1`
                                      WHERE
                                        `t1`.`rule` = 'R1c'
                                    ) AS `t40`
                                    INNER JOIN (
                                      SELECT
                                        `t0`.`person`,
                                        `t0`.`source`,
                                        `t0`.`fact` AS `release`,
                                        `t0`.`ended`
                                      FROM `dated` AS `t0`
                                      WHERE
                                        `t0`.`recorded` <= CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                                        AND (
                                          (
                                            `t0`.`retracted` IS NULL
                                          )
                                          OR (
                                            `t0`.`retracted` > CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                                          )
                                        )
                                        AND `t0`.`kind` = 'discharge'
                                        AND `t0`.`source_class` IN ('authority')
                                        AND `t0`.`ended` IS NOT NULL
                                    ) AS `t52`
                                      ON `t40`.`person` = `t52`.`person`
                                      AND `t40`.`due` <= `t52`.`ended`
                                      AND `t40`.`trigger` <> `t52`.`release`
                                  ) AS `t70`
                                  GROUP BY
                                    1
                                ) AS `t86`
                              ) AS `t101`
                            ) AS `t111`
                            UNION ALL
                            SELECT
                              *
                            FROM (
                              SELECT
                                'R3' AS `rule`,
                                `t85`.`trigger` AS `fact`,
                                `t85`.`ended` AS `ends_at`
                              FROM (
                                SELECT
                                  `t69`.`trigger`,
                                  MIN(`t69`.`ended`) AS `ended`
                                FROM (
                                  SELECT
                                    `t39`.`trigger`,
                                    `t51`.`release`,
                                    `t51`.`ended`
                                  FROM (
                                    SELECT
                                      `t1`.`person`,
                                      `t1`.`source`,
                                      `t1`.`fact` AS `trigger`,
                                      `t1`.`started` AS `due`
                                    FROM `openers` AS `t1`
                                    WHERE
                                      `t1`.`rule` = 'R3'
                                  ) AS `t39`
                                  INNER JOIN (
                                    SELECT
                                      `t0`.`person`,
                                      `t0`.`source`,
                                      `t0`.`fact` AS `release`,
                                      `t0`.`ended`
                                    FROM `dated` AS `t0`
                                    WHERE
                                      `t0`.`recorded` <= CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                                      AND (
                                        (
                                          `t0`.`retracted` IS NULL
                                        )
                                        OR (
                                          `t0`.`retracted` > CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                                        )
                                      )
                                      AND `t0`.`kind` = 'clearance'
                                      AND `t0`.`result` IN ('isolation_over')
                                      AND `t0`.`source_class` IN ('authority')
                                      AND `t0`.`ended` IS NOT NULL
                                  ) AS `t51`
                                    ON `t39`.`person` = `t51`.`person`
                                    AND `t39`.`due` <= `t51`.`ended`
                                    AND `t39`.`trigger` <> `t51`.`release`
                                ) AS `t69`
                                GROUP BY
                                  1
                              ) AS `t85`
                            ) AS `t100`
                          ) AS `t112`
                          UNION ALL
                          SELECT
                            *
                          FROM (
                            SELECT
                              'R4' AS `rule`,
                              `t84`.`trigger` AS `fact`,
                              `t84`.`ended` AS `ends_at`
                            FROM (
                              SELECT
                                `t68`.`trigger`,
                                MIN(`t68`.`ended`) AS `ended`
                              FROM (
                                SELECT
                                  `t38`.`trigger`,
                                  `t50`.`release`,
                                  `t50`.`ended`
                                FROM (
                                  SELECT
                                    `t1`.`person`,
                                    `t1`.`source`,
                                    `t1`.`fact` AS `trigger`,
                                    `t1`.`started` AS `due`
                                  FROM `openers` AS `t1`
                                  WHERE
                                    `t1`.`rule` = 'R4'
                                ) AS `t38`
                                INNER JOIN (
                                  SELECT
                                    `t0`.`person`,
                                    `t0`.`source`,
                                    `t0`.`fact` AS `release`,
                                    `t0`.`ended`
                                  FROM `dated` AS `t0`
                                  WHERE
                                    `t0`.`recorded` <= CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                                    AND (
                                      (
                                        `t0`.`retracted` IS NULL
                                      )
                                      OR (
                                        `t0`.`retracted` > CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                                      )
                                    )
                                    AND `t0`.`kind` = 'isolation'
                                    AND `t0`.`source_class` IN ('authority', 'region')
                                    AND `t0`.`ended` IS NOT NULL
                                    AND `t0`.`ended` >= (
                                      `t0`.`start_day` + INTERVAL '336' HOUR
                                    )
                                ) AS `t50`
                                  ON `t38`.`person` = `t50`.`person`
                                  AND `t38`.`due` <= `t50`.`ended`
                                  AND `t38`.`trigger` <> `t50`.`release`
                              ) AS `t68`
                              GROUP BY
                                1
                            ) AS `t84`
                          ) AS `t99`
                        ) AS `t113`
                        UNION ALL
                        SELECT
                          *
                        FROM (
                          SELECT
                            'R5' AS `rule`,
                            `t106`.`trigger` AS `fact`,
                            `t106`.`ended` AS `ends_at`
                          FROM (
                            SELECT
                              `t75`.`trigger`,
                              MIN(`t75`.`ended`) AS `ended`
                            FROM (
                              SELECT
                                `t58`.`trigger`,
                                `t50`.`release`,
                                `t50`.`ended`
                              FROM (
                                SELECT
                                  `t1`.`person`,
                                  `t1`.`source`,
                                  `t1`.`fact` AS `trigger`,
                                  (
                                    DATE_TRUNC('day', `t1`.`ended` + INTERVAL '8' HOUR) - INTERVAL '8' HOUR
                                  ) + INTERVAL '336' HOUR AS `due`
                                FROM `openers` AS `t1`
                                WHERE
                                  `t1`.`rule` = 'R5'
                              ) AS `t58`
                              INNER JOIN (
                                SELECT
                                  `t0`.`person`,
                                  `t0`.`source`,
                                  `t0`.`fact` AS `release`,
                                  `t0`.`ended`
                                FROM `dated` AS `t0`
                                WHERE
                                  `t0`.`recorded` <= CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                                  AND (
                                    (
                                      `t0`.`retracted` IS NULL
                                    )
                                    OR (
                                      `t0`.`retracted` > CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                                    )
                                  )
                                  AND `t0`.`kind` = 'isolation'
                                  AND `t0`.`source_class` IN ('authority', 'region')
                                  AND `t0`.`ended` IS NOT NULL
                                  AND `t0`.`ended` >= (
                                    `t0`.`start_day` + INTERVAL '336' HOUR
                                  )
                              ) AS `t50`
                                ON `t58`.`person` = `t50`.`person`
                                AND `t58`.`due` <= `t50`.`ended`
                                AND `t58`.`trigger` <> `t50`.`release`
                            ) AS `t75`
                            GROUP BY
                              1
                          ) AS `t106`
                        ) AS `t109`
                      ) AS `t114`
                      UNION ALL
                      SELECT
                        *
                      FROM (
                        SELECT
                          'R6' AS `rule`,
                          `t78`.`trigger` AS `fact`,
                          `t78`.`ended` AS `ends_at`
                        FROM (
                          SELECT
                            `t62`.`trigger`,
                            MIN(`t62`.`ended`) AS `ended`
                          FROM (
                            SELECT
                              `t37`.`trigger`,
                              `t45`.`release`,
                              `t45`.`ended`
                            FROM (
                              SELECT
                                `t1`.`person`,
                                `t1`.`source`,
                                `t1`.`fact` AS `trigger`,
                                `t1`.`started` AS `due`
                              FROM `openers` AS `t1`
                              WHERE
                                `t1`.`rule` = 'R6'
                            ) AS `t37`
                            INNER JOIN (
                              SELECT
                                `t0`.`person`,
                                `t0`.`source`,
                                `t0`.`fact` AS `release`,
                                `t0`.`ended`
                              FROM `dated` AS `t0`
                              WHERE
                                `t0`.`recorded` <= CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                                AND (
                                  (
                                    `t0`.`retracted` IS NULL
                                  )
                                  OR (
                                    `t0`.`retracted` > CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                                  )
                                )
                                AND `t0`.`kind` = 'order'
                                AND `t0`.`result` IN ('release')
                                AND `t0`.`source_class` IN ('authority')
                                AND `t0`.`ended` IS NOT NULL
                            ) AS `t45`
                              ON `t37`.`person` = `t45`.`person`
                              AND `t37`.`due` <= `t45`.`ended`
                              AND `t37`.`trigger` <> `t45`.`release`
                              AND `t37`.`source` = `t45`.`source`
                          ) AS `t62`
                          GROUP BY
                            1
                        ) AS `t78`
                      ) AS `t93`
                    ) AS `t115`
                    UNION ALL
                    SELECT
                      *
                    FROM (
                      SELECT
                        'O1' AS `rule`,
                        `t83`.`trigger` AS `fact`,
                        `t83`.`ended` AS `ends_at`
                      FROM (
                        SELECT
                          `t67`.`trigger`,
                          MIN(`t67`.`ended`) AS `ended`
                        FROM (
                          SELECT
                            `t36`.`trigger`,
                            `t49`.`release`,
                            `t49`.`ended`
                          FROM (
                            SELECT
                              `t1`.`person`,
                              `t1`.`source`,
                              `t1`.`fact` AS `trigger`,
                              `t1`.`started` AS `due`
                            FROM `openers` AS `t1`
                            WHERE
                              `t1`.`rule` = 'O1'
                          ) AS `t36`
                          INNER JOIN (
                            SELECT
                              `t0`.`person`,
                              `t0`.`source`,
                              `t0`.`fact` AS `release`,
                              `t0`.`ended`
                            FROM `dated` AS `t0`
                            WHERE
                              `t0`.`recorded` <= CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                              AND (
                                (
                                  `t0`.`retracted` IS NULL
                                )
                                OR (
                                  `t0`.`retracted` > CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                                )
                              )
                              AND `t0`.`kind` = 'clearance'
                              AND `t0`.`result` IN ('examined')
                              AND `t0`.`source_class` IN ('clinic', 'community')
                              AND `t0`.`ended` IS NOT NULL
                          ) AS `t49`
                            ON `t36`.`person` = `t49`.`person`
                            AND `t36`.`due` <= `t49`.`ended`
                            AND `t36`.`trigger` <> `t49`.`release`
                        ) AS `t67`
                        GROUP BY
                          1
                      ) AS `t83`
                    ) AS `t98`
                  ) AS `t116`
                  UNION ALL
                  SELECT
                    *
                  FROM (
                    SELECT
                      'O2' AS `rule`,
                      `t80`.`trigger` AS `fact`,
                      `t80`.`ended` AS `ends_at`
                    FROM (
                      SELECT
                        `t64`.`trigger`,
                        MIN(`t64`.`ended`) AS `ended`
                      FROM (
                        SELECT
                          `t35`.`trigger`,
                          `t46`.`release`,
                          `t46`.`ended`
                        FROM (
                          SELECT
                            `t1`.`person`,
                            `t1`.`source`,
                            `t1`.`fact` AS `trigger`,
                            `t1`.`started` AS `due`
                          FROM `openers` AS `t1`
                          WHERE
                            `t1`.`rule` = 'O2'
                        ) AS `t35`
                        INNER JOIN (
                          SELECT
                            `t0`.`person`,
                            `t0`.`source`,
                            `t0`.`fact` AS `release`,
                            `t0`.`ended`
                          FROM `dated` AS `t0`
                          WHERE
                            `t0`.`recorded` <= CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                            AND (
                              (
                                `t0`.`retracted` IS NULL
                              )
                              OR (
                                `t0`.`retracted` > CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                              )
                            )
                            AND `t0`.`kind` = 'clearance'
                            AND `t0`.`result` IN ('cleared')
                            AND `t0`.`source_class` IN ('authority')
                            AND `t0`.`ended` IS NOT NULL
                        ) AS `t46`
                          ON `t35`.`person` = `t46`.`person`
                          AND `t35`.`due` <= `t46`.`ended`
                          AND `t35`.`trigger` <> `t46`.`release`
                      ) AS `t64`
                      GROUP BY
                        1
                    ) AS `t80`
                  ) AS `t95`
                ) AS `t117`
                UNION ALL
                SELECT
                  *
                FROM (
                  SELECT
                    'O5' AS `rule`,
                    `t82`.`trigger` AS `fact`,
                    `t82`.`ended` AS `ends_at`
                  FROM (
                    SELECT
                      `t66`.`trigger`,
                      MIN(`t66`.`ended`) AS `ended`
                    FROM (
                      SELECT
                        `t34`.`trigger`,
                        `t48`.`release`,
                        `t48`.`ended`
                      FROM (
                        SELECT
                          `t1`.`person`,
                          `t1`.`source`,
                          `t1`.`fact` AS `trigger`,
                          `t1`.`started` AS `due`
                        FROM `openers` AS `t1`
                        WHERE
                          `t1`.`rule` = 'O5'
                      ) AS `t34`
                      INNER JOIN (
                        SELECT
                          `t0`.`person`,
                          `t0`.`source`,
                          `t0`.`fact` AS `release`,
                          `t0`.`ended`
                        FROM `dated` AS `t0`
                        WHERE
                          `t0`.`recorded` <= CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                          AND (
                            (
                              `t0`.`retracted` IS NULL
                            )
                            OR (
                              `t0`.`retracted` > CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                            )
                          )
                          AND `t0`.`kind` = 'clearance'
                          AND `t0`.`result` IN ('observation_over')
                          AND `t0`.`source_class` IN ('community', 'authority')
                          AND `t0`.`ended` IS NOT NULL
                      ) AS `t48`
                        ON `t34`.`person` = `t48`.`person`
                        AND `t34`.`due` <= `t48`.`ended`
                        AND `t34`.`trigger` <> `t48`.`release`
                    ) AS `t66`
                    GROUP BY
                      1
                  ) AS `t82`
                ) AS `t97`
              ) AS `t118`
              UNION ALL
              SELECT
                *
              FROM (
                SELECT
                  'O6' AS `rule`,
                  `t81`.`trigger` AS `fact`,
                  `t81`.`ended` AS `ends_at`
                FROM (
                  SELECT
                    `t65`.`trigger`,
                    MIN(`t65`.`ended`) AS `ended`
                  FROM (
                    SELECT
                      `t33`.`trigger`,
                      `t47`.`release`,
                      `t47`.`ended`
                    FROM (
                      SELECT
                        `t1`.`person`,
                        `t1`.`source`,
                        `t1`.`fact` AS `trigger`,
                        `t1`.`started` AS `due`
                      FROM `openers` AS `t1`
                      WHERE
                        `t1`.`rule` = 'O6'
                    ) AS `t33`
                    INNER JOIN (
                      SELECT
                        `t0`.`person`,
                        `t0`.`source`,
                        `t0`.`fact` AS `release`,
                        `t0`.`ended`
                      FROM `dated` AS `t0`
                      WHERE
                        `t0`.`recorded` <= CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                        AND (
                          (
                            `t0`.`retracted` IS NULL
                          )
                          OR (
                            `t0`.`retracted` > CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                          )
                        )
                        AND `t0`.`kind` = 'clearance'
                        AND `t0`.`result` IN ('cleared')
                        AND `t0`.`source_class` IN ('authority', 'community')
                        AND `t0`.`ended` IS NOT NULL
                    ) AS `t47`
                      ON `t33`.`person` = `t47`.`person`
                      AND `t33`.`due` <= `t47`.`ended`
                      AND `t33`.`trigger` <> `t47`.`release`
                  ) AS `t65`
                  GROUP BY
                    1
                ) AS `t81`
              ) AS `t96`
            ) AS `t119`
            UNION ALL
            SELECT
              *
            FROM (
              SELECT
                'O7' AS `rule`,
                `t79`.`trigger` AS `fact`,
                `t79`.`ended` AS `ends_at`
              FROM (
                SELECT
                  `t63`.`trigger`,
                  MIN(`t63`.`ended`) AS `ended`
                FROM (
                  SELECT
                    `t32`.`trigger`,
                    `t46`.`release`,
                    `t46`.`ended`
                  FROM (
                    SELECT
                      `t1`.`person`,
                      `t1`.`source`,
                      `t1`.`fact` AS `trigger`,
                      `t1`.`started` AS `due`
                    FROM `openers` AS `t1`
                    WHERE
                      `t1`.`rule` = 'O7'
                  ) AS `t32`
                  INNER JOIN (
                    SELECT
                      `t0`.`person`,
                      `t0`.`source`,
                      `t0`.`fact` AS `release`,
                      `t0`.`ended`
                    FROM `dated` AS `t0`
                    WHERE
                      `t0`.`recorded` <= CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                      AND (
                        (
                          `t0`.`retracted` IS NULL
                        )
                        OR (
                          `t0`.`retracted` > CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                        )
                      )
                      AND `t0`.`kind` = 'clearance'
                      AND `t0`.`result` IN ('cleared')
                      AND `t0`.`source_class` IN ('authority')
                      AND `t0`.`ended` IS NOT NULL
                  ) AS `t46`
                    ON `t32`.`person` = `t46`.`person`
                    AND `t32`.`due` <= `t46`.`ended`
                    AND `t32`.`trigger` <> `t46`.`release`
                ) AS `t63`
                GROUP BY
                  1
              ) AS `t79`
            ) AS `t94`
          ) AS `t120`
          UNION ALL
          SELECT
            *
          FROM (
            SELECT
              'O8' AS `rule`,
              `t77`.`trigger` AS `fact`,
              `t77`.`ended` AS `ends_at`
            FROM (
              SELECT
                `t61`.`trigger`,
                MIN(`t61`.`ended`) AS `ended`
              FROM (
                SELECT
                  `t31`.`trigger`,
                  `t45`.`release`,
                  `t45`.`ended`
                FROM (
                  SELECT
                    `t1`.`person`,
                    `t1`.`source`,
                    `t1`.`fact` AS `trigger`,
                    `t1`.`started` AS `due`
                  FROM `openers` AS `t1`
                  WHERE
                    `t1`.`rule` = 'O8'
                ) AS `t31`
                INNER JOIN (
                  SELECT
                    `t0`.`person`,
                    `t0`.`source`,
                    `t0`.`fact` AS `release`,
                    `t0`.`ended`
                  FROM `dated` AS `t0`
                  WHERE
                    `t0`.`recorded` <= CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                    AND (
                      (
                        `t0`.`retracted` IS NULL
                      )
                      OR (
                        `t0`.`retracted` > CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                      )
                    )
                    AND `t0`.`kind` = 'order'
                    AND `t0`.`result` IN ('release')
                    AND `t0`.`source_class` IN ('authority')
                    AND `t0`.`ended` IS NOT NULL
                ) AS `t45`
                  ON `t31`.`person` = `t45`.`person`
                  AND `t31`.`due` <= `t45`.`ended`
                  AND `t31`.`trigger` <> `t45`.`release`
                  AND `t31`.`source` = `t45`.`source`
              ) AS `t61`
              GROUP BY
                1
            ) AS `t77`
          ) AS `t92`
        ) AS `t121`
        UNION ALL
        SELECT
          *
        FROM (
          SELECT
            'O9' AS `rule`,
            `t76`.`trigger` AS `fact`,
            `t76`.`ended` AS `ends_at`
          FROM (
            SELECT
              `t60`.`trigger`,
              MIN(`t60`.`ended`) AS `ended`
            FROM (
              SELECT
                `t30`.`trigger`,
                `t44`.`release`,
                `t44`.`ended`
              FROM (
                SELECT
                  `t1`.`person`,
                  `t1`.`source`,
                  `t1`.`fact` AS `trigger`,
                  `t1`.`started` + INTERVAL '30' MINUTE AS `due`
                FROM `openers` AS `t1`
                WHERE
                  `t1`.`rule` = 'O9'
              ) AS `t30`
              INNER JOIN (
                SELECT
                  `t0`.`person`,
                  `t0`.`source`,
                  `t0`.`fact` AS `release`,
                  `t0`.`ended`
                FROM `dated` AS `t0`
                WHERE
                  `t0`.`recorded` <= CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                  AND (
                    (
                      `t0`.`retracted` IS NULL
                    )
                    OR (
                      `t0`.`retracted` > CAST('2020-02-20T04:00:00' AS TIMESTAMP)
                    )
                  )
                  AND `t0`.`kind` = 'temperature'
                  AND `t0`.`number` < CAST('37.300' AS DECIMAL(9, 3))
                  AND `t0`.`source_class` IN ('gate', 'clinic', 'community')
                  AND `t0`.`ended` IS NOT NULL
              ) AS `t44`
                ON `t30`.`person` = `t44`.`person`
                AND `t30`.`due` <= `t44`.`ended`
                AND `t30`.`trigger` <> `t44`.`release`
            ) AS `t60`
            GROUP BY
              1
          ) AS `t76`
        ) AS `t91`
      ) AS `t122`
      GROUP BY
        1,
        2
    ) AS `t124`
      ON `t2`.`rule` = `t124`.`rule` AND `t2`.`fact` = `t124`.`fact`
  ) AS `t125`
  WHERE
    (
      `t125`.`until` IS NULL
    ) OR (
      `t125`.`until` > `t125`.`opens`
    )
) AS `t126`
