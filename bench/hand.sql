-- The default rulebook (tianjin-2020-spring, 18 rules) as somebody who wants to win would write it
-- by hand for DuckDB, and for no other rulebook. One view for each kind holds what was known
-- (hand.py makes them); $at and $out are filled in there.

CREATE TYPE rule AS ENUM ('R1a', 'R1b', 'R1c', 'R2', 'R3', 'R4', 'R5', 'R6',
    'O1', 'O2', 'O3', 'O4', 'O5', 'O6', 'O7', 'O8', 'O9', 'G');
CREATE TYPE colour AS ENUM ('green', 'orange', 'red');

-- The local midnight before, and days. Whole numbers are quicker than intervals; a million days
-- more, taken off again, keep what lies before 1970 from being rounded up.
CREATE MACRO days_after(moment, days) AS make_timestamp(
    (epoch_us(moment) + 86400028800000000) // 86400000000 * 86400000000
    + (days - 1000000) * 86400000000 - 28800000000);

-- Few different areas, each compared with the designations once: the stays then join by equality.
-- O2 is for areas outside the city alone.
CREATE TEMP TABLE covered AS
SELECT a.area, CASE d.level WHEN 'high' THEN 'R5' ELSE 'O2' END::rule AS rule, d.started, d.ended
FROM (SELECT DISTINCT area FROM stay) a JOIN designation d
    ON d.area <> '' AND starts_with(a.area, d.area)
WHERE d.level = 'high' OR (d.level = 'medium' AND NOT starts_with(a.area, '12'));

CREATE TEMP TABLE stays AS
SELECT DISTINCT s.person, d.rule, s.fact, s.started, s.ended
FROM stay s JOIN covered d ON s.area = d.area AND (d.ended IS NULL OR s.started < d.ended)
    AND (s.ended IS NULL OR s.ended >= d.started);

CREATE TEMP TABLE hot AS
SELECT person, fact, started FROM temperature WHERE number >= 37.3 AND source_class = 'gate';

CREATE TEMP TABLE openers (
    person BIGINT, rule rule, fact BIGINT, opens TIMESTAMP, until TIMESTAMP, source VARCHAR);
INSERT INTO openers
SELECT person, CASE result WHEN 'confirmed' THEN 'R1a' WHEN 'suspected' THEN 'R1b' ELSE 'R1c'
       END, fact, started, NULL, ''
FROM diagnosis
WHERE result IN ('confirmed', 'suspected', 'asymptomatic') AND source_class = 'authority'
UNION ALL
SELECT person, 'R2', fact, started, days_after(started, 14), ''
FROM discharge WHERE source_class = 'authority'
UNION ALL
SELECT person, 'O3', fact, days_after(started, 14), days_after(started, 28), ''
FROM discharge WHERE source_class = 'authority'
UNION ALL
SELECT person, CASE result WHEN 'close' THEN 'R3' ELSE 'O6' END, fact, started,
       days_after(ended, 14), ''
FROM contact WHERE (result, source_class) IN (('close', 'authority'), ('declared', 'self'))
UNION ALL
SELECT person, 'R4', fact, started, days_after(started, 14), ''
FROM arrival WHERE result = 'abroad' AND source_class = 'authority'
UNION ALL
SELECT person, rule, fact, started, days_after(ended, 14), '' FROM stays
UNION ALL
SELECT person, CASE WHEN result IN ('home_observation', 'possible_contact', 'possible_exposure')
       THEN 'O8' ELSE 'R6' END, fact, started,
       CASE WHEN states_end THEN ended ELSE days_after(started, 14) END, source
FROM "order"
WHERE source_class = 'authority' AND result IN (
    'quarantine_order', 'outbreak_control', 'shared_exposure', 'contact_of_contact',
    'unexplained_fever', 'home_observation', 'possible_contact', 'possible_exposure')
UNION ALL
SELECT person, 'O1', fact, started, days_after(started, 14), ''
FROM symptom WHERE source_class IN ('self', 'clinic', 'community')
UNION ALL
SELECT person, 'O4', fact, started, days_after(started, 14), ''
FROM clearance
WHERE result IN ('suspicion_excluded', 'asymptomatic_over') AND source_class = 'authority'
UNION ALL
SELECT person, 'O5', fact, started,
       CASE WHEN states_end THEN ended ELSE days_after(started, 14) END, ''
FROM observation WHERE source_class IN ('community', 'authority')
UNION ALL
SELECT person, 'O7', fact, started, days_after(ended, 14), ''
FROM visit SEMI JOIN (FROM designation WHERE level = 'exposure' AND place <> '') d
    ON visit.place = d.place AND (d.ended IS NULL OR visit.started < d.ended)
    AND (visit.ended IS NULL OR visit.ended >= d.started)
