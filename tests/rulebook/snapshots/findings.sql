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
), "t80" AS (
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
      (
        DATE_TRUNC('DAY', "t0"."started" + INTERVAL '8 HOUR') - INTERVAL '8 HOUR'
      ) + INTERVAL '336 HOUR'
    )
), "t99" AS (
  SELECT
    "t35"."fact",
    "t35"."person",
    "t35"."kind",
    "t35"."result",
    "t35"."number",
    "t35"."area",
    "t35"."place",
    "t35"."source",
    "t35"."source_class",
    "t35"."started",
    "t35"."ended",
    "t35"."states_end",
    "t35"."recorded",
    "t35"."retracted"
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
  ) AS "t35"
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
      ) AS "t57"
      WHERE
        "t57"."place" <> ''
        AND "t35"."place" = "t57"."place"
        AND (
          (
            "t57"."ended" IS NULL
          ) OR (
            "t35"."started" < "t57"."ended"
          )
        )
        AND (
          (
            "t35"."ended" IS NULL
          ) OR (
            "t35"."ended" >= "t57"."started"
          )
        )
    )
), "t100" AS (
  SELECT
    "t56"."fact",
    "t56"."person",
    "t56"."kind",
    "t56"."result",
    "t56"."number",
    "t56"."area",
    "t56"."place",
    "t56"."source",
    "t56"."source_class",
    "t56"."started",
    "t56"."ended",
    "t56"."states_end",
    "t56"."recorded",
    "t56"."retracted"
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
  ) AS "t56"
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
      ) AS "t58"
      WHERE
        "t58"."area" <> ''
        AND STARTS_WITH("t56"."area", "t58"."area")
        AND (
          (
            "t58"."ended" IS NULL
          ) OR (
            "t56"."started" < "t58"."ended"
          )
        )
        AND (
          (
            "t56"."ended" IS NULL
          ) OR (
            "t56"."ended" >= "t58"."started"
          )
        )
    )
), "t101" AS (
  SELECT
    "t47"."fact",
    "t47"."person",
    "t47"."kind",
    "t47"."result",
    "t47"."number",
    "t47"."area",
    "t47"."place",
    "t47"."source",
    "t47"."source_class",
    "t47"."started",
    "t47"."ended",
    "t47"."states_end",
    "t47"."recorded",
    "t47"."retracted"
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
  ) AS "t47"
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
      ) AS "t59"
      WHERE
        "t59"."area" <> ''
        AND STARTS_WITH("t47"."area", "t59"."area")
        AND (
          (
            "t59"."ended" IS NULL
          ) OR (
            "t47"."started" < "t59"."ended"
          )
        )
        AND (
          (
            "t47"."ended" IS NULL
          ) OR (
            "t47"."ended" >= "t59"."started"
          )
        )
    )
)
SELECT
  *
