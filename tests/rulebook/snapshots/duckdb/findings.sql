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
          "t3"."person",
          'R2' AS "rule",
          "t3"."fact",
          'red' AS "colour",
          "t3"."started" AS "opens",
          MAKE_TIMESTAMP(EPOCH_US("t3"."start_day") + 1209600000000) AS "until"
        FROM "dated_discharge" AS "t3"
        WHERE
          "t3"."recorded" <= MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
          AND (
            (
              "t3"."retracted" IS NULL
            )
            OR (
              "t3"."retracted" > MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
            )
          )
          AND "t3"."kind" = 'discharge'
          AND "t3"."source_class" IN ('authority')
      ) AS "t43"
      UNION ALL
      SELECT
        *
      FROM (
        SELECT
          "t3"."person",
          'O3' AS "rule",
          "t3"."fact",
          'orange' AS "colour",
          MAKE_TIMESTAMP(EPOCH_US("t3"."start_day") + 1209600000000) AS "opens",
          MAKE_TIMESTAMP(EPOCH_US("t3"."start_day") + 2419200000000) AS "until"
        FROM "dated_discharge" AS "t3"
        WHERE
          "t3"."recorded" <= MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
          AND (
            (
              "t3"."retracted" IS NULL
            )
            OR (
              "t3"."retracted" > MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
            )
          )
          AND "t3"."kind" = 'discharge'
          AND "t3"."source_class" IN ('authority')
          AND (
            (
              (
                MAKE_TIMESTAMP(EPOCH_US("t3"."start_day") + 2419200000000)
              ) IS NULL
            )
            OR (
              (
                MAKE_TIMESTAMP(EPOCH_US("t3"."start_day") + 2419200000000)
              ) > (
                MAKE_TIMESTAMP(EPOCH_US("t3"."start_day") + 1209600000000)
              )
            )
          )
      ) AS "t55"
    ) AS "t61"
    UNION ALL
    SELECT
      *
    FROM (
      SELECT
        "t1"."person",
        'O4' AS "rule",
        "t1"."fact",
        'orange' AS "colour",
        "t1"."started" AS "opens",
        MAKE_TIMESTAMP(EPOCH_US("t1"."start_day") + 1209600000000) AS "until"
      FROM "dated_clearance" AS "t1"
      WHERE
        "t1"."recorded" <= MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
        AND (
          (
            "t1"."retracted" IS NULL
          )
          OR (
            "t1"."retracted" > MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
          )
        )
        AND "t1"."kind" = 'clearance'
        AND "t1"."result" IN ('suspicion_excluded', 'asymptomatic_over')
        AND "t1"."source_class" IN ('authority')
    ) AS "t22"
  ) AS "t63"
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      "t0"."person",
      'G' AS "rule",
      "t0"."fact",
      'green' AS "colour",
      "t0"."started" AS "opens",
      MAKE_TIMESTAMP(EPOCH_US("t0"."start_day") + 1209600000000) AS "until"
    FROM "dated_declaration" AS "t0"
    WHERE
      "t0"."recorded" <= MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
      AND (
        (
          "t0"."retracted" IS NULL
        )
        OR (
          "t0"."retracted" > MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
        )
      )
      AND "t0"."kind" = 'declaration'
      AND "t0"."source_class" IN ('self', 'community')
  ) AS "t21"
) AS "t64"
UNION ALL
SELECT
  *
