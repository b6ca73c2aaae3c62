//! Laws that hold for every input.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has to fail")]

use explain_analyzer::parse::{self, SqliteRow};
use explain_analyzer::predicate::Predicate;
use explain_analyzer::{
    Backend, Catalog, Facts, Finding, Index, IndexAsk, IndexKey, Rule, Statement, Subject, Table,
    advise, analyze,
};
use proptest::prelude::*;

const PLANS: [&str; 4] = [
    include_str!("plans/cte_twice.json"),
    include_str!("plans/parallel_sort_spill.json"),
    include_str!("plans/trigger.json"),
    include_str!("plans/expressions.json"),
];

/// JSON that uses the words of a plan in the wrong places.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        any::<f64>()
            .prop_filter("JSON has finite numbers", |n| n.is_finite())
            .prop_map(|n| format!("{n:e}")),
        "[a-z ($'\\\\\"\u{e9}\u{1F600}]{0,12}".prop_map(|text| serde_json_text(&text)),
    ];
    let word = prop::sample::select(vec![
        "Plan",
        "Plans",
        "Node Type",
        "Actual Loops",
        "Total Cost",
        "Workers",
        "Triggers",
        "Settings",
        "Sort Key",
        "Filter",
        "Relation Name",
        "Parent Relationship",
        "QUERY PLAN",
        "Time",
        "Sort Space Type",
        "x\\n",
    ]);
    leaf.prop_recursive(6, 64, 6, move |inner| {
        let object =
            prop::collection::vec((word.clone(), inner.clone()), 0..6).prop_map(|fields| {
                let fields: Vec<String> =
                    fields.iter().map(|(key, value)| format!("\"{key}\" : {value}")).collect();
                format!("{{{}}}", fields.join(","))
            });
        let array = prop::collection::vec(inner, 0..4)
            .prop_map(|values| format!("[{}]", values.join(" , ")));
        prop_oneof![object, array]
    })
}