UNION ALL
SELECT person, 'O9', fact, started, days_after(started, 3), '' FROM hot;

-- R5 has no early end here: an isolation ends it only 14 days after the stay, as it does by itself.
CREATE TEMP TABLE ends (person BIGINT, rule rule, ended TIMESTAMP, source VARCHAR);
INSERT INTO ends
SELECT person, unnest(['R1a', 'R1b', 'R1c']), ended, ''
FROM discharge WHERE source_class = 'authority'
UNION ALL
SELECT person, unnest(CASE
    WHEN result = 'cleared' AND source_class = 'authority' THEN ['O2', 'O6', 'O7']
    WHEN result = 'cleared' AND source_class = 'community' THEN ['O6']
    WHEN result = 'examined' AND source_class IN ('clinic', 'community') THEN ['O1']
    WHEN result = 'observation_over' AND source_class IN ('community', 'authority') THEN ['O5']
    WHEN source_class <> 'authority' THEN []
    WHEN result = 'isolation_over' THEN ['R3']
    WHEN result = 'suspicion_excluded' THEN ['R1b']
    WHEN result = 'asymptomatic_over' THEN ['R1c'] END), ended, ''
FROM clearance WHERE person IN (SELECT person FROM openers)
UNION ALL
SELECT person, 'R4', ended, ''
FROM isolation
WHERE source_class IN ('authority', 'region') AND ended >= days_after(started, 14)
UNION ALL
SELECT person, unnest(['R6', 'O8']), ended, source
FROM "order" WHERE result = 'release' AND source_class = 'authority';

CREATE TEMP TABLE firsts (rule rule, fact BIGINT, ended TIMESTAMP);
INSERT INTO firsts
SELECT o.rule, o.fact, min(e.ended) AS ended
FROM openers o JOIN ends e
    ON o.person = e.person AND o.rule = e.rule AND o.source = e.source AND o.opens <= e.ended
GROUP BY ALL
UNION ALL
SELECT 'O9', hot.fact, min(t.ended)
FROM temperature t JOIN hot ON t.person = hot.person AND t.ended >= hot.started + INTERVAL 30 MINUTE
WHERE t.number < 37.3 AND t.source_class IN ('gate', 'clinic', 'community')
GROUP BY ALL;

CREATE TEMP TABLE others AS
SELECT person, rule, fact, CASE WHEN rule < 'O1'::rule THEN 'red' ELSE 'orange' END::colour AS colour,
       opens, least(until, ended) AS until
FROM openers LEFT JOIN firsts USING (rule, fact)
WHERE least(until, ended) IS NULL OR least(until, ended) > opens;

-- A declaration's window opens when it starts, and nothing ends it early.
COPY (
    SELECT person, 'G'::rule AS rule, fact, 'green'::colour AS colour,
           started AS opens, days_after(started, 14) AS until
    FROM declaration WHERE source_class IN ('self', 'community')
    UNION ALL
    FROM others
) TO '$out/findings.parquet' (FORMAT parquet, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 1000);

-- Few people have anything but valid declarations: theirs is one row each.
CREATE TEMP TABLE special AS
SELECT person, max(CASE WHEN opens > $at THEN 0 WHEN colour = 'red' THEN 3 ELSE 2 END::UTINYINT)
       AS severity, min(CASE WHEN opens > $at THEN opens ELSE until END) AS edge
FROM (
    SELECT person, opens, until, colour FROM others WHERE until IS NULL OR until > $at
    UNION ALL
    SELECT person, opens, until, colour FROM read_parquet('$out/findings.parquet')
    WHERE rule = 'G' AND opens > $at
)
GROUP BY person;

-- Of a valid declaration only the day on which it ends counts, one of fourteen: a byte a person.
-- What was just written is read back more quickly than the declarations are read again.
-- Persons are dense numbers: an array indexed by them groups faster than a hash table does.
SET VARIABLE midnight = days_after($at, 0);
SET perfect_ht_threshold = 26;
COPY (
    SELECT coalesce(valid.person, special.person) AS person,
           CASE WHEN severity = 3 THEN 'red' WHEN severity = 2 THEN 'orange'
                WHEN days IS NOT NULL THEN 'green' END::colour AS colour,
           least(edge, getvariable('midnight') + to_days(days::INTEGER)) AS changes_at
    FROM (
        SELECT person, min(days) AS days
        FROM (
            SELECT person, ((epoch_us(until) - epoch_us(getvariable('midnight')))
                            // 86400000000)::UTINYINT AS days
            FROM read_parquet('$out/findings.parquet')
            WHERE rule = 'G' AND opens <= $at AND until > $at
        )
        GROUP BY person
    ) valid
    FULL JOIN special ON valid.person = special.person
) TO '$out/standings.parquet' (FORMAT parquet, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 1000);