FROM (
  SELECT
    "t176"."person",
    "t176"."rule",
    "t176"."fact",
    "t176"."colour",
    "t176"."opens",
    CASE
      WHEN "t176"."until" IS NULL
      THEN "t185"."ends_at"
      WHEN "t185"."ends_at" IS NULL
      THEN "t176"."until"
      WHEN "t176"."until" <= "t185"."ends_at"
      THEN "t176"."until"
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
                                    ) AS "t17"
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
                                    ) AS "t18"
                                  ) AS "t46"
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
                                  ) AS "t15"
                                ) AS "t71"
                                UNION ALL
                                SELECT
                                  *
                                FROM (
                                  SELECT
                                    "t0"."person",
                                    "t0"."fact",
                                    'R2' AS "rule",
                                    'red' AS "colour",
                                    "t0"."started" AS "opens",
                                    (
                                      DATE_TRUNC('DAY', "t0"."started" + INTERVAL '8 HOUR') - INTERVAL '8 HOUR'
                                    ) + INTERVAL '336 HOUR' AS "until"
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
                                ) AS "t64"
                              ) AS "t81"
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
                                  (
                                    DATE_TRUNC('DAY', "t0"."ended" + INTERVAL '8 HOUR') - INTERVAL '8 HOUR'
                                  ) + INTERVAL '336 HOUR' AS "until"
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
                              ) AS "t76"
                            ) AS "t83"
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
                                (
                                  DATE_TRUNC('DAY', "t0"."started" + INTERVAL '8 HOUR') - INTERVAL '8 HOUR'
                                ) + INTERVAL '336 HOUR' AS "until"
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
                            ) AS "t63"
                          ) AS "t90"
                          UNION ALL
                          SELECT
                            *
                          FROM (
                            SELECT
                              "t116"."person",
                              "t116"."fact",
                              'R5' AS "rule",
                              'red' AS "colour",
                              "t116"."started" AS "opens",
                              (
                                DATE_TRUNC('DAY', "t116"."ended" + INTERVAL '8 HOUR') - INTERVAL '8 HOUR'
                              ) + INTERVAL '336 HOUR' AS "until"
                            FROM "t101" AS "t116"
                          ) AS "t147"
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
                              ELSE (
                                DATE_TRUNC('DAY', "t0"."started" + INTERVAL '8 HOUR') - INTERVAL '8 HOUR'
                              ) + INTERVAL '336 HOUR'
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
                        ) AS "t79"
                      ) AS "t155"
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
                          (
                            DATE_TRUNC('DAY', "t0"."started" + INTERVAL '8 HOUR') - INTERVAL '8 HOUR'
                          ) + INTERVAL '336 HOUR' AS "until"
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
                      ) AS "t62"
                    ) AS "t157"
                    UNION ALL
                    SELECT
                      *
                    FROM (
                      SELECT
                        "t114"."person",
                        "t114"."fact",
                        'O2' AS "rule",
                        'orange' AS "colour",
                        "t114"."started" AS "opens",
                        (
                          DATE_TRUNC('DAY', "t114"."ended" + INTERVAL '8 HOUR') - INTERVAL '8 HOUR'
                        ) + INTERVAL '336 HOUR' AS "until"
                      FROM "t100" AS "t114"
                    ) AS "t146"
                  ) AS "t160"
                  UNION ALL
                  SELECT
                    *
                  FROM (
                    SELECT
                      "t0"."person",
                      "t0"."fact",
                      'O3' AS "rule",
                      'orange' AS "colour",
                      (
                        DATE_TRUNC('DAY', "t0"."started" + INTERVAL '8 HOUR') - INTERVAL '8 HOUR'
                      ) + INTERVAL '336 HOUR' AS "opens",
                      (
                        DATE_TRUNC('DAY', "t0"."started" + INTERVAL '8 HOUR') - INTERVAL '8 HOUR'
                      ) + INTERVAL '672 HOUR' AS "until"
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
                  ) AS "t66"
                ) AS "t161"
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
                    (
                      DATE_TRUNC('DAY', "t0"."started" + INTERVAL '8 HOUR') - INTERVAL '8 HOUR'
                    ) + INTERVAL '336 HOUR' AS "until"
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
                ) AS "t61"
              ) AS "t165"
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
                    ELSE (
                      DATE_TRUNC('DAY', "t0"."started" + INTERVAL '8 HOUR') - INTERVAL '8 HOUR'
                    ) + INTERVAL '336 HOUR'
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
              ) AS "t78"
            ) AS "t166"
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
                (
                  DATE_TRUNC('DAY', "t0"."ended" + INTERVAL '8 HOUR') - INTERVAL '8 HOUR'
                ) + INTERVAL '336 HOUR' AS "until"
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
            ) AS "t75"
          ) AS "t167"
          UNION ALL
          SELECT
            *
          FROM (
            SELECT
              "t112"."person",
              "t112"."fact",
              'O7' AS "rule",
              'orange' AS "colour",
              "t112"."started" AS "opens",
              (
                DATE_TRUNC('DAY', "t112"."ended" + INTERVAL '8 HOUR') - INTERVAL '8 HOUR'
              ) + INTERVAL '336 HOUR' AS "until"
            FROM "t99" AS "t112"
          ) AS "t145"
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
              ELSE (
                DATE_TRUNC('DAY', "t0"."started" + INTERVAL '8 HOUR') - INTERVAL '8 HOUR'
              ) + INTERVAL '336 HOUR'
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
        ) AS "t77"
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
          (
            DATE_TRUNC('DAY', "t0"."started" + INTERVAL '8 HOUR') - INTERVAL '8 HOUR'
          ) + INTERVAL '72 HOUR' AS "until"
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
      ) AS "t65"
    ) AS "t172"
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
        (
          DATE_TRUNC('DAY', "t0"."started" + INTERVAL '8 HOUR') - INTERVAL '8 HOUR'
        ) + INTERVAL '336 HOUR' AS "until"
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
    ) AS "t60"
  ) AS "t176"
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
                                      "t123"."trigger" AS "fact",
                                      "t123"."ended" AS "ends_at"
                                    FROM (
                                      SELECT
                                        "t98"."trigger",
                                        MIN("t98"."ended") AS "ended"
                                      FROM (
                                        SELECT
                                          "t54"."trigger",
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
                                            AND "t0"."kind" = 'diagnosis'
                                            AND "t0"."result" IN ('confirmed')
                                            AND "t0"."source_class" IN ('authority')
                                        ) AS "t54"
                                        INNER JOIN "t25" AS "t74"
                                          ON "t54"."person" = "t74"."person"
                                          AND "t54"."due" <= "t74"."ended"
                                          AND "t54"."trigger" <> "t74"."release"
                                      ) AS "t98"
                                      GROUP BY
                                        1
                                    ) AS "t123"
                                  ) AS "t137"
                                  UNION ALL
                                  SELECT
                                    *
                                  FROM (
                                    SELECT
                                      'R1b' AS "rule",
                                      "t111"."trigger" AS "fact",
                                      "t111"."ended" AS "ends_at"
                                    FROM (
                                      SELECT
                                        "t93"."trigger",
                                        MIN("t93"."ended") AS "ended"
                                      FROM (
                                        SELECT
                                          "t51"."trigger",
                                          "t55"."release",
                                          "t55"."ended"
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
                                        ) AS "t51"
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
                                        ) AS "t55"
                                          ON "t51"."person" = "t55"."person"
                                          AND "t51"."due" <= "t55"."ended"
                                          AND "t51"."trigger" <> "t55"."release"
                                      ) AS "t93"
                                      GROUP BY
                                        1
                                    ) AS "t111"
                                  ) AS "t130"
                                ) AS "t141"
                                UNION ALL
                                SELECT
                                  *
                                FROM (
                                  SELECT
                                    'R1b' AS "rule",
                                    "t122"."trigger" AS "fact",
                                    "t122"."ended" AS "ends_at"
                                  FROM (
                                    SELECT
                                      "t97"."trigger",
                                      MIN("t97"."ended") AS "ended"
                                    FROM (
                                      SELECT
                                        "t51"."trigger",
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
                                          AND "t0"."kind" = 'diagnosis'
                                          AND "t0"."result" IN ('suspected')
                                          AND "t0"."source_class" IN ('authority')
                                      ) AS "t51"
                                      INNER JOIN "t25" AS "t73"
                                        ON "t51"."person" = "t73"."person"
                                        AND "t51"."due" <= "t73"."ended"
                                        AND "t51"."trigger" <> "t73"."release"
                                    ) AS "t97"
                                    GROUP BY
                                      1
                                  ) AS "t122"
                                ) AS "t136"
                              ) AS "t142"
                              UNION ALL
                              SELECT
                                *
                              FROM (
                                SELECT
                                  'R1c' AS "rule",
                                  "t110"."trigger" AS "fact",
                                  "t110"."ended" AS "ends_at"
                                FROM (
                                  SELECT
                                    "t92"."trigger",
                                    MIN("t92"."ended") AS "ended"
                                  FROM (
                                    SELECT
                                      "t49"."trigger",
                                      "t52"."release",
                                      "t52"."ended"
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
                                    ) AS "t49"
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
                                    ) AS "t52"
                                      ON "t49"."person" = "t52"."person"
                                      AND "t49"."due" <= "t52"."ended"
                                      AND "t49"."trigger" <> "t52"."release"
                                  ) AS "t92"
                                  GROUP BY
                                    1
                                ) AS "t110"
                              ) AS "t129"
                            ) AS "t144"
                            UNION ALL
                            SELECT
                              *
                            FROM (
                              SELECT
                                'R1c' AS "rule",
                                "t121"."trigger" AS "fact",
                                "t121"."ended" AS "ends_at"
                              FROM (
                                SELECT
                                  "t96"."trigger",
                                  MIN("t96"."ended") AS "ended"
                                FROM (
                                  SELECT
                                    "t49"."trigger",
                                    "t72"."release",
                                    "t72"."ended"
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
                                  ) AS "t49"
                                  INNER JOIN "t25" AS "t72"
                                    ON "t49"."person" = "t72"."person"
                                    AND "t49"."due" <= "t72"."ended"
                                    AND "t49"."trigger" <> "t72"."release"
                                ) AS "t96"
                                GROUP BY
                                  1
                              ) AS "t121"
                            ) AS "t135"
                          ) AS "t149"
                          UNION ALL
                          SELECT
                            *
                          FROM (
                            SELECT
                              'R3' AS "rule",
                              "t109"."trigger" AS "fact",
                              "t109"."ended" AS "ends_at"
                            FROM (
                              SELECT
                                "t91"."trigger",
                                MIN("t91"."ended") AS "ended"
                              FROM (
                                SELECT
                                  "t48"."trigger",
                                  "t50"."release",
                                  "t50"."ended"
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
                                ) AS "t48"
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
                                ) AS "t50"
                                  ON "t48"."person" = "t50"."person"
                                  AND "t48"."due" <= "t50"."ended"
                                  AND "t48"."trigger" <> "t50"."release"
                              ) AS "t91"
                              GROUP BY
                                1
                            ) AS "t109"
                          ) AS "t128"
                        ) AS "t154"
                        UNION ALL
                        SELECT
                          *
                        FROM (
                          SELECT
                            'R4' AS "rule",
                            "t140"."trigger" AS "fact",
                            "t140"."ended" AS "ends_at"
                          FROM (
                            SELECT
                              "t118"."trigger",
                              MIN("t118"."ended") AS "ended"
                            FROM (
                              SELECT
                                "t45"."trigger",
                                "t85"."release",
                                "t85"."ended"
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
                              ) AS "t45"
                              INNER JOIN "t80" AS "t85"
                                ON "t45"."person" = "t85"."person"
                                AND "t45"."due" <= "t85"."ended"
                                AND "t45"."trigger" <> "t85"."release"
                            ) AS "t118"
                            GROUP BY
                              1
                          ) AS "t140"
                        ) AS "t143"
                      ) AS "t156"
                      UNION ALL
                      SELECT
                        *
                      FROM (
                        SELECT
                          'R5' AS "rule",
                          "t168"."trigger" AS "fact",
                          "t168"."ended" AS "ends_at"
                        FROM (
                          SELECT
                            "t162"."trigger",
                            MIN("t162"."ended") AS "ended"
                          FROM (
                            SELECT
                              "t153"."trigger",
                              "t84"."release",
                              "t84"."ended"
                            FROM (
                              SELECT
                                "t117"."person",
                                "t117"."source",
                                "t117"."fact" AS "trigger",
                                (
                                  DATE_TRUNC('DAY', "t117"."ended" + INTERVAL '8 HOUR') - INTERVAL '8 HOUR'
                                ) + INTERVAL '336 HOUR' AS "due"
                              FROM "t101" AS "t117"
                            ) AS "t153"
                            INNER JOIN "t80" AS "t84"
                              ON "t153"."person" = "t84"."person"
                              AND "t153"."due" <= "t84"."ended"
                              AND "t153"."trigger" <> "t84"."release"
                          ) AS "t162"
                          GROUP BY
                            1
                        ) AS "t168"
                      ) AS "t171"
                    ) AS "t173"
                    UNION ALL
                    SELECT
                      *
                    FROM (
                      SELECT
                        'R6' AS "rule",
                        "t120"."trigger" AS "fact",
                        "t120"."ended" AS "ends_at"
                      FROM (
                        SELECT
                          "t95"."trigger",
                          MIN("t95"."ended") AS "ended"
                        FROM (
                          SELECT
                            "t43"."trigger",
                            "t68"."release",
                            "t68"."ended"
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
                          ) AS "t43"
                          INNER JOIN "t7" AS "t68"
                            ON "t43"."person" = "t68"."person"
                            AND "t43"."due" <= "t68"."ended"
                            AND "t43"."trigger" <> "t68"."release"
                            AND "t43"."source" = "t68"."source"
                        ) AS "t95"
                        GROUP BY
                          1
                      ) AS "t120"
                    ) AS "t134"
                  ) AS "t175"
                  UNION ALL
                  SELECT
                    *
                  FROM (
                    SELECT
                      'O1' AS "rule",
                      "t108"."trigger" AS "fact",
                      "t108"."ended" AS "ends_at"
                    FROM (
                      SELECT
                        "t89"."trigger",
                        MIN("t89"."ended") AS "ended"
                      FROM (
                        SELECT
                          "t42"."trigger",
                          "t44"."release",
                          "t44"."ended"
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
                        ) AS "t42"
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
                        ) AS "t44"
                          ON "t42"."person" = "t44"."person"
                          AND "t42"."due" <= "t44"."ended"
                          AND "t42"."trigger" <> "t44"."release"
                      ) AS "t89"
                      GROUP BY
                        1
                    ) AS "t108"
                  ) AS "t127"
                ) AS "t177"
                UNION ALL
                SELECT
                  *
                FROM (
                  SELECT
                    'O2' AS "rule",
                    "t159"."trigger" AS "fact",
                    "t159"."ended" AS "ends_at"
                  FROM (
                    SELECT
                      "t151"."trigger",
                      MIN("t151"."ended") AS "ended"
                    FROM (
                      SELECT
                        "t139"."trigger",
                        "t70"."release",
                        "t70"."ended"
                      FROM (
                        SELECT
                          "t115"."person",
                          "t115"."source",
                          "t115"."fact" AS "trigger",
                          "t115"."started" AS "due"
                        FROM "t100" AS "t115"
                      ) AS "t139"
                      INNER JOIN "t10" AS "t70"
                        ON "t139"."person" = "t70"."person"
                        AND "t139"."due" <= "t70"."ended"
                        AND "t139"."trigger" <> "t70"."release"
                    ) AS "t151"
                    GROUP BY
                      1
                  ) AS "t159"
                ) AS "t164"
              ) AS "t178"
              UNION ALL
              SELECT
                *
              FROM (
                SELECT
                  'O5' AS "rule",
                  "t107"."trigger" AS "fact",
                  "t107"."ended" AS "ends_at"
                FROM (
                  SELECT
                    "t88"."trigger",
                    MIN("t88"."ended") AS "ended"
                  FROM (
                    SELECT
                      "t38"."trigger",
                      "t41"."release",
                      "t41"."ended"
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
                    ) AS "t38"
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
                    ) AS "t41"
                      ON "t38"."person" = "t41"."person"
                      AND "t38"."due" <= "t41"."ended"
                      AND "t38"."trigger" <> "t41"."release"
                  ) AS "t88"
                  GROUP BY
                    1
                ) AS "t107"
              ) AS "t126"
            ) AS "t179"
            UNION ALL
            SELECT
              *
            FROM (
              SELECT
                'O6' AS "rule",
                "t106"."trigger" AS "fact",
                "t106"."ended" AS "ends_at"
              FROM (
                SELECT
                  "t87"."trigger",
                  MIN("t87"."ended") AS "ended"
                FROM (
                  SELECT
                    "t36"."trigger",
                    "t39"."release",
                    "t39"."ended"
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
                  ) AS "t36"
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
                  ) AS "t39"
                    ON "t36"."person" = "t39"."person"
                    AND "t36"."due" <= "t39"."ended"
                    AND "t36"."trigger" <> "t39"."release"
                ) AS "t87"
                GROUP BY
                  1
              ) AS "t106"
            ) AS "t125"
          ) AS "t180"
          UNION ALL
          SELECT
            *
          FROM (
            SELECT
              'O7' AS "rule",
              "t158"."trigger" AS "fact",
              "t158"."ended" AS "ends_at"
            FROM (
              SELECT
                "t150"."trigger",
                MIN("t150"."ended") AS "ended"
              FROM (
                SELECT
                  "t138"."trigger",
                  "t69"."release",
                  "t69"."ended"
                FROM (
                  SELECT
                    "t113"."person",
                    "t113"."source",
                    "t113"."fact" AS "trigger",
                    "t113"."started" AS "due"
                  FROM "t99" AS "t113"
                ) AS "t138"
                INNER JOIN "t10" AS "t69"
                  ON "t138"."person" = "t69"."person"
                  AND "t138"."due" <= "t69"."ended"
                  AND "t138"."trigger" <> "t69"."release"
              ) AS "t150"
              GROUP BY
                1
            ) AS "t158"
          ) AS "t163"
        ) AS "t181"
        UNION ALL
        SELECT
          *
        FROM (
          SELECT
            'O8' AS "rule",
            "t119"."trigger" AS "fact",
            "t119"."ended" AS "ends_at"
          FROM (
            SELECT
              "t94"."trigger",
              MIN("t94"."ended") AS "ended"
            FROM (
              SELECT
                "t33"."trigger",
                "t67"."release",
                "t67"."ended"
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
              ) AS "t33"
              INNER JOIN "t7" AS "t67"
                ON "t33"."person" = "t67"."person"
                AND "t33"."due" <= "t67"."ended"
                AND "t33"."trigger" <> "t67"."release"
                AND "t33"."source" = "t67"."source"
            ) AS "t94"
            GROUP BY
              1
          ) AS "t119"
        ) AS "t133"
      ) AS "t182"
      UNION ALL
      SELECT
        *
      FROM (
        SELECT
          'O9' AS "rule",
          "t105"."trigger" AS "fact",
          "t105"."ended" AS "ends_at"
        FROM (
          SELECT
            "t86"."trigger",
            MIN("t86"."ended") AS "ended"
          FROM (
            SELECT
              "t32"."trigger",
              "t34"."release",
              "t34"."ended"
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
            ) AS "t32"
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
            ) AS "t34"
              ON "t32"."person" = "t34"."person"
              AND "t32"."due" <= "t34"."ended"
              AND "t32"."trigger" <> "t34"."release"
          ) AS "t86"
          GROUP BY
            1
        ) AS "t105"
      ) AS "t124"
    ) AS "t183"
    GROUP BY
      1,
      2
  ) AS "t185"
    ON "t176"."rule" = "t185"."rule" AND "t176"."fact" = "t185"."fact"
) AS "t186"
WHERE
  (
    "t186"."until" IS NULL
  ) OR (
    "t186"."until" > "t186"."opens"
  )