fn serde_json_text(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn ask() -> impl Strategy<Value = IndexAsk> {
    let columns = Just(vec!["a", "b", "c", "d"]).prop_shuffle();
    (columns, 0..3usize, 0..3usize).prop_filter_map(
        "an index has columns",
        |(columns, equal, sorted)| {
            let (equality, rest) = columns.split_at(equal);
            let ask = equality
                .iter()
                .fold(IndexAsk::on(&Table::new("t")), |ask, &column| ask.equal(column));
            let ask = rest
                .iter()
                .take(sorted)
                .fold(ask, |ask, &column| ask.sorted(IndexKey::ascending(column)));
            (equal + sorted > 0).then_some(ask)
        },
    )
}

/// An independent statement of when an index serves: its columns begin with the equality columns in
/// any order, then the rest in theirs.
fn serves(columns: &[String], ask: &IndexAsk) -> bool {
    let tail: Vec<&String> = ask.tail.iter().map(|key| &key.column).collect();
    let mut head: Vec<&String> = columns.iter().take(ask.equality.len()).collect();
    let mut equality: Vec<&String> = ask.equality.iter().collect();
    head.sort();
    equality.sort();
    head == equality && columns.iter().skip(equality.len()).take(tail.len()).eq(tail)
}

/// Findings that ask for these indexes, made the way a user's rule would make them.
fn findings(asks: Vec<IndexAsk>) -> Vec<Finding> {
    let plan = parse::postgres_json(r#"{"Plan": {"Node Type": "Result"}}"#).unwrap();
    let rule =
        move |subject: &Subject<'_>| Some(Finding::new("test", subject, "").indexes(asks.clone()));
    let analyzer = explain_analyzer::Analyzer::empty().rule(rule);
    analyzer.analyze(plan, &Catalog::default()).findings
}

proptest! {
    #[test]
    fn no_text_makes_a_parser_panic(text in any::<String>()) {
        let _ = parse::postgres_json(&text);
        let _ = Predicate::parse(&text, Backend::Postgres);
        let _ = Predicate::parse(&text, Backend::Sqlite);
        let _ = Statement::new(text.as_str()).single(Backend::Sqlite);
        let _ = Statement::new(text.as_str()).single(Backend::Postgres);
        explain_analyzer::SlowLog::default().record(&text, std::time::Duration::ZERO, 0);
        let rows = text.lines().zip(0..).map(|(detail, id)| SqliteRow { id, parent: id / 2, detail: detail.to_owned() });
        let _ = analyze(parse::sqlite(rows).with_statement(text.as_str()), &Catalog::default());
    }

    /// What another reader takes for JSON is JSON here too.
    #[test]
    fn arbitrary_json_is_read_and_judged(text in json()) {
        match parse::postgres_json(&text) {
            Ok(plan) => {
                let report = analyze(plan, &Catalog::default());
                let _ = explain_analyzer::render::terminal(&report);
                let _ = explain_analyzer::render::json(&report);
            }
            Err(error) => prop_assert!(matches!(error, explain_analyzer::Error::NoPlan), "{error}: {text}"),
        }
    }

    #[test]
    fn a_plan_cut_short_is_an_error_at_its_end(plan in prop::sample::select(PLANS.to_vec()), at in any::<prop::sample::Index>()) {
        let text = plan.trim_end();
        let cut = text.get(..at.index(text.len())).unwrap();
        let result = parse::postgres_json(cut);
        let is_syntax = matches!(result, Err(explain_analyzer::Error::Syntax { .. }));
        prop_assert!(is_syntax, "{:?}", result);
    }

    #[test]
    fn a_plan_with_one_byte_changed_never_panics(
        plan in prop::sample::select(PLANS.to_vec()), at in any::<prop::sample::Index>(), byte in 32..127u8,
    ) {
        let mut bytes = plan.as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(plan) = parse::postgres_json(std::str::from_utf8(&bytes).unwrap()) {
            let _ = analyze(plan, &Catalog::default());
        }
    }

    #[test]
    fn sqlite_rows_in_any_order_make_a_tree(ids in prop::collection::vec((-2..6i64, -2..6i64), 0..20)) {
        let rows = ids.iter().map(|&(id, parent)| SqliteRow { id, parent, detail: format!("SCAN t{id}") });
        let plan = parse::sqlite(rows);
        prop_assert_eq!(plan.nodes().len(), ids.len());
        for (id, node) in plan.nodes() {
            prop_assert!(node.parent.is_none_or(|parent| parent < id));
        }
    }

    /// Every ask is served by an index that exists or by one that is proposed, and no proposed one
    /// is covered by another.
    #[test]
    fn the_proposed_indexes_serve_all_and_none_is_covered(
        asks in prop::collection::vec(ask(), 1..6),
        existing in prop::collection::vec(ask(), 0..2),
    ) {
        let mut table = Table::new("t");
        for (n, ask) in existing.iter().enumerate() {
            table = table.index(Index::new(format!("e{n}"), ask.keys().map(|key| key.column)));
        }
        let there: Vec<Vec<String>> = table.indexes.iter().map(|index| index.columns.clone()).collect();
        let advice = advise(&findings(asks.clone()), &Catalog::default().with(table));
        let proposed: Vec<Vec<String>> =
            advice.iter().map(|each| each.columns.iter().map(|key| key.column.clone()).collect()).collect();
        for ask in &asks {
            prop_assert!(there.iter().chain(&proposed).any(|columns| serves(columns, ask)), "{ask:?}");
        }
        for (at, each) in proposed.iter().enumerate() {
            for other in proposed.iter().skip(at + 1) {
                prop_assert!(!each.starts_with(other) && !other.starts_with(each), "{each:?} {other:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn conditions_of_any_length_are_read_without_much_stack(terms in 1..6_000usize, or in any::<bool>()) {
        let joint = if or { " OR " } else { " AND " };
        let text = vec!["(a = 1)"; terms].join(joint);
        let parts = match Predicate::parse(&text, Backend::Postgres) {
            Predicate::All(parts) | Predicate::Any(parts) => parts.len(),
            _ => 0,
        };
        prop_assert!(parts == terms || parts == 0);
        prop_assert!(parts == terms || terms == 1 || terms > 300);
    }
}

/// Texts that nest as deep as they are long, around the bound and far beyond it, on the small stack
/// of a test thread.
#[test]
fn no_condition_and_no_statement_overflows_the_stack() {
    for n in [8, 12, 24, 40, 45, 600, 990, 1_990, 20_000] {
        let chain = |unit: &str| unit.repeat(n);
        for condition in [
            format!("a = {}1", chain("1+")),
            format!("a{} = 1", chain("::text")),
            format!("{}a = 1{}", chain("("), chain(")")),
            format!("{}a", chain("NOT ")),
            format!("a = {}1", chain("- ")),
            format!("a = {}1{}", chain("f("), chain(")")),
            format!("a = 1::int{}", chain("[]")),
            format!("a{}", chain(" IS NULL")),
            format!("a = {}1{}", chain("CASE WHEN "), chain(" THEN 1 END")),
            format!("a IN ({}1{})", chain("SELECT "), chain(")")),
            format!("a = ARRAY{}1{}", chain("["), chain("]")),
        ] {
            let _ = Predicate::parse(&condition, Backend::Postgres);
            let _ = Predicate::parse(&condition, Backend::Sqlite);
        }
        for sql in [
            format!("SELECT 1{}", chain(" UNION SELECT 1")),
            format!("SELECT * FROM {}t{}", chain("("), chain(")")),
            format!("SELECT * FROM {}t{}", chain("(SELECT * FROM "), chain(")")),
            format!("SELECT * FROM {}t{}", chain("(t JOIN "), chain(" ON true)")),
            format!(
                "SELECT * FROM t WHERE {}a = 1{}",
                chain("EXISTS (SELECT * FROM t WHERE "),
                chain(")")
            ),
            format!("{}SELECT 1{} SELECT 1", chain("WITH x AS ("), chain(")")),
            format!("SELECT 1{}{}", chain(" UNION (SELECT 1"), chain(")")),
            format!("SELECT * FROM t{}", chain(" JOIN t ON a = b")),
            format!("SELECT * FROM t WHERE a = 1{}", chain(" AND EXISTS (SELECT 1)")),
            format!("WITH {} x AS (SELECT 1) SELECT 1", chain("x AS (SELECT 1),")),
            format!("INSERT INTO t VALUES (1){}", chain(", (1)")),
        ] {
            let row = SqliteRow { id: 1, parent: 0, detail: "SCAN t".to_owned() };
            let catalog = Catalog::default().with(Table::new("t").rows(1e6).column("a", "INTEGER"));
            let _ = analyze(parse::sqlite([row]).with_statement(sql), &catalog);
        }
    }
}

#[test]
fn own_times_add_up_to_the_whole() {
    for text in PLANS {
        let plan = parse::postgres_json(text).unwrap();
        let facts = Facts::of(&plan);
        let own: f64 = plan.nodes().filter_map(|(id, _)| facts.get(id)?.own_ms).sum();
        let whole = facts.get(plan.roots().next().unwrap()).unwrap().time_ms.unwrap();
        assert!(own > whole * 0.5 && own < whole * 1.05, "{own} of {whole}");
    }
}

#[test]
fn a_rule_may_be_shared_and_may_be_a_closure() {
    let silent: std::sync::Arc<dyn Rule> = std::sync::Arc::new(|_: &Subject<'_>| None);
    let plan = parse::postgres_json(PLANS[0]).unwrap();
    let report =
        explain_analyzer::Analyzer::empty().rule(silent).analyze(plan, &Catalog::default());
    assert!(report.findings.is_empty());
}
