WITH "t7" AS (
  SELECT
    "t0"."person",
    "t0"."source",
    "t0"."fact" AS "release",
    "t0"."ended"
  FROM "facts" AS "t0"
  WHERE
    "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
    AND (
      (
        "t0"."retracted" IS NULL
      )
      OR (
        "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
      )
    )
    AND "t0"."kind" = 'order'
    AND "t0"."result" IN ('release')
    AND "t0"."source_class" IN ('authority')
    AND "t0"."ended" IS NOT NULL
), "t10" AS (
  SELECT
    "t0"."person",
    "t0"."source",
    "t0"."fact" AS "release",
    "t0"."ended"
  FROM "facts" AS "t0"
  WHERE
    "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
    AND (
      (
        "t0"."retracted" IS NULL
      )
      OR (
        "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
      )
    )
    AND "t0"."kind" = 'clearance'
    AND "t0"."result" IN ('cleared')
    AND "t0"."source_class" IN ('authority')
    AND "t0"."ended" IS NOT NULL
), "t25" AS (
  SELECT
    "t0"."person",
    "t0"."source",
    "t0"."fact" AS "release",
    "t0"."ended"
  FROM "facts" AS "t0"
  WHERE
    "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
    AND (
      (
        "t0"."retracted" IS NULL
      )
      OR (
        "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
      )
    )
    AND "t0"."kind" = 'discharge'
    AND "t0"."source_class" IN ('authority')
    AND "t0"."ended" IS NOT NULL
), "t72" AS (
  SELECT
    "t0"."person",
    "t0"."source",
    "t0"."fact" AS "release",
    "t0"."ended"
  FROM "facts" AS "t0"
  WHERE
    "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
    AND (
      (
        "t0"."retracted" IS NULL
      )
      OR (
        "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
      )
    )
    AND "t0"."kind" = 'isolation'
    AND "t0"."source_class" IN ('authority', 'region')
    AND "t0"."ended" IS NOT NULL
    AND "t0"."ended" >= (
      DATE_TRUNC('DAY', "t0"."started" + INTERVAL '8 HOUR') + INTERVAL '328 HOUR'
    )
), "t100" AS (
  SELECT
    "t40"."fact",
    "t40"."person",
    "t40"."kind",
    "t40"."result",
    "t40"."number",
    "t40"."area",
    "t40"."place",
    "t40"."source",
    "t40"."source_class",
    "t40"."started",
    "t40"."ended",
    "t40"."states_end",
    "t40"."recorded",
    "t40"."retracted"
  FROM (
    SELECT
      *
    FROM "facts" AS "t0"
    WHERE
      "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
      AND (
        (
          "t0"."retracted" IS NULL
        )
        OR (
          "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
        )
      )
      AND "t0"."kind" = 'visit'
  ) AS "t40"
  WHERE
    EXISTS(
      SELECT
        1
      FROM (
        SELECT
          *
        FROM "designations" AS "t1"
        WHERE
          "t1"."recorded" <= CAST(:known_at AS TIMESTAMP)
          AND (
            (
              "t1"."retracted" IS NULL
            )
            OR (
              "t1"."retracted" > CAST(:known_at AS TIMESTAMP)
            )
          )
          AND "t1"."level" = 'exposure'
      ) AS "t66"
      WHERE
        "t66"."place" <> ''
        AND "t40"."place" = "t66"."place"
        AND (
          (
            "t66"."ended" IS NULL
          ) OR (
            "t40"."started" < "t66"."ended"
          )
        )
        AND (
          (
            "t40"."ended" IS NULL
          ) OR (
            "t40"."ended" >= "t66"."started"
          )
        )
    )
), "t101" AS (
  SELECT
    "t65"."fact",
    "t65"."person",
    "t65"."kind",
    "t65"."result",
    "t65"."number",
    "t65"."area",
    "t65"."place",
    "t65"."source",
    "t65"."source_class",
    "t65"."started",
    "t65"."ended",
    "t65"."states_end",
    "t65"."recorded",
    "t65"."retracted"
  FROM (
    SELECT
      *
    FROM "facts" AS "t0"
    WHERE
      "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
      AND (
        (
          "t0"."retracted" IS NULL
        )
        OR (
          "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
        )
      )
      AND "t0"."kind" = 'stay'
      AND "t0"."area" <> ''
      AND NOT (
        STARTS_WITH("t0"."area", '12')
      )
  ) AS "t65"
  WHERE
    EXISTS(
      SELECT
        1
      FROM (
        SELECT
          *
        FROM "designations" AS "t1"
        WHERE
          "t1"."recorded" <= CAST(:known_at AS TIMESTAMP)
          AND (
            (
              "t1"."retracted" IS NULL
            )
            OR (
              "t1"."retracted" > CAST(:known_at AS TIMESTAMP)
            )
          )
          AND "t1"."level" = 'medium'
      ) AS "t67"
      WHERE
        "t67"."area" <> ''
        AND STARTS_WITH("t65"."area", "t67"."area")
        AND (
          (
            "t67"."ended" IS NULL
          ) OR (
            "t65"."started" < "t67"."ended"
          )
        )
        AND (
          (
            "t65"."ended" IS NULL
          ) OR (
            "t65"."ended" >= "t67"."started"
          )
        )
    )
), "t102" AS (
  SELECT
    "t51"."fact",
    "t51"."person",
    "t51"."kind",
    "t51"."result",
    "t51"."number",
    "t51"."area",
    "t51"."place",
    "t51"."source",
    "t51"."source_class",
    "t51"."started",
    "t51"."ended",
    "t51"."states_end",
    "t51"."recorded",
    "t51"."retracted"
  FROM (
    SELECT
      *
    FROM "facts" AS "t0"
    WHERE
      "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
      AND (
        (
          "t0"."retracted" IS NULL
        )
        OR (
          "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
        )
      )
      AND "t0"."kind" = 'stay'
  ) AS "t51"
  WHERE
    EXISTS(
      SELECT
        1
      FROM (
        SELECT
          *
        FROM "designations" AS "t1"
        WHERE
          "t1"."recorded" <= CAST(:known_at AS TIMESTAMP)
          AND (
            (
              "t1"."retracted" IS NULL
            )
            OR (
              "t1"."retracted" > CAST(:known_at AS TIMESTAMP)
            )
          )
          AND "t1"."level" = 'high'
      ) AS "t68"
      WHERE
        "t68"."area" <> ''
        AND STARTS_WITH("t51"."area", "t68"."area")
        AND (
          (
            "t68"."ended" IS NULL
          ) OR (
            "t51"."started" < "t68"."ended"
          )
        )
        AND (
          (
            "t51"."ended" IS NULL
          ) OR (
            "t51"."ended" >= "t68"."started"
          )
        )
    )
)
SELECT
  "t188"."person",
  "t188"."rule",
  "t188"."fact",
  "t188"."colour",
  "t188"."opens",
  "t188"."until"
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
            "t0"."person",
            "t0"."fact",
            'R2' AS "rule",
            'red' AS "colour",
            "t0"."started" AS "opens",
            DATE_TRUNC('DAY', "t0"."started" + INTERVAL '8 HOUR') + INTERVAL '328 HOUR' AS "until"
          FROM "facts" AS "t0"
          WHERE
            "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
            AND (
              (
                "t0"."retracted" IS NULL
              )
              OR (
                "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
              )
            )
            AND "t0"."kind" = 'discharge'
            AND "t0"."source_class" IN ('authority')
        ) AS "t34"
        UNION ALL
        SELECT
          *
        FROM (
          SELECT
            *
          FROM (
            SELECT
              "t0"."person",
              "t0"."fact",
              'O3' AS "rule",
              'orange' AS "colour",
              DATE_TRUNC('DAY', "t0"."started" + INTERVAL '8 HOUR') + INTERVAL '328 HOUR' AS "opens",
              DATE_TRUNC('DAY', "t0"."started" + INTERVAL '8 HOUR') + INTERVAL '664 HOUR' AS "until"
            FROM "facts" AS "t0"
            WHERE
              "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
              AND (
                (
                  "t0"."retracted" IS NULL
                )
                OR (
                  "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
                )
              )
              AND "t0"."kind" = 'discharge'
              AND "t0"."source_class" IN ('authority')
          ) AS "t37"
          WHERE
            (
              "t37"."until" IS NULL
            ) OR (
              "t37"."until" > "t37"."opens"
            )
        ) AS "t86"
      ) AS "t94"
      UNION ALL
      SELECT
        *
      FROM (
        SELECT
          "t0"."person",
          "t0"."fact",
          'O4' AS "rule",
          'orange' AS "colour",
          "t0"."started" AS "opens",
          DATE_TRUNC('DAY', "t0"."started" + INTERVAL '8 HOUR') + INTERVAL '328 HOUR' AS "until"
        FROM "facts" AS "t0"
        WHERE
          "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
          AND (
            (
              "t0"."retracted" IS NULL
            )
            OR (
              "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
            )
          )
          AND "t0"."kind" = 'clearance'
          AND "t0"."result" IN ('suspicion_excluded', 'asymptomatic_over')
          AND "t0"."source_class" IN ('authority')
      ) AS "t33"
    ) AS "t103"
    UNION ALL
    SELECT
      *
    FROM (
      SELECT
        "t0"."person",
        "t0"."fact",
        'G' AS "rule",
        'green' AS "colour",
        "t0"."started" AS "opens",
        DATE_TRUNC('DAY', "t0"."started" + INTERVAL '8 HOUR') + INTERVAL '328 HOUR' AS "until"
      FROM "facts" AS "t0"
      WHERE
        "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
        AND (
          (
            "t0"."retracted" IS NULL
          )
          OR (
            "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
          )
        )
        AND "t0"."kind" = 'declaration'
        AND "t0"."source_class" IN ('self', 'community')
    ) AS "t32"
  ) AS "t108"
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t173"."person",
        "t173"."fact",
        "t173"."rule",
        "t173"."colour",
        "t173"."opens",
        CASE
          WHEN "t173"."until" IS NULL
          THEN "t185"."ends_at"
          WHEN "t185"."ends_at" IS NULL
          THEN "t173"."until"
          WHEN "t173"."until" <= "t185"."ends_at"
          THEN "t173"."until"
          ELSE "t185"."ends_at"
        END AS "until"
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
                                    "t0"."person",
                                    "t0"."fact",
                                    'R1a' AS "rule",
                                    'red' AS "colour",
                                    "t0"."started" AS "opens",
                                    CAST(NULL AS TIMESTAMP) AS "until"
                                  FROM "facts" AS "t0"
                                  WHERE
                                    "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
                                    AND (
                                      (
                                        "t0"."retracted" IS NULL
                                      )
                                      OR (
                                        "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
                                      )
                                    )
                                    AND "t0"."kind" = 'diagnosis'
                                    AND "t0"."result" IN ('confirmed')
                                    AND "t0"."source_class" IN ('authority')
                                ) AS "t13"
                                UNION ALL
                                SELECT
                                  *
                                FROM (
                                  SELECT
                                    "t0"."person",
                                    "t0"."fact",
                                    'R1b' AS "rule",
                                    'red' AS "colour",
                                    "t0"."started" AS "opens",
                                    CAST(NULL AS TIMESTAMP) AS "until"
                                  FROM "facts" AS "t0"
                                  WHERE
                                    "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
                                    AND (
                                      (
                                        "t0"."retracted" IS NULL
                                      )
                                      OR (
                                        "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
                                      )
                                    )
                                    AND "t0"."kind" = 'diagnosis'
                                    AND "t0"."result" IN ('suspected')
                                    AND "t0"."source_class" IN ('authority')
                                ) AS "t14"
                              ) AS "t49"
                              UNION ALL
                              SELECT
                                *
                              FROM (
                                SELECT
                                  "t0"."person",
                                  "t0"."fact",
                                  'R1c' AS "rule",
                                  'red' AS "colour",
                                  "t0"."started" AS "opens",
                                  CAST(NULL AS TIMESTAMP) AS "until"
                                FROM "facts" AS "t0"
                                WHERE
                                  "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
                                  AND (
                                    (
                                      "t0"."retracted" IS NULL
                                    )
                                    OR (
                                      "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
                                    )
                                  )
                                  AND "t0"."kind" = 'diagnosis'
                                  AND "t0"."result" IN ('asymptomatic')
                                  AND "t0"."source_class" IN ('authority')
                              ) AS "t11"
                            ) AS "t77"
                            UNION ALL
                            SELECT
                              *
                            FROM (
                              SELECT
                                "t0"."person",
                                "t0"."fact",
                                'R3' AS "rule",
                                'red' AS "colour",
                                "t0"."started" AS "opens",
                                DATE_TRUNC('DAY', "t0"."ended" + INTERVAL '8 HOUR') + INTERVAL '328 HOUR' AS "until"
                              FROM "facts" AS "t0"
                              WHERE
                                "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
                                AND (
                                  (
                                    "t0"."retracted" IS NULL
                                  )
                                  OR (
                                    "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
                                  )
                                )
                                AND "t0"."kind" = 'contact'
                                AND "t0"."result" IN ('close')
                                AND "t0"."source_class" IN ('authority')
                            ) AS "t64"
                          ) AS "t82"
                          UNION ALL
                          SELECT
                            *
                          FROM (
                            SELECT
                              "t0"."person",
                              "t0"."fact",
                              'R4' AS "rule",
                              'red' AS "colour",
                              "t0"."started" AS "opens",
                              DATE_TRUNC('DAY', "t0"."started" + INTERVAL '8 HOUR') + INTERVAL '328 HOUR' AS "until"
                            FROM "facts" AS "t0"
                            WHERE
                              "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
                              AND (
                                (
                                  "t0"."retracted" IS NULL
                                )
                                OR (
                                  "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
                                )
                              )
                              AND "t0"."kind" = 'arrival'
                              AND "t0"."result" IN ('abroad')
                              AND "t0"."source_class" IN ('authority')
                          ) AS "t36"
                        ) AS "t85"
                        UNION ALL
                        SELECT
                          *
                        FROM (
                          SELECT
                            "t120"."person",
                            "t120"."fact",
                            'R5' AS "rule",
                            'red' AS "colour",
                            "t120"."started" AS "opens",
                            DATE_TRUNC('DAY', "t120"."ended" + INTERVAL '8 HOUR') + INTERVAL '328 HOUR' AS "until"
                          FROM "t102" AS "t120"
                        ) AS "t149"
                      ) AS "t152"
                      UNION ALL
                      SELECT
                        *
                      FROM (
                        SELECT
                          "t0"."person",
                          "t0"."fact",
                          'R6' AS "rule",
                          'red' AS "colour",
                          "t0"."started" AS "opens",
                          CASE
                            WHEN "t0"."states_end"
                            THEN "t0"."ended"
                            ELSE DATE_TRUNC('DAY', "t0"."started" + INTERVAL '8 HOUR') + INTERVAL '328 HOUR'
                          END AS "until"
                        FROM "facts" AS "t0"
                        WHERE
                          "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
                          AND (
                            (
                              "t0"."retracted" IS NULL
                            )
                            OR (
                              "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
                            )
                          )
                          AND "t0"."kind" = 'order'
                          AND "t0"."result" IN (
                            'quarantine_order',
                            'outbreak_control',
                            'shared_exposure',
                            'contact_of_contact',
                            'unexplained_fever'
                          )
                          AND "t0"."source_class" IN ('authority')
                      ) AS "t71"
                    ) AS "t157"
                    UNION ALL
                    SELECT
                      *
                    FROM (
                      SELECT
                        "t0"."person",
                        "t0"."fact",
                        'O1' AS "rule",
                        'orange' AS "colour",
                        "t0"."started" AS "opens",
                        DATE_TRUNC('DAY', "t0"."started" + INTERVAL '8 HOUR') + INTERVAL '328 HOUR' AS "until"
                      FROM "facts" AS "t0"
                      WHERE
                        "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
                        AND (
                          (
                            "t0"."retracted" IS NULL
                          )
                          OR (
                            "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
                          )
                        )
                        AND "t0"."kind" = 'symptom'
                        AND "t0"."source_class" IN ('self', 'clinic', 'community')
                    ) AS "t35"
                  ) AS "t159"
                  UNION ALL
                  SELECT
                    *
                  FROM (
                    SELECT
                      "t118"."person",
                      "t118"."fact",
                      'O2' AS "rule",
                      'orange' AS "colour",
                      "t118"."started" AS "opens",
                      DATE_TRUNC('DAY', "t118"."ended" + INTERVAL '8 HOUR') + INTERVAL '328 HOUR' AS "until"
                    FROM "t101" AS "t118"
                  ) AS "t148"
                ) AS "t161"
                UNION ALL
                SELECT
                  *
                FROM (
                  SELECT
                    "t0"."person",
                    "t0"."fact",
                    'O5' AS "rule",
                    'orange' AS "colour",
                    "t0"."started" AS "opens",
                    CASE
                      WHEN "t0"."states_end"
                      THEN "t0"."ended"
                      ELSE DATE_TRUNC('DAY', "t0"."started" + INTERVAL '8 HOUR') + INTERVAL '328 HOUR'
                    END AS "until"
                  FROM "facts" AS "t0"
                  WHERE
                    "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
                    AND (
                      (
                        "t0"."retracted" IS NULL
                      )
                      OR (
                        "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
                      )
                    )
                    AND "t0"."kind" = 'observation'
                    AND "t0"."source_class" IN ('community', 'authority')
                ) AS "t70"
              ) AS "t164"
              UNION ALL
              SELECT
                *
              FROM (
                SELECT
                  "t0"."person",
                  "t0"."fact",
                  'O6' AS "rule",
                  'orange' AS "colour",
                  "t0"."started" AS "opens",
                  DATE_TRUNC('DAY', "t0"."ended" + INTERVAL '8 HOUR') + INTERVAL '328 HOUR' AS "until"
                FROM "facts" AS "t0"
                WHERE
                  "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
                  AND (
                    (
                      "t0"."retracted" IS NULL
                    )
                    OR (
                      "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
                    )
                  )
                  AND "t0"."kind" = 'contact'
                  AND "t0"."result" IN ('declared')
                  AND "t0"."source_class" IN ('self')
              ) AS "t63"
            ) AS "t166"
            UNION ALL
            SELECT
              *
            FROM (
              SELECT
                "t116"."person",
                "t116"."fact",
                'O7' AS "rule",
                'orange' AS "colour",
                "t116"."started" AS "opens",
                DATE_TRUNC('DAY', "t116"."ended" + INTERVAL '8 HOUR') + INTERVAL '328 HOUR' AS "until"
              FROM "t100" AS "t116"
            ) AS "t147"
          ) AS "t169"
          UNION ALL
          SELECT
            *
          FROM (
            SELECT
              "t0"."person",
              "t0"."fact",
              'O8' AS "rule",
              'orange' AS "colour",
              "t0"."started" AS "opens",
              CASE
                WHEN "t0"."states_end"
                THEN "t0"."ended"
                ELSE DATE_TRUNC('DAY', "t0"."started" + INTERVAL '8 HOUR') + INTERVAL '328 HOUR'
              END AS "until"
            FROM "facts" AS "t0"
            WHERE
              "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
              AND (
                (
                  "t0"."retracted" IS NULL
                )
                OR (
                  "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
                )
              )
              AND "t0"."kind" = 'order'
              AND "t0"."result" IN ('home_observation', 'possible_contact', 'possible_exposure')
              AND "t0"."source_class" IN ('authority')
          ) AS "t69"
        ) AS "t170"
        UNION ALL
        SELECT
          *
        FROM (
          SELECT
            "t0"."person",
            "t0"."fact",
            'O9' AS "rule",
            'orange' AS "colour",
            "t0"."started" AS "opens",
            DATE_TRUNC('DAY', "t0"."started" + INTERVAL '8 HOUR') + INTERVAL '64 HOUR' AS "until"
          FROM "facts" AS "t0"
          WHERE
            "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
            AND (
              (
                "t0"."retracted" IS NULL
              )
              OR (
                "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
              )
            )
            AND "t0"."kind" = 'temperature'
            AND "t0"."source_class" IN ('gate')
            AND "t0"."number" >= CAST('37.300' AS DECIMAL(9, 3))
        ) AS "t38"
      ) AS "t173"
      LEFT OUTER JOIN (
        SELECT
          "t183"."rule",
          "t183"."fact",
          MIN("t183"."ends_at") AS "ends_at"
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
                                          "t126"."trigger" AS "fact",
                                          "t126"."ended" AS "ends_at"
                                        FROM (
                                          SELECT
                                            "t99"."trigger",
                                            MIN("t99"."ended") AS "ended"
                                          FROM (
                                            SELECT
                                              "t61"."trigger",
                                              "t80"."release",
                                              "t80"."ended"
                                            FROM (
                                              SELECT
                                                "t0"."person",
                                                "t0"."source",
                                                "t0"."fact" AS "trigger",
                                                "t0"."started" AS "due"
                                              FROM "facts" AS "t0"
                                              WHERE
                                                "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
                                                AND (
                                                  (
                                                    "t0"."retracted" IS NULL
                                                  )
                                                  OR (
                                                    "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
                                                  )
                                                )
                                                AND "t0"."kind" = 'diagnosis'
                                                AND "t0"."result" IN ('confirmed')
                                                AND "t0"."source_class" IN ('authority')
                                            ) AS "t61"
                                            INNER JOIN "t25" AS "t80"
                                              ON "t61"."person" = "t80"."person"
                                              AND "t61"."due" <= "t80"."ended"
                                              AND "t61"."trigger" <> "t80"."release"
                                          ) AS "t99"
                                          GROUP BY
                                            1
                                        ) AS "t126"
                                      ) AS "t141"
                                      UNION ALL
                                      SELECT
                                        *
                                      FROM (
                                        SELECT
                                          'R1b' AS "rule",
                                          "t115"."trigger" AS "fact",
                                          "t115"."ended" AS "ends_at"
                                        FROM (
                                          SELECT
                                            "t93"."trigger",
                                            MIN("t93"."ended") AS "ended"
                                          FROM (
                                            SELECT
                                              "t58"."trigger",
                                              "t62"."release",
                                              "t62"."ended"
                                            FROM (
                                              SELECT
                                                "t0"."person",
                                                "t0"."source",
                                                "t0"."fact" AS "trigger",
                                                "t0"."started" AS "due"
                                              FROM "facts" AS "t0"
                                              WHERE
                                                "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
                                                AND (
                                                  (
                                                    "t0"."retracted" IS NULL
                                                  )
                                                  OR (
                                                    "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
                                                  )
                                                )
                                                AND "t0"."kind" = 'diagnosis'
                                                AND "t0"."result" IN ('suspected')
                                                AND "t0"."source_class" IN ('authority')
                                            ) AS "t58"
                                            INNER JOIN (
                                              SELECT
                                                "t0"."person",
                                                "t0"."source",
                                                "t0"."fact" AS "release",
                                                "t0"."ended"
                                              FROM "facts" AS "t0"
                                              WHERE
                                                "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
                                                AND (
                                                  (
                                                    "t0"."retracted" IS NULL
                                                  )
                                                  OR (
                                                    "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
                                                  )
                                                )
                                                AND "t0"."kind" = 'clearance'
                                                AND "t0"."result" IN ('suspicion_excluded')
                                                AND "t0"."source_class" IN ('authority')
                                                AND "t0"."ended" IS NOT NULL
                                            ) AS "t62"
                                              ON "t58"."person" = "t62"."person"
                                              AND "t58"."due" <= "t62"."ended"
                                              AND "t58"."trigger" <> "t62"."release"
                                          ) AS "t93"
                                          GROUP BY
                                            1
                                        ) AS "t115"
                                      ) AS "t133"
                                    ) AS "t144"
                                    UNION ALL
                                    SELECT
                                      *
                                    FROM (
                                      SELECT
                                        'R1b' AS "rule",
                                        "t125"."trigger" AS "fact",
                                        "t125"."ended" AS "ends_at"
                                      FROM (
                                        SELECT
                                          "t98"."trigger",
                                          MIN("t98"."ended") AS "ended"
                                        FROM (
                                          SELECT
                                            "t58"."trigger",
                                            "t79"."release",
                                            "t79"."ended"
                                          FROM (
                                            SELECT
                                              "t0"."person",
                                              "t0"."source",
                                              "t0"."fact" AS "trigger",
                                              "t0"."started" AS "due"
                                            FROM "facts" AS "t0"
                                            WHERE
                                              "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
                                              AND (
                                                (
                                                  "t0"."retracted" IS NULL
                                                )
                                                OR (
                                                  "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
                                                )
                                              )
                                              AND "t0"."kind" = 'diagnosis'
                                              AND "t0"."result" IN ('suspected')
                                              AND "t0"."source_class" IN ('authority')
                                          ) AS "t58"
                                          INNER JOIN "t25" AS "t79"
                                            ON "t58"."person" = "t79"."person"
                                            AND "t58"."due" <= "t79"."ended"
                                            AND "t58"."trigger" <> "t79"."release"
                                        ) AS "t98"
                                        GROUP BY
                                          1
                                      ) AS "t125"
                                    ) AS "t140"
                                  ) AS "t146"
                                  UNION ALL
                                  SELECT
                                    *
                                  FROM (
                                    SELECT
                                      'R1c' AS "rule",
                                      "t114"."trigger" AS "fact",
                                      "t114"."ended" AS "ends_at"
                                    FROM (
                                      SELECT
                                        "t92"."trigger",
                                        MIN("t92"."ended") AS "ended"
                                      FROM (
                                        SELECT
                                          "t56"."trigger",
                                          "t59"."release",
                                          "t59"."ended"
                                        FROM (
                                          SELECT
                                            "t0"."person",
                                            "t0"."source",
                                            "t0"."fact" AS "trigger",
                                            "t0"."started" AS "due"
                                          FROM "facts" AS "t0"
                                          WHERE
                                            "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
                                            AND (
                                              (
                                                "t0"."retracted" IS NULL
                                              )
                                              OR (
                                                "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
                                              )
                                            )
                                            AND "t0"."kind" = 'diagnosis'
                                            AND "t0"."result" IN ('asymptomatic')
                                            AND "t0"."source_class" IN ('authority')
                                        ) AS "t56"
                                        INNER JOIN (
                                          SELECT
                                            "t0"."person",
                                            "t0"."source",
                                            "t0"."fact" AS "release",
                                            "t0"."ended"
                                          FROM "facts" AS "t0"
                                          WHERE
                                            "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
                                            AND (
                                              (
                                                "t0"."retracted" IS NULL
                                              )
                                              OR (
                                                "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
                                              )
                                            )
                                            AND "t0"."kind" = 'clearance'
                                            AND "t0"."result" IN ('asymptomatic_over')
                                            AND "t0"."source_class" IN ('authority')
                                            AND "t0"."ended" IS NOT NULL
                                        ) AS "t59"
                                          ON "t56"."person" = "t59"."person"
                                          AND "t56"."due" <= "t59"."ended"
                                          AND "t56"."trigger" <> "t59"."release"
                                      ) AS "t92"
                                      GROUP BY
                                        1
                                    ) AS "t114"
                                  ) AS "t132"
                                ) AS "t151"
                                UNION ALL
                                SELECT
                                  *
                                FROM (
                                  SELECT
                                    'R1c' AS "rule",
                                    "t124"."trigger" AS "fact",
                                    "t124"."ended" AS "ends_at"
                                  FROM (
                                    SELECT
                                      "t97"."trigger",
                                      MIN("t97"."ended") AS "ended"
                                    FROM (
                                      SELECT
                                        "t56"."trigger",
                                        "t78"."release",
                                        "t78"."ended"
                                      FROM (
                                        SELECT
                                          "t0"."person",
                                          "t0"."source",
                                          "t0"."fact" AS "trigger",
                                          "t0"."started" AS "due"
                                        FROM "facts" AS "t0"
                                        WHERE
                                          "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
                                          AND (
                                            (
                                              "t0"."retracted" IS NULL
                                            )
                                            OR (
                                              "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
                                            )
                                          )
                                          AND "t0"."kind" = 'diagnosis'
                                          AND "t0"."result" IN ('asymptomatic')
                                          AND "t0"."source_class" IN ('authority')
                                      ) AS "t56"
                                      INNER JOIN "t25" AS "t78"
                                        ON "t56"."person" = "t78"."person"
                                        AND "t56"."due" <= "t78"."ended"
                                        AND "t56"."trigger" <> "t78"."release"
                                    ) AS "t97"
                                    GROUP BY
                                      1
                                  ) AS "t124"
                                ) AS "t139"
                              ) AS "t154"
                              UNION ALL
                              SELECT
                                *
                              FROM (
                                SELECT
                                  'R3' AS "rule",
                                  "t113"."trigger" AS "fact",
                                  "t113"."ended" AS "ends_at"
                                FROM (
                                  SELECT
                                    "t91"."trigger",
                                    MIN("t91"."ended") AS "ended"
                                  FROM (
                                    SELECT
                                      "t55"."trigger",
                                      "t57"."release",
                                      "t57"."ended"
                                    FROM (
                                      SELECT
                                        "t0"."person",
                                        "t0"."source",
                                        "t0"."fact" AS "trigger",
                                        "t0"."started" AS "due"
                                      FROM "facts" AS "t0"
                                      WHERE
                                        "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
                                        AND (
                                          (
                                            "t0"."retracted" IS NULL
                                          )
                                          OR (
                                            "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
                                          )
                                        )
                                        AND "t0"."kind" = 'contact'
                                        AND "t0"."result" IN ('close')
                                        AND "t0"."source_class" IN ('authority')
                                    ) AS "t55"
                                    INNER JOIN (
                                      SELECT
                                        "t0"."person",
                                        "t0"."source",
                                        "t0"."fact" AS "release",
                                        "t0"."ended"
                                      FROM "facts" AS "t0"
                                      WHERE
                                        "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
                                        AND (
                                          (
                                            "t0"."retracted" IS NULL
                                          )
                                          OR (
                                            "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
                                          )
                                        )
                                        AND "t0"."kind" = 'clearance'
                                        AND "t0"."result" IN ('isolation_over')
                                        AND "t0"."source_class" IN ('authority')
                                        AND "t0"."ended" IS NOT NULL
                                    ) AS "t57"
                                      ON "t55"."person" = "t57"."person"
                                      AND "t55"."due" <= "t57"."ended"
                                      AND "t55"."trigger" <> "t57"."release"
                                  ) AS "t91"
                                  GROUP BY
                                    1
                                ) AS "t113"
                              ) AS "t131"
                            ) AS "t158"
                            UNION ALL
                            SELECT
                              *
                            FROM (
                              SELECT
                                'R4' AS "rule",
                                "t136"."trigger" AS "fact",
                                "t136"."ended" AS "ends_at"
                              FROM (
                                SELECT
                                  "t107"."trigger",
                                  MIN("t107"."ended") AS "ended"
                                FROM (
                                  SELECT
                                    "t54"."trigger",
                                    "t84"."release",
                                    "t84"."ended"
                                  FROM (
                                    SELECT
                                      "t0"."person",
                                      "t0"."source",
                                      "t0"."fact" AS "trigger",
                                      "t0"."started" AS "due"
                                    FROM "facts" AS "t0"
                                    WHERE
                                      "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
                                      AND (
                                        (
                                          "t0"."retracted" IS NULL
                                        )
                                        OR (
                                          "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
                                        )
                                      )
                                      AND "t0"."kind" = 'arrival'
                                      AND "t0"."result" IN ('abroad')
                                      AND "t0"."source_class" IN ('authority')
                                  ) AS "t54"
                                  INNER JOIN "t72" AS "t84"
                                    ON "t54"."person" = "t84"."person"
                                    AND "t54"."due" <= "t84"."ended"
                                    AND "t54"."trigger" <> "t84"."release"
                                ) AS "t107"
                                GROUP BY
                                  1
                              ) AS "t136"
                            ) AS "t145"
                          ) AS "t160"
                          UNION ALL
                          SELECT
                            *
                          FROM (
                            SELECT
                              'R5' AS "rule",
                              "t171"."trigger" AS "fact",
                              "t171"."ended" AS "ends_at"
                            FROM (
                              SELECT
                                "t165"."trigger",
                                MIN("t165"."ended") AS "ended"
                              FROM (
                                SELECT
                                  "t153"."trigger",
                                  "t83"."release",
                                  "t83"."ended"
                                FROM (
                                  SELECT
                                    "t121"."person",
                                    "t121"."source",
                                    "t121"."fact" AS "trigger",
                                    DATE_TRUNC('DAY', "t121"."ended" + INTERVAL '8 HOUR') + INTERVAL '328 HOUR' AS "due"
                                  FROM "t102" AS "t121"
                                ) AS "t153"
                                INNER JOIN "t72" AS "t83"
                                  ON "t153"."person" = "t83"."person"
                                  AND "t153"."due" <= "t83"."ended"
                                  AND "t153"."trigger" <> "t83"."release"
                              ) AS "t165"
                              GROUP BY
                                1
                            ) AS "t171"
                          ) AS "t174"
                        ) AS "t175"
                        UNION ALL
                        SELECT
                          *
                        FROM (
                          SELECT
                            'R6' AS "rule",
                            "t123"."trigger" AS "fact",
                            "t123"."ended" AS "ends_at"
                          FROM (
                            SELECT
                              "t96"."trigger",
                              MIN("t96"."ended") AS "ended"
                            FROM (
                              SELECT
                                "t52"."trigger",
                                "t74"."release",
                                "t74"."ended"
                              FROM (
                                SELECT
                                  "t0"."person",
                                  "t0"."source",
                                  "t0"."fact" AS "trigger",
                                  "t0"."started" AS "due"
                                FROM "facts" AS "t0"
                                WHERE
                                  "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
                                  AND (
                                    (
                                      "t0"."retracted" IS NULL
                                    )
                                    OR (
                                      "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
                                    )
                                  )
                                  AND "t0"."kind" = 'order'
                                  AND "t0"."result" IN (
                                    'quarantine_order',
                                    'outbreak_control',
                                    'shared_exposure',
                                    'contact_of_contact',
                                    'unexplained_fever'
                                  )
                                  AND "t0"."source_class" IN ('authority')
                              ) AS "t52"
                              INNER JOIN "t7" AS "t74"
                                ON "t52"."person" = "t74"."person"
                                AND "t52"."due" <= "t74"."ended"
                                AND "t52"."trigger" <> "t74"."release"
                                AND "t52"."source" = "t74"."source"
                            ) AS "t96"
                            GROUP BY
                              1
                          ) AS "t123"
                        ) AS "t138"
                      ) AS "t176"
                      UNION ALL
                      SELECT
                        *
                      FROM (
                        SELECT
                          'O1' AS "rule",
                          "t112"."trigger" AS "fact",
                          "t112"."ended" AS "ends_at"
                        FROM (
                          SELECT
                            "t90"."trigger",
                            MIN("t90"."ended") AS "ended"
                          FROM (
                            SELECT
                              "t50"."trigger",
                              "t53"."release",
                              "t53"."ended"
                            FROM (
                              SELECT
                                "t0"."person",
                                "t0"."source",
                                "t0"."fact" AS "trigger",
                                "t0"."started" AS "due"
                              FROM "facts" AS "t0"
                              WHERE
                                "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
                                AND (
                                  (
                                    "t0"."retracted" IS NULL
                                  )
                                  OR (
                                    "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
                                  )
                                )
                                AND "t0"."kind" = 'symptom'
                                AND "t0"."source_class" IN ('self', 'clinic', 'community')
                            ) AS "t50"
                            INNER JOIN (
                              SELECT
                                "t0"."person",
                                "t0"."source",
                                "t0"."fact" AS "release",
                                "t0"."ended"
                              FROM "facts" AS "t0"
                              WHERE
                                "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
                                AND (
                                  (
                                    "t0"."retracted" IS NULL
                                  )
                                  OR (
                                    "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
                                  )
                                )
                                AND "t0"."kind" = 'clearance'
                                AND "t0"."result" IN ('examined')
                                AND "t0"."source_class" IN ('clinic', 'community')
                                AND "t0"."ended" IS NOT NULL
                            ) AS "t53"
                              ON "t50"."person" = "t53"."person"
                              AND "t50"."due" <= "t53"."ended"
                              AND "t50"."trigger" <> "t53"."release"
                          ) AS "t90"
                          GROUP BY
                            1
                        ) AS "t112"
                      ) AS "t130"
                    ) AS "t177"
                    UNION ALL
                    SELECT
                      *
                    FROM (
                      SELECT
                        'O2' AS "rule",
                        "t163"."trigger" AS "fact",
                        "t163"."ended" AS "ends_at"
                      FROM (
                        SELECT
                          "t156"."trigger",
                          MIN("t156"."ended") AS "ended"
                        FROM (
                          SELECT
                            "t143"."trigger",
                            "t76"."release",
                            "t76"."ended"
                          FROM (
                            SELECT
                              "t119"."person",
                              "t119"."source",
                              "t119"."fact" AS "trigger",
                              "t119"."started" AS "due"
                            FROM "t101" AS "t119"
                          ) AS "t143"
                          INNER JOIN "t10" AS "t76"
                            ON "t143"."person" = "t76"."person"
                            AND "t143"."due" <= "t76"."ended"
                            AND "t143"."trigger" <> "t76"."release"
                        ) AS "t156"
                        GROUP BY
                          1
                      ) AS "t163"
                    ) AS "t168"
                  ) AS "t178"
                  UNION ALL
                  SELECT
                    *
                  FROM (
                    SELECT
                      'O5' AS "rule",
                      "t111"."trigger" AS "fact",
                      "t111"."ended" AS "ends_at"
                    FROM (
                      SELECT
                        "t89"."trigger",
                        MIN("t89"."ended") AS "ended"
                      FROM (
                        SELECT
                          "t45"."trigger",
                          "t48"."release",
                          "t48"."ended"
                        FROM (
                          SELECT
                            "t0"."person",
                            "t0"."source",
                            "t0"."fact" AS "trigger",
                            "t0"."started" AS "due"
                          FROM "facts" AS "t0"
                          WHERE
                            "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
                            AND (
                              (
                                "t0"."retracted" IS NULL
                              )
                              OR (
                                "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
                              )
                            )
                            AND "t0"."kind" = 'observation'
                            AND "t0"."source_class" IN ('community', 'authority')
                        ) AS "t45"
                        INNER JOIN (
                          SELECT
                            "t0"."person",
                            "t0"."source",
                            "t0"."fact" AS "release",
                            "t0"."ended"
                          FROM "facts" AS "t0"
                          WHERE
                            "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
                            AND (
                              (
                                "t0"."retracted" IS NULL
                              )
                              OR (
                                "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
                              )
                            )
                            AND "t0"."kind" = 'clearance'
                            AND "t0"."result" IN ('observation_over')
                            AND "t0"."source_class" IN ('community', 'authority')
                            AND "t0"."ended" IS NOT NULL
                        ) AS "t48"
                          ON "t45"."person" = "t48"."person"
                          AND "t45"."due" <= "t48"."ended"
                          AND "t45"."trigger" <> "t48"."release"
                      ) AS "t89"
                      GROUP BY
                        1
                    ) AS "t111"
                  ) AS "t129"
                ) AS "t179"
                UNION ALL
                SELECT
                  *
                FROM (
                  SELECT
                    'O6' AS "rule",
                    "t110"."trigger" AS "fact",
                    "t110"."ended" AS "ends_at"
                  FROM (
                    SELECT
                      "t88"."trigger",
                      MIN("t88"."ended") AS "ended"
                    FROM (
                      SELECT
                        "t43"."trigger",
                        "t46"."release",
                        "t46"."ended"
                      FROM (
                        SELECT
                          "t0"."person",
                          "t0"."source",
                          "t0"."fact" AS "trigger",
                          "t0"."started" AS "due"
                        FROM "facts" AS "t0"
                        WHERE
                          "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
                          AND (
                            (
                              "t0"."retracted" IS NULL
                            )
                            OR (
                              "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
                            )
                          )
                          AND "t0"."kind" = 'contact'
                          AND "t0"."result" IN ('declared')
                          AND "t0"."source_class" IN ('self')
                      ) AS "t43"
                      INNER JOIN (
                        SELECT
                          "t0"."person",
                          "t0"."source",
                          "t0"."fact" AS "release",
                          "t0"."ended"
                        FROM "facts" AS "t0"
                        WHERE
                          "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
                          AND (
                            (
                              "t0"."retracted" IS NULL
                            )
                            OR (
                              "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
                            )
                          )
                          AND "t0"."kind" = 'clearance'
                          AND "t0"."result" IN ('cleared')
                          AND "t0"."source_class" IN ('authority', 'community')
                          AND "t0"."ended" IS NOT NULL
                      ) AS "t46"
                        ON "t43"."person" = "t46"."person"
                        AND "t43"."due" <= "t46"."ended"
                        AND "t43"."trigger" <> "t46"."release"
                    ) AS "t88"
                    GROUP BY
                      1
                  ) AS "t110"
                ) AS "t128"
              ) AS "t180"
              UNION ALL
              SELECT
                *
              FROM (
                SELECT
                  'O7' AS "rule",
                  "t162"."trigger" AS "fact",
                  "t162"."ended" AS "ends_at"
                FROM (
                  SELECT
                    "t155"."trigger",
                    MIN("t155"."ended") AS "ended"
                  FROM (
                    SELECT
                      "t142"."trigger",
                      "t75"."release",
                      "t75"."ended"
                    FROM (
                      SELECT
                        "t117"."person",
                        "t117"."source",
                        "t117"."fact" AS "trigger",
                        "t117"."started" AS "due"
                      FROM "t100" AS "t117"
                    ) AS "t142"
                    INNER JOIN "t10" AS "t75"
                      ON "t142"."person" = "t75"."person"
                      AND "t142"."due" <= "t75"."ended"
                      AND "t142"."trigger" <> "t75"."release"
                  ) AS "t155"
                  GROUP BY
                    1
                ) AS "t162"
              ) AS "t167"
            ) AS "t181"
            UNION ALL
            SELECT
              *
            FROM (
              SELECT
                'O8' AS "rule",
                "t122"."trigger" AS "fact",
                "t122"."ended" AS "ends_at"
              FROM (
                SELECT
                  "t95"."trigger",
                  MIN("t95"."ended") AS "ended"
                FROM (
                  SELECT
                    "t41"."trigger",
                    "t73"."release",
                    "t73"."ended"
                  FROM (
                    SELECT
                      "t0"."person",
                      "t0"."source",
                      "t0"."fact" AS "trigger",
                      "t0"."started" AS "due"
                    FROM "facts" AS "t0"
                    WHERE
                      "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
                      AND (
                        (
                          "t0"."retracted" IS NULL
                        )
                        OR (
                          "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
                        )
                      )
                      AND "t0"."kind" = 'order'
                      AND "t0"."result" IN ('home_observation', 'possible_contact', 'possible_exposure')
                      AND "t0"."source_class" IN ('authority')
                  ) AS "t41"
                  INNER JOIN "t7" AS "t73"
                    ON "t41"."person" = "t73"."person"
                    AND "t41"."due" <= "t73"."ended"
                    AND "t41"."trigger" <> "t73"."release"
                    AND "t41"."source" = "t73"."source"
                ) AS "t95"
                GROUP BY
                  1
              ) AS "t122"
            ) AS "t137"
          ) AS "t182"
          UNION ALL
          SELECT
            *
          FROM (
            SELECT
              'O9' AS "rule",
              "t109"."trigger" AS "fact",
              "t109"."ended" AS "ends_at"
            FROM (
              SELECT
                "t87"."trigger",
                MIN("t87"."ended") AS "ended"
              FROM (
                SELECT
                  "t39"."trigger",
                  "t42"."release",
                  "t42"."ended"
                FROM (
                  SELECT
                    "t0"."person",
                    "t0"."source",
                    "t0"."fact" AS "trigger",
                    "t0"."started" + INTERVAL '30 MINUTE' AS "due"
                  FROM "facts" AS "t0"
                  WHERE
                    "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
                    AND (
                      (
                        "t0"."retracted" IS NULL
                      )
                      OR (
                        "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
                      )
                    )
                    AND "t0"."kind" = 'temperature'
                    AND "t0"."source_class" IN ('gate')
                    AND "t0"."number" >= CAST('37.300' AS DECIMAL(9, 3))
                ) AS "t39"
                INNER JOIN (
                  SELECT
                    "t0"."person",
                    "t0"."source",
                    "t0"."fact" AS "release",
                    "t0"."ended"
                  FROM "facts" AS "t0"
                  WHERE
                    "t0"."recorded" <= CAST(:known_at AS TIMESTAMP)
                    AND (
                      (
                        "t0"."retracted" IS NULL
                      )
                      OR (
                        "t0"."retracted" > CAST(:known_at AS TIMESTAMP)
                      )
                    )
                    AND "t0"."kind" = 'temperature'
                    AND "t0"."number" < CAST('37.300' AS DECIMAL(9, 3))
                    AND "t0"."source_class" IN ('gate', 'clinic', 'community')
                    AND "t0"."ended" IS NOT NULL
                ) AS "t42"
                  ON "t39"."person" = "t42"."person"
                  AND "t39"."due" <= "t42"."ended"
                  AND "t39"."trigger" <> "t42"."release"
              ) AS "t87"
              GROUP BY
                1
            ) AS "t109"
          ) AS "t127"
        ) AS "t183"
        GROUP BY
          1,
          2
      ) AS "t185"
        ON "t173"."rule" = "t185"."rule" AND "t173"."fact" = "t185"."fact"
    ) AS "t186"
    WHERE
      (
        "t186"."until" IS NULL
      ) OR (
        "t186"."until" > "t186"."opens"
      )
  ) AS "t187"
) AS "t188"
