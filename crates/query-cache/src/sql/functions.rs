//! What is known of the functions that databases bring along.
//!
//! A list of what may be trusted, not of what may not: a function that is in none of these lists may
//! read or write any table.

use super::table::Dialect;

/// What a function's answer depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Its arguments.
    Pure,
    /// Its arguments, of which one may be the word for the present moment.
    Time,
    /// The clock, chance, the session or the server.
    Volatile,
    /// Nobody knows.
    Unknown,
}

/// What `name`, called with so many arguments, is.
pub(crate) fn class(dialect: Dialect, name: &str, arguments: usize) -> Class {
    let (pure, time, volatile) = match dialect {
        Dialect::Postgres => (POSTGRES, POSTGRES_TIME, POSTGRES_VOLATILE),
        Dialect::Sqlite => (SQLITE, SQLITE_TIME, SQLITE_VOLATILE),
        Dialect::MySql => (MYSQL, "", MYSQL_VOLATILE),
    };
    let is_in = |list: &str| list.split_ascii_whitespace().any(|known| known == name);
    if is_in(volatile) || lacks_its_moment(dialect, name, arguments) {
        Class::Volatile
    } else if is_in(time) {
        Class::Time
    } else if is_in(pure) || is_in(COMMON) {
        Class::Pure
    } else {
        Class::Unknown
    }
}

/// Whether a word that stands alone is a call in disguise.
pub(crate) fn is_session_word(dialect: Dialect, word: &str) -> bool {
    let words = match dialect {
        Dialect::Postgres => {
            "current_user session_user system_user current_role current_schema current_catalog user \
             current_date current_time current_timestamp localtime localtimestamp"
        }
        Dialect::Sqlite => "current_date current_time current_timestamp",
        Dialect::MySql => {
            "current_user current_date current_time current_timestamp localtime localtimestamp \
             utc_date utc_time utc_timestamp"
        }
    };
    words.split_ascii_whitespace().any(|known| known == word)
}

/// Whether a text means a moment relative to the present one, where it is taken as a time.
pub(crate) fn is_clock_word(dialect: Dialect, text: &str) -> bool {
    let mut words = text.split_ascii_whitespace();
    let (Some(first), second, None) = (words.next(), words.next(), words.next()) else {
        return false;
    };
    let is_one = |list: &[&str], word: &str| list.iter().any(|one| one.eq_ignore_ascii_case(word));
    match dialect {
        Dialect::Postgres => {
            let list = ["now", "today", "tomorrow", "yesterday"];
            is_one(&list, first) || second.is_some_and(|word| is_one(&list, word))
        }
        Dialect::Sqlite => is_one(&["now", "subsec", "subsecond"], first),
        Dialect::MySql => false,
    }
}

/// Functions that take the present moment when their argument is left out.
fn lacks_its_moment(dialect: Dialect, name: &str, arguments: usize) -> bool {
    match (dialect, name) {
        (Dialect::Postgres, "age") => arguments < 2,
        (Dialect::Sqlite, "strftime") => arguments < 2,
        (Dialect::Sqlite, "date" | "time" | "datetime" | "julianday" | "unixepoch")
        | (Dialect::MySql, "unix_timestamp") => arguments == 0,
        _ => false,
    }
}

const COMMON: &str = "
    abs acos asin atan atan2 avg ceil ceiling char char_length character_length coalesce concat
    concat_ws cos count cume_dist degrees dense_rank exp first_value floor greatest lag last_value
    lead least length ln log log10 lower lpad ltrim max min mod nth_value ntile nullif octet_length
    percent_rank pi position pow power radians rank repeat replace reverse round row_number rpad
    rtrim sign sin sqrt substr substring sum tan trim upper";