FROM (
  SELECT
    *
  FROM (
    SELECT
      "t7"."person",
      "t7"."rule",
      "t7"."fact",
      "t7"."colour",
      "t7"."opens",
      CASE
        WHEN "t7"."until" IS NULL
        THEN "t129"."ends_at"
        WHEN "t129"."ends_at" IS NULL
        THEN "t7"."until"
        WHEN "t7"."until" <= "t129"."ends_at"
        THEN "t7"."until"
        ELSE "t129"."ends_at"
      END AS "until"
    FROM "openers" AS "t7"
    LEFT OUTER JOIN (
      SELECT
        "t127"."rule",
        "t127"."fact",
        MIN("t127"."ends_at") AS "ends_at"
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
                                        'R1a' AS "rule",
                                        "t91"."trigger" AS "fact",
                                        "t91"."ended" AS "ends_at"
                                      FROM (
                                        SELECT
                                          "t75"."trigger",
                                          MIN("t75"."ended") AS "ended"
                                        FROM (
                                          SELECT
                                            "t42"."trigger",
                                            "t56"."release",
                                            "t56"."ended"
                                          FROM (
                                            SELECT
                                              "t2"."person",
                                              "t2"."source",
                                              "t2"."fact" AS "trigger",
                                              "t2"."started" AS "due"
                                            FROM "openers" AS "t2"
                                            WHERE
                                              "t2"."rule" = 'R1a'
                                          ) AS "t42"
                                          INNER JOIN (
                                            SELECT
                                              "t3"."person",
                                              "t3"."source",
                                              "t3"."fact" AS "release",
                                              "t3"."ended"
                                            FROM "dated_discharge" AS "t3"
                                            WHERE
                                              "t3"."recorded" <= MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                                              AND (
                                                (
                                                  "t3"."retracted" IS NULL
                                                )
                                                OR (
                                                  "t3"."retracted" > MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                                                )
                                              )
                                              AND "t3"."kind" = 'discharge'
                                              AND "t3"."source_class" IN ('authority')
                                              AND "t3"."ended" IS NOT NULL
                                          ) AS "t56"
                                            ON "t42"."person" = "t56"."person"
                                            AND "t42"."due" <= "t56"."ended"
                                            AND "t42"."trigger" <> "t56"."release"
                                        ) AS "t75"
                                        GROUP BY
                                          1
                                      ) AS "t91"
                                    ) AS "t107"
                                    UNION ALL
                                    SELECT
                                      *
                                    FROM (
                                      SELECT
                                        'R1b' AS "rule",
                                        "t88"."trigger" AS "fact",
                                        "t88"."ended" AS "ends_at"
                                      FROM (
                                        SELECT
                                          "t72"."trigger",
                                          MIN("t72"."ended") AS "ended"
                                        FROM (
                                          SELECT
                                            "t41"."trigger",
                                            "t54"."release",
                                            "t54"."ended"
                                          FROM (
                                            SELECT
                                              "t2"."person",
                                              "t2"."source",
                                              "t2"."fact" AS "trigger",
                                              "t2"."started" AS "due"
                                            FROM "openers" AS "t2"
                                            WHERE
                                              "t2"."rule" = 'R1b'
                                          ) AS "t41"
                                          INNER JOIN (
                                            SELECT
                                              "t1"."person",
                                              "t1"."source",
                                              "t1"."fact" AS "release",
                                              "t1"."ended"
                                            FROM "dated_clearance" AS "t1"
                                            WHERE
                                              "t1"."recorded" <= MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                                              AND (
                                                (
                                                  "t1"."retracted" IS NULL
                                                )
                                                OR (
                                                  "t1"."retracted" > MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                                                )
                                              )
                                              AND "t1"."kind" = 'clearance'
                                              AND "t1"."result" IN ('suspicion_excluded')
                                              AND "t1"."source_class" IN ('authority')
                                              AND "t1"."ended" IS NOT NULL
                                          ) AS "t54"
                                            ON "t41"."person" = "t54"."person"
                                            AND "t41"."due" <= "t54"."ended"
                                            AND "t41"."trigger" <> "t54"."release"
                                        ) AS "t72"
                                        GROUP BY
                                          1
                                      ) AS "t88"
                                    ) AS "t103"
                                  ) AS "t112"
                                  UNION ALL
                                  SELECT
                                    *
                                  FROM (
                                    SELECT
                                      'R1b' AS "rule",
                                      "t90"."trigger" AS "fact",
                                      "t90"."ended" AS "ends_at"
                                    FROM (
                                      SELECT
                                        "t74"."trigger",
                                        MIN("t74"."ended") AS "ended"
                                      FROM (
                                        SELECT
                                          "t41"."trigger",
                                          "t56"."release",
                                          "t56"."ended"
                                        FROM (
                                          SELECT
                                            "t2"."person",
                                            "t2"."source",
                                            "t2"."fact" AS "trigger",
                                            "t2"."started" AS "due"
                                          FROM "openers" AS "t2"
                                          WHERE
                                            "t2"."rule" = 'R1b'
                                        ) AS "t41"
                                        INNER JOIN (
                                          SELECT
                                            "t3"."person",
                                            "t3"."source",
                                            "t3"."fact" AS "release",
                                            "t3"."ended"
                                          FROM "dated_discharge" AS "t3"
                                          WHERE
                                            "t3"."recorded" <= MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                                            AND (
                                              (
                                                "t3"."retracted" IS NULL
                                              )
                                              OR (
                                                "t3"."retracted" > MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                                              )
                                            )
                                            AND "t3"."kind" = 'discharge'
                                            AND "t3"."source_class" IN ('authority')
                                            AND "t3"."ended" IS NOT NULL
                                        ) AS "t56"
                                          ON "t41"."person" = "t56"."person"
                                          AND "t41"."due" <= "t56"."ended"
                                          AND "t41"."trigger" <> "t56"."release"
                                      ) AS "t74"
                                      GROUP BY
                                        1
                                    ) AS "t90"
                                  ) AS "t106"
                                ) AS "t114"
                                UNION ALL
                                SELECT
                                  *
                                FROM (
                                  SELECT
                                    'R1c' AS "rule",
                                    "t87"."trigger" AS "fact",
                                    "t87"."ended" AS "ends_at"
                                  FROM (
                                    SELECT
                                      "t71"."trigger",
                                      MIN("t71"."ended") AS "ended"
                                    FROM (
                                      SELECT
                                        "t40"."trigger",
                                        "t53"."release",
                                        "t53"."ended"
                                      FROM (
                                        SELECT
                                          "t2"."person",
                                          "t2"."source",
                                          "t2"."fact" AS "trigger",
                                          "t2"."started" AS "due"
                                        FROM "openers" AS "t2"
                                        WHERE
                                          "t2"."rule" = 'R1c'
                                      ) AS "t40"
                                      INNER JOIN (
                                        SELECT
                                          "t1"."person",
                                          "t1"."source",
                                          "t1"."fact" AS "release",
                                          "t1"."ended"
                                        FROM "dated_clearance" AS "t1"
                                        WHERE
                                          "t1"."recorded" <= MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                                          AND (
                                            (
                                              "t1"."retracted" IS NULL
                                            )
                                            OR (
                                              "t1"."retracted" > MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                                            )
                                          )
                                          AND "t1"."kind" = 'clearance'
                                          AND "t1"."result" IN ('asymptomatic_over')
                                          AND "t1"."source_class" IN ('authority')
                                          AND "t1"."ended" IS NOT NULL
                                      ) AS "t53"
                                        ON "t40"."person" = "t53"."person"
                                        AND "t40"."due" <= "t53"."ended"
                                        AND "t40"."trigger" <> "t53"."release"
                                    ) AS "t71"
                                    GROUP BY
                                      1
                                  ) AS "t87"
                                ) AS "t102"
                              ) AS "t115"
                              UNION ALL
                              SELECT
                                *
                              FROM (
                                SELECT
                                  'R1c' AS "rule",
                                  "t89"."trigger" AS "fact",
                                  "t89"."ended" AS "ends_at"
                                FROM (
                                  SELECT
                                    "t73"."trigger",
                                    MIN("t73"."ended") AS "ended"
                                  FROM (
                                    SELECT
                                      "t40"."trigger",
                                      "t56"."release",
                                      "t56"."ended"
                                    FROM (
                                      SELECT
                                        "t2"."person",
                                        "t2"."source",
                                        "t2"."fact" AS "trigger",
                                        "t2"."started" AS "due"
                                      FROM "openers" AS "t2"
                                      WHERE
                                        "t2"."rule" = 'R1c'
                                    ) AS "t40"
                                    INNER JOIN (
                                      SELECT
                                        "t3"."person",
                                        "t3"."source",
                                        "t3"."fact" AS "release",
                                        "t3"."ended"
                                      FROM "dated_discharge" AS "t3"
                                      WHERE
                                        "t3"."recorded" <= MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                                        AND (
                                          (
                                            "t3"."retracted" IS NULL
                                          )
                                          OR (
                                            "t3"."retracted" > MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                                          )
                                        )
                                        AND "t3"."kind" = 'discharge'
                                        AND "t3"."source_class" IN ('authority')
                                        AND "t3"."ended" IS NOT NULL
                                    ) AS "t56"
                                      ON "t40"."person" = "t56"."person"
                                      AND "t40"."due" <= "t56"."ended"
                                      AND "t40"."trigger" <> "t56"."release"
                                  ) AS "t73"
                                  GROUP BY
                                    1
                                ) AS "t89"
                              ) AS "t105"
                            ) AS "t116"
                            UNION ALL
                            SELECT
                              *
                            FROM (
                              SELECT
                                'R3' AS "rule",
                                "t86"."trigger" AS "fact",
                                "t86"."ended" AS "ends_at"
                              FROM (
                                SELECT
                                  "t70"."trigger",
                                  MIN("t70"."ended") AS "ended"
                                FROM (
                                  SELECT
                                    "t39"."trigger",
                                    "t52"."release",
                                    "t52"."ended"
                                  FROM (
                                    SELECT
                                      "t2"."person",
                                      "t2"."source",
                                      "t2"."fact" AS "trigger",
                                      "t2"."started" AS "due"
                                    FROM "openers" AS "t2"
                                    WHERE
                                      "t2"."rule" = 'R3'
                                  ) AS "t39"
                                  INNER JOIN (
                                    SELECT
                                      "t1"."person",
                                      "t1"."source",
                                      "t1"."fact" AS "release",
                                      "t1"."ended"
                                    FROM "dated_clearance" AS "t1"
                                    WHERE
                                      "t1"."recorded" <= MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                                      AND (
                                        (
                                          "t1"."retracted" IS NULL
                                        )
                                        OR (
                                          "t1"."retracted" > MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                                        )
                                      )
                                      AND "t1"."kind" = 'clearance'
                                      AND "t1"."result" IN ('isolation_over')
                                      AND "t1"."source_class" IN ('authority')
                                      AND "t1"."ended" IS NOT NULL
                                  ) AS "t52"
                                    ON "t39"."person" = "t52"."person"
                                    AND "t39"."due" <= "t52"."ended"
                                    AND "t39"."trigger" <> "t52"."release"
                                ) AS "t70"
                                GROUP BY
                                  1
                              ) AS "t86"
                            ) AS "t101"
                          ) AS "t117"
                          UNION ALL
                          SELECT
                            *
                          FROM (
                            SELECT
                              'R4' AS "rule",
                              "t95"."trigger" AS "fact",
                              "t95"."ended" AS "ends_at"
                            FROM (
                              SELECT
                                "t79"."trigger",
                                MIN("t79"."ended") AS "ended"
                              FROM (
                                SELECT
                                  "t38"."trigger",
                                  "t59"."release",
                                  "t59"."ended"
                                FROM (
                                  SELECT
                                    "t2"."person",
                                    "t2"."source",
                                    "t2"."fact" AS "trigger",
                                    "t2"."started" AS "due"
                                  FROM "openers" AS "t2"
                                  WHERE
                                    "t2"."rule" = 'R4'
                                ) AS "t38"
                                INNER JOIN (
                                  SELECT
                                    "t6"."person",
                                    "t6"."source",
                                    "t6"."fact" AS "release",
                                    "t6"."ended"
                                  FROM "dated_isolation" AS "t6"
                                  WHERE
                                    "t6"."recorded" <= MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                                    AND (
                                      (
                                        "t6"."retracted" IS NULL
                                      )
                                      OR (
                                        "t6"."retracted" > MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                                      )
                                    )
                                    AND "t6"."kind" = 'isolation'
                                    AND "t6"."source_class" IN ('authority', 'region')
                                    AND "t6"."ended" IS NOT NULL
                                    AND "t6"."ended" >= (
                                      MAKE_TIMESTAMP(EPOCH_US("t6"."start_day") + 1209600000000)
                                    )
                                ) AS "t59"
                                  ON "t38"."person" = "t59"."person"
                                  AND "t38"."due" <= "t59"."ended"
                                  AND "t38"."trigger" <> "t59"."release"
                              ) AS "t79"
                              GROUP BY
                                1
                            ) AS "t95"
                          ) AS "t111"
                        ) AS "t118"
                        UNION ALL
                        SELECT
                          *
                        FROM (
                          SELECT
                            'R5' AS "rule",
                            "t104"."trigger" AS "fact",
                            "t104"."ended" AS "ends_at"
                          FROM (
                            SELECT
                              "t80"."trigger",
                              MIN("t80"."ended") AS "ended"
                            FROM (
                              SELECT
                                "t62"."trigger",
                                "t59"."release",
                                "t59"."ended"
                              FROM (
                                SELECT
                                  "t2"."person",
                                  "t2"."source",
                                  "t2"."fact" AS "trigger",
                                  (
                                    DATE_TRUNC('DAY', "t2"."ended" + INTERVAL '8' HOUR) - INTERVAL '8' HOUR
                                  ) + INTERVAL '336' HOUR AS "due"
                                FROM "openers" AS "t2"
                                WHERE
                                  "t2"."rule" = 'R5'
                              ) AS "t62"
                              INNER JOIN (
                                SELECT
                                  "t6"."person",
                                  "t6"."source",
                                  "t6"."fact" AS "release",
                                  "t6"."ended"
                                FROM "dated_isolation" AS "t6"
                                WHERE
                                  "t6"."recorded" <= MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                                  AND (
                                    (
                                      "t6"."retracted" IS NULL
                                    )
                                    OR (
                                      "t6"."retracted" > MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                                    )
                                  )
                                  AND "t6"."kind" = 'isolation'
                                  AND "t6"."source_class" IN ('authority', 'region')
                                  AND "t6"."ended" IS NOT NULL
                                  AND "t6"."ended" >= (
                                    MAKE_TIMESTAMP(EPOCH_US("t6"."start_day") + 1209600000000)
                                  )
                              ) AS "t59"
                                ON "t62"."person" = "t59"."person"
                                AND "t62"."due" <= "t59"."ended"
                                AND "t62"."trigger" <> "t59"."release"
                            ) AS "t80"
                            GROUP BY
                              1
                          ) AS "t104"
                        ) AS "t113"
                      ) AS "t119"
                      UNION ALL
                      SELECT
                        *
                      FROM (
                        SELECT
                          'R6' AS "rule",
                          "t94"."trigger" AS "fact",
                          "t94"."ended" AS "ends_at"
                        FROM (
                          SELECT
                            "t78"."trigger",
                            MIN("t78"."ended") AS "ended"
                          FROM (
                            SELECT
                              "t37"."trigger",
                              "t58"."release",
                              "t58"."ended"
                            FROM (
                              SELECT
                                "t2"."person",
                                "t2"."source",
                                "t2"."fact" AS "trigger",
                                "t2"."started" AS "due"
                              FROM "openers" AS "t2"
                              WHERE
                                "t2"."rule" = 'R6'
                            ) AS "t37"
                            INNER JOIN (
                              SELECT
                                "t5"."person",
                                "t5"."source",
                                "t5"."fact" AS "release",
                                "t5"."ended"
                              FROM "dated_order" AS "t5"
                              WHERE
                                "t5"."recorded" <= MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                                AND (
                                  (
                                    "t5"."retracted" IS NULL
                                  )
                                  OR (
                                    "t5"."retracted" > MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                                  )
                                )
                                AND "t5"."kind" = 'order'
                                AND "t5"."result" IN ('release')
                                AND "t5"."source_class" IN ('authority')
                                AND "t5"."ended" IS NOT NULL
                            ) AS "t58"
                              ON "t37"."person" = "t58"."person"
                              AND "t37"."due" <= "t58"."ended"
                              AND "t37"."trigger" <> "t58"."release"
                              AND "t37"."source" = "t58"."source"
                          ) AS "t78"
                          GROUP BY
                            1
                        ) AS "t94"
                      ) AS "t110"
                    ) AS "t120"
                    UNION ALL
                    SELECT
                      *
                    FROM (
                      SELECT
                        'O1' AS "rule",
                        "t85"."trigger" AS "fact",
                        "t85"."ended" AS "ends_at"
                      FROM (
                        SELECT
                          "t69"."trigger",
                          MIN("t69"."ended") AS "ended"
                        FROM (
                          SELECT
                            "t36"."trigger",
                            "t51"."release",
                            "t51"."ended"
                          FROM (
                            SELECT
                              "t2"."person",
                              "t2"."source",
                              "t2"."fact" AS "trigger",
                              "t2"."started" AS "due"
                            FROM "openers" AS "t2"
                            WHERE
                              "t2"."rule" = 'O1'
                          ) AS "t36"
                          INNER JOIN (
                            SELECT
                              "t1"."person",
                              "t1"."source",
                              "t1"."fact" AS "release",
                              "t1"."ended"
                            FROM "dated_clearance" AS "t1"
                            WHERE
                              "t1"."recorded" <= MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                              AND (
                                (
                                  "t1"."retracted" IS NULL
                                )
                                OR (
                                  "t1"."retracted" > MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                                )
                              )
                              AND "t1"."kind" = 'clearance'
                              AND "t1"."result" IN ('examined')
                              AND "t1"."source_class" IN ('clinic', 'community')
                              AND "t1"."ended" IS NOT NULL
                          ) AS "t51"
                            ON "t36"."person" = "t51"."person"
                            AND "t36"."due" <= "t51"."ended"
                            AND "t36"."trigger" <> "t51"."release"
                        ) AS "t69"
                        GROUP BY
                          1
                      ) AS "t85"
                    ) AS "t100"
                  ) AS "t121"
                  UNION ALL
                  SELECT
                    *
                  FROM (
                    SELECT
                      'O2' AS "rule",
                      "t82"."trigger" AS "fact",
                      "t82"."ended" AS "ends_at"
                    FROM (
                      SELECT
                        "t66"."trigger",
                        MIN("t66"."ended") AS "ended"
                      FROM (
                        SELECT
                          "t35"."trigger",
                          "t48"."release",
                          "t48"."ended"
                        FROM (
                          SELECT
                            "t2"."person",
                            "t2"."source",
                            "t2"."fact" AS "trigger",
                            "t2"."started" AS "due"
                          FROM "openers" AS "t2"
                          WHERE
                            "t2"."rule" = 'O2'
                        ) AS "t35"
                        INNER JOIN (
                          SELECT
                            "t1"."person",
                            "t1"."source",
                            "t1"."fact" AS "release",
                            "t1"."ended"
                          FROM "dated_clearance" AS "t1"
                          WHERE
                            "t1"."recorded" <= MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                            AND (
                              (
                                "t1"."retracted" IS NULL
                              )
                              OR (
                                "t1"."retracted" > MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                              )
                            )
                            AND "t1"."kind" = 'clearance'
                            AND "t1"."result" IN ('cleared')
                            AND "t1"."source_class" IN ('authority')
                            AND "t1"."ended" IS NOT NULL
                        ) AS "t48"
                          ON "t35"."person" = "t48"."person"
                          AND "t35"."due" <= "t48"."ended"
                          AND "t35"."trigger" <> "t48"."release"
                      ) AS "t66"
                      GROUP BY
                        1
                    ) AS "t82"
                  ) AS "t97"
                ) AS "t122"
                UNION ALL
                SELECT
                  *
                FROM (
                  SELECT
                    'O5' AS "rule",
                    "t84"."trigger" AS "fact",
                    "t84"."ended" AS "ends_at"
                  FROM (
                    SELECT
                      "t68"."trigger",
                      MIN("t68"."ended") AS "ended"
                    FROM (
                      SELECT
                        "t34"."trigger",
                        "t50"."release",
                        "t50"."ended"
                      FROM (
                        SELECT
                          "t2"."person",
                          "t2"."source",
                          "t2"."fact" AS "trigger",
                          "t2"."started" AS "due"
                        FROM "openers" AS "t2"
                        WHERE
                          "t2"."rule" = 'O5'
                      ) AS "t34"
                      INNER JOIN (
                        SELECT
                          "t1"."person",
                          "t1"."source",
                          "t1"."fact" AS "release",
                          "t1"."ended"
                        FROM "dated_clearance" AS "t1"
                        WHERE
                          "t1"."recorded" <= MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                          AND (
                            (
                              "t1"."retracted" IS NULL
                            )
                            OR (
                              "t1"."retracted" > MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                            )
                          )
                          AND "t1"."kind" = 'clearance'
                          AND "t1"."result" IN ('observation_over')
                          AND "t1"."source_class" IN ('community', 'authority')
                          AND "t1"."ended" IS NOT NULL
                      ) AS "t50"
                        ON "t34"."person" = "t50"."person"
                        AND "t34"."due" <= "t50"."ended"
                        AND "t34"."trigger" <> "t50"."release"
                    ) AS "t68"
                    GROUP BY
                      1
                  ) AS "t84"
                ) AS "t99"
              ) AS "t123"
              UNION ALL
              SELECT
                *
              FROM (
                SELECT
                  'O6' AS "rule",
                  "t83"."trigger" AS "fact",
                  "t83"."ended" AS "ends_at"
                FROM (
                  SELECT
                    "t67"."trigger",
                    MIN("t67"."ended") AS "ended"
                  FROM (
                    SELECT
                      "t33"."trigger",
                      "t49"."release",
                      "t49"."ended"
                    FROM (
                      SELECT
                        "t2"."person",
                        "t2"."source",
                        "t2"."fact" AS "trigger",
                        "t2"."started" AS "due"
                      FROM "openers" AS "t2"
                      WHERE
                        "t2"."rule" = 'O6'
                    ) AS "t33"
                    INNER JOIN (
                      SELECT
                        "t1"."person",
                        "t1"."source",
                        "t1"."fact" AS "release",
                        "t1"."ended"
                      FROM "dated_clearance" AS "t1"
                      WHERE
                        "t1"."recorded" <= MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                        AND (
                          (
                            "t1"."retracted" IS NULL
                          )
                          OR (
                            "t1"."retracted" > MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                          )
                        )
                        AND "t1"."kind" = 'clearance'
                        AND "t1"."result" IN ('cleared')
                        AND "t1"."source_class" IN ('authority', 'community')
                        AND "t1"."ended" IS NOT NULL
                    ) AS "t49"
                      ON "t33"."person" = "t49"."person"
                      AND "t33"."due" <= "t49"."ended"
                      AND "t33"."trigger" <> "t49"."release"
                  ) AS "t67"
                  GROUP BY
                    1
                ) AS "t83"
              ) AS "t98"
            ) AS "t124"
            UNION ALL
            SELECT
              *
            FROM (
              SELECT
                'O7' AS "rule",
                "t81"."trigger" AS "fact",
                "t81"."ended" AS "ends_at"
              FROM (
                SELECT
                  "t65"."trigger",
                  MIN("t65"."ended") AS "ended"
                FROM (
                  SELECT
                    "t32"."trigger",
                    "t48"."release",
                    "t48"."ended"
                  FROM (
                    SELECT
                      "t2"."person",
                      "t2"."source",
                      "t2"."fact" AS "trigger",
                      "t2"."started" AS "due"
                    FROM "openers" AS "t2"
                    WHERE
                      "t2"."rule" = 'O7'
                  ) AS "t32"
                  INNER JOIN (
                    SELECT
                      "t1"."person",
                      "t1"."source",
                      "t1"."fact" AS "release",
                      "t1"."ended"
                    FROM "dated_clearance" AS "t1"
                    WHERE
                      "t1"."recorded" <= MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                      AND (
                        (
                          "t1"."retracted" IS NULL
                        )
                        OR (
                          "t1"."retracted" > MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                        )
                      )
                      AND "t1"."kind" = 'clearance'
                      AND "t1"."result" IN ('cleared')
                      AND "t1"."source_class" IN ('authority')
                      AND "t1"."ended" IS NOT NULL
                  ) AS "t48"
                    ON "t32"."person" = "t48"."person"
                    AND "t32"."due" <= "t48"."ended"
                    AND "t32"."trigger" <> "t48"."release"
                ) AS "t65"
                GROUP BY
                  1
              ) AS "t81"
            ) AS "t96"
          ) AS "t125"
          UNION ALL
          SELECT
            *
          FROM (
            SELECT
              'O8' AS "rule",
              "t93"."trigger" AS "fact",
              "t93"."ended" AS "ends_at"
            FROM (
              SELECT
                "t77"."trigger",
                MIN("t77"."ended") AS "ended"
              FROM (
                SELECT
                  "t31"."trigger",
                  "t58"."release",
                  "t58"."ended"
                FROM (
                  SELECT
                    "t2"."person",
                    "t2"."source",
                    "t2"."fact" AS "trigger",
                    "t2"."started" AS "due"
                  FROM "openers" AS "t2"
                  WHERE
                    "t2"."rule" = 'O8'
                ) AS "t31"
                INNER JOIN (
                  SELECT
                    "t5"."person",
                    "t5"."source",
                    "t5"."fact" AS "release",
                    "t5"."ended"
                  FROM "dated_order" AS "t5"
                  WHERE
                    "t5"."recorded" <= MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                    AND (
                      (
                        "t5"."retracted" IS NULL
                      )
                      OR (
                        "t5"."retracted" > MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                      )
                    )
                    AND "t5"."kind" = 'order'
                    AND "t5"."result" IN ('release')
                    AND "t5"."source_class" IN ('authority')
                    AND "t5"."ended" IS NOT NULL
                ) AS "t58"
                  ON "t31"."person" = "t58"."person"
                  AND "t31"."due" <= "t58"."ended"
                  AND "t31"."trigger" <> "t58"."release"
                  AND "t31"."source" = "t58"."source"
              ) AS "t77"
              GROUP BY
                1
            ) AS "t93"
          ) AS "t109"
        ) AS "t126"
        UNION ALL
        SELECT
          *
        FROM (
          SELECT
            'O9' AS "rule",
            "t92"."trigger" AS "fact",
            "t92"."ended" AS "ends_at"
          FROM (
            SELECT
              "t76"."trigger",
              MIN("t76"."ended") AS "ended"
            FROM (
              SELECT
                "t30"."trigger",
                "t57"."release",
                "t57"."ended"
              FROM (
                SELECT
                  "t2"."person",
                  "t2"."source",
                  "t2"."fact" AS "trigger",
                  "t2"."started" + INTERVAL '30' MINUTE AS "due"
                FROM "openers" AS "t2"
                WHERE
                  "t2"."rule" = 'O9'
              ) AS "t30"
              INNER JOIN (
                SELECT
                  "t4"."person",
                  "t4"."source",
                  "t4"."fact" AS "release",
                  "t4"."ended"
                FROM "dated_temperature" AS "t4"
                WHERE
                  "t4"."recorded" <= MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                  AND (
                    (
                      "t4"."retracted" IS NULL
                    )
                    OR (
                      "t4"."retracted" > MAKE_TIMESTAMP(2020, 2, 20, 4, 0, 0.0)
                    )
                  )
                  AND "t4"."kind" = 'temperature'
                  AND "t4"."number" < CAST(37.300 AS DECIMAL(9, 3))
                  AND "t4"."source_class" IN ('gate', 'clinic', 'community')
                  AND "t4"."ended" IS NOT NULL
              ) AS "t57"
                ON "t30"."person" = "t57"."person"
                AND "t30"."due" <= "t57"."ended"
                AND "t30"."trigger" <> "t57"."release"
            ) AS "t76"
            GROUP BY
              1
          ) AS "t92"
        ) AS "t108"
      ) AS "t127"
      GROUP BY
        1,
        2
    ) AS "t129"
      ON "t7"."rule" = "t129"."rule" AND "t7"."fact" = "t129"."fact"
  ) AS "t130"
  WHERE
    (
      "t130"."until" IS NULL
    ) OR (
      "t130"."until" > "t130"."opens"
    )
) AS "t131"
