-- Whether a table has an index that begins with some columns, in whatever order.
SELECT EXISTS (
    SELECT FROM pg_index x
    WHERE x.indrelid = $1::regclass AND x.indisvalid AND x.indpred IS NULL
        AND (SELECT count(*) FROM unnest(x.indkey) WITH ORDINALITY k (number, place)
            JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = number
            WHERE place <= cardinality($2::text[]) AND a.attname = ANY ($2::text[]))
            = cardinality($2::text[])
)