const POSTGRES: &str = "
    age any_value array array_agg array_append array_cat array_dims array_length array_lower array_ndims
    array_position array_positions array_prepend array_remove array_replace array_to_string
    array_upper ascii any all some bit_and bit_count bit_length bit_or bit_xor bool_and bool_or btrim
    cardinality cbrt chr convert_from convert_to corr cosh cot covar_pop covar_samp crc32 date_bin
    date_part date_trunc decode div encode erf every extract factorial format gcd generate_series
    generate_subscripts grouping host initcap int4range int8range isempty isfinite json_agg
    json_array json_array_elements json_array_elements_text json_array_length json_arrayagg
    json_build_array json_build_object json_each json_each_text json_extract_path
    json_extract_path_text json_object json_object_agg json_object_keys json_objectagg
    json_strip_nulls json_to_record json_to_recordset json_typeof jsonb_agg jsonb_array_elements
    jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each
    jsonb_each_text jsonb_extract_path jsonb_extract_path_text jsonb_insert jsonb_object
    jsonb_object_agg jsonb_object_keys jsonb_path_exists jsonb_path_match jsonb_path_query
    jsonb_path_query_array jsonb_path_query_first jsonb_pretty jsonb_set jsonb_strip_nulls
    jsonb_to_record jsonb_to_recordset jsonb_typeof justify_days justify_hours justify_interval lcm
    left lower_inc lower_inf make_date make_interval make_time make_timestamp make_timestamptz
    masklen md5 min_scale mode multirange network normalize num_nonnulls num_nulls numrange
    overlay parse_ident percentile_cont percentile_disc phraseto_tsquery plainto_tsquery
    pg_typeof quote_ident quote_literal quote_nullable range_agg range_merge regexp_count
    regexp_instr regexp_like regexp_match regexp_matches regexp_replace regexp_split_to_array
    regexp_split_to_table regexp_substr regr_avgx regr_avgy regr_count regr_intercept regr_r2
    regr_slope regr_sxx regr_sxy regr_syy right row row_to_json scale setweight sha224 sha256 sha384
    sha512 sinh split_part starts_with stddev stddev_pop stddev_samp string_agg string_to_array
    string_to_table strip strpos tanh to_ascii to_char to_date to_hex to_json to_jsonb to_number
    to_timestamp to_tsquery to_tsvector translate trim_array trim_scale trunc ts_headline ts_rank
    ts_rank_cd tsrange tstzrange daterange unnest upper_inc upper_inf var_pop var_samp variance
    websearch_to_tsquery width_bucket xmlagg xmlconcat xmlelement xmlforest";

const POSTGRES_TIME: &str = "date time timetz timestamp timestamptz interval";

const POSTGRES_VOLATILE: &str = "
    clock_timestamp current_catalog current_database current_date current_query current_role
    current_schema current_schemas current_setting current_time current_timestamp current_user
    currval gen_random_uuid getpgusername inet_client_addr inet_client_port inet_server_addr
    inet_server_port lastval localtime localtimestamp nextval now pg_advisory_lock
    pg_advisory_xact_lock pg_backend_pid pg_conf_load_time pg_current_snapshot
    pg_current_wal_lsn pg_current_xact_id pg_is_in_recovery pg_postmaster_start_time pg_relation_size
    pg_sleep pg_table_size pg_total_relation_size pg_try_advisory_lock pg_try_advisory_xact_lock
    random random_normal session_user statement_timestamp system_user timeofday
    transaction_timestamp txid_current user uuid_generate_v1 uuid_generate_v4 uuidv4 uuidv7 version";

const SQLITE: &str = "
    acosh asinh atanh bm25 concat cosh format glob group_concat hex highlight if ifnull iif instr
    json json_array json_array_length json_each json_error_position json_extract json_group_array
    json_group_object json_insert json_object json_patch json_pretty json_quote json_remove
    json_replace json_set json_tree json_type json_valid jsonb jsonb_array jsonb_extract
    jsonb_group_array jsonb_group_object jsonb_insert jsonb_object jsonb_patch jsonb_remove
    jsonb_replace jsonb_set like likelihood likely log2 median percentile printf quote sinh snippet
    soundex string_agg subtype tanh total trunc typeof unhex unicode unistr unlikely zeroblob";

const SQLITE_TIME: &str = "date time datetime julianday unixepoch strftime timediff";

const SQLITE_VOLATILE: &str = "
    changes current_date current_time current_timestamp last_insert_rowid random randomblob
    sqlite_compileoption_get sqlite_compileoption_used sqlite_offset sqlite_source_id
    sqlite_version total_changes";

const MYSQL: &str = "
    adddate addtime any_value ascii bin bin_to_uuid bit_and bit_count bit_length bit_or bit_xor cast
    coercibility collation compress conv convert convert_tz cot crc32 date date_add date_format
    date_sub datediff day dayname dayofmonth dayofweek dayofyear elt export_set extract field
    find_in_set format from_base64 from_days from_unixtime get_format group_concat grouping hex hour
    if ifnull inet6_aton inet6_ntoa inet_aton inet_ntoa insert instr interval isnull json_array
    json_array_append json_array_insert json_arrayagg json_contains json_contains_path json_depth
    json_extract json_insert json_keys json_length json_merge_patch json_merge_preserve json_object
    json_objectagg json_overlaps json_pretty json_quote json_remove json_replace json_search json_set
    json_type json_unquote json_valid json_value last_day lcase left locate log2 make_set makedate
    maketime md5 microsecond mid minute month monthname oct ord period_add period_diff quarter quote
    regexp_instr regexp_like regexp_replace regexp_substr right sec_to_time second sha sha1 sha2
    soundex space std stddev stddev_pop stddev_samp str_to_date strcmp subdate substring_index
    subtime time time_format time_to_sec timediff timestamp timestampadd timestampdiff to_base64
    to_days to_seconds truncate ucase uncompress unhex unix_timestamp uuid_to_bin values var_pop
    var_samp variance week weekday weekofyear weight_string year yearweek";

const MYSQL_VOLATILE: &str = "
    benchmark connection_id curdate current_date current_role current_time current_timestamp
    current_user curtime database found_rows get_lock is_free_lock is_used_lock last_insert_id
    localtime localtimestamp now rand random_bytes release_lock row_count schema session_user sleep
    sysdate system_user user utc_date utc_time utc_timestamp uuid uuid_short version";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_what_its_database_makes_of_it() {
        use Class::{Pure, Time, Unknown, Volatile};
        use Dialect::{MySql, Postgres, Sqlite};
        for (dialect, name, arguments, expected) in [
            (Postgres, "count", 1, Pure),
            (Postgres, "now", 0, Volatile),
            (Postgres, "age", 1, Volatile),
            (Postgres, "age", 2, Pure),
            (Postgres, "dblink", 2, Unknown),
            (Postgres, "query_to_xml", 4, Unknown),
            (Postgres, "set_config", 3, Unknown),
            (Postgres, "ifnull", 2, Unknown),
            (Sqlite, "ifnull", 2, Pure),
            (Sqlite, "date", 0, Volatile),
            (Sqlite, "date", 2, Time),
            (Sqlite, "strftime", 1, Volatile),
            (Sqlite, "load_extension", 1, Unknown),
            (MySql, "unix_timestamp", 0, Volatile),
            (MySql, "unix_timestamp", 1, Pure),
            (MySql, "", 1, Unknown),
        ] {
            assert_eq!(class(dialect, name, arguments), expected, "{name}");
        }
    }

    #[test]
    fn words_for_the_present_are_known() {
        assert!(is_clock_word(Dialect::Postgres, " Today "));
        assert!(is_clock_word(Dialect::Postgres, "today 04:05"));
        assert!(!is_clock_word(Dialect::Postgres, "who is here now"));
        assert!(is_clock_word(Dialect::Sqlite, "NOW"));
        assert!(!is_clock_word(Dialect::Sqlite, "today"));
    }
}
