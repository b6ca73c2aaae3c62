//! Plans of a real PostgreSQL 15 server: what they mean, and what is found in them.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has to fail")]

use explain_analyzer::{
    Analyzer, Catalog, Facts, Index, Operation, Plan, Report, Table, Thresholds, analyze, parse,
};

/// The tables that the plans in `tests/plans` were made on.
fn catalog() -> Catalog {
    let person = Table::new("person")
        .rows(400.0)
        .column("id", "integer")
        .column("name", "text")
        .column("grade", "smallint")
        .index(Index::new("person_pkey", ["id"]).unique(true));
    let shift = Table::new("shift")
        .rows(200_000.0)
        .column("id", "bigint")
        .column("person", "integer")
        .column("kind", "character varying(20)")
        .column("starts", "timestamp without time zone")
        .column("hours", "numeric(4,1)")
        .column("note", "text")
        .index(Index::new("shift_pkey", ["id"]).unique(true));
    let wish = Table::new("wish")
        .rows(3_000.0)
        .column("person", "integer")
        .column("day", "date")
        .column("weight", "integer");
    let site = Table::new("site")
        .rows(400_000.0)
        .column("id", "integer")
        .column("city", "text")
        .column("region", "text");
    Catalog::from_iter([person, shift, wish, site])
}

fn plan(name: &str) -> Plan {
    let path = format!("{}/tests/plans/{name}.json", env!("CARGO_MANIFEST_DIR"));
    parse::postgres_json(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn report(name: &str) -> Report {
    analyze(plan(name), &catalog())
}

fn rules(report: &Report) -> Vec<&str> {
    report.findings.iter().map(|finding| finding.rule).collect()
}

fn statements(report: &Report) -> Vec<&str> {
    report.advice.iter().map(|advice| advice.statement.as_str()).collect()
}

#[test]
fn a_selective_scan_asks_for_equality_before_range() {
    let report = report("selective_scan");
    assert_eq!(rules(&report), ["seqscan-selective"]);
    // The filter names the range first.
    assert_eq!(
        statements(&report),
        ["CREATE INDEX shift_person_starts_idx ON shift (person, starts)"]
    );
    let evidence: Vec<&str> =
        report.findings[0].evidence.iter().map(|each| each.value.as_str()).collect();
    assert_eq!(evidence, ["200000", "425", "99.8 %"]);
}

#[test]
fn a_plan_that_was_not_run_is_judged_by_the_catalog() {
    let report = report("estimated");
    assert_eq!(rules(&report), ["seqscan-selective"]);
    assert_eq!(
        statements(&report),
        ["CREATE INDEX shift_kind_person_starts_idx ON shift (kind, person, starts)"]
    );
    assert!(analyze(plan("estimated"), &Catalog::default()).findings.is_empty());
}

#[test]
fn rows_of_parallel_workers_are_added_and_their_times_are_not() {
    let plan = plan("parallel_scan");
    let facts = Facts::of(&plan);
    let (id, node) = plan.nodes().find(|(_, node)| node.operation == Operation::SeqScan).unwrap();
    let scan = facts.get(id).unwrap();
    assert_eq!(scan.processes, 3.0);
    // 200 000 rows are in the table; the averages over three processes are rounded.
    let read = scan.rows.unwrap() + scan.removed.unwrap();
    assert!((read - 200_000.0).abs() < 3.0, "{read}");
    assert_eq!(scan.time_ms, node.actual.unwrap().total_ms);
    let report = analyze(plan, &catalog());
    assert_eq!(rules(&report), ["seqscan-selective"]);
}

#[test]
fn a_sort_on_disk_asks_for_the_order_itself() {
    let report = report("sort_spill");
    assert_eq!(rules(&report), ["sort-spill"]);
    assert_eq!(
        statements(&report),
        ["CREATE INDEX shift_person_starts_idx ON shift (person, starts DESC)"]
    );
}

#[test]
fn what_the_workers_of_a_sort_write_to_disk_is_added() {
    let plan = plan("parallel_sort_spill");
    let (_, sort) = plan.nodes().find(|(_, node)| node.operation == Operation::Sort).unwrap();
    let usage = sort.sort.as_ref().unwrap();
    assert!(usage.on_disk);
    // Two workers wrote 5960 and 4688 kB, the leader the rest.
    assert!(usage.space_kb > 5960.0 + 4688.0, "{}", usage.space_kb);
}

#[test]
fn correlated_columns_are_reported_as_a_wrong_estimate() {
    let report = report("misestimate");
    assert!(rules(&report).contains(&"row-misestimate"), "{:?}", rules(&report));
}

#[test]
fn a_limit_does_not_make_an_estimate_wrong() {
    let report = report("limited");
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

#[test]
fn a_scan_on_the_inner_side_asks_for_the_join_column() {
    let report = report("inner_scan");
    assert_eq!(rules(&report), ["inner-seqscan"]);
    assert_eq!(
        statements(&report),
        ["CREATE INDEX wish_weight_person_idx ON wish (weight, person)"]
    );
}

#[test]
fn a_scan_in_a_sub_plan_asks_for_the_column_of_the_outer_row() {
    let report = report("sub_plan");
    assert_eq!(statements(&report), ["CREATE INDEX wish_person_idx ON wish (person)"]);
}

#[test]
fn each_arm_of_an_or_has_an_index_of_its_own() {
    let report = report("or_arms");
    assert_eq!(
        statements(&report),
        [
            "CREATE INDEX shift_person_idx ON shift (person)",
            "CREATE INDEX shift_starts_idx ON shift (starts)"
        ]
    );
}

#[test]
fn functions_casts_patterns_and_negations_get_no_plain_index() {
    let report = report("expressions");
    assert_eq!(rules(&report), ["seqscan-selective"]);
    assert!(report.advice.is_empty(), "{:?}", statements(&report));
}

#[test]
fn nodes_that_never_ran_have_no_finding() {
    for name in ["never_executed", "never_executed_join"] {
        let plan = plan(name);
        assert!(plan.nodes().any(|(_, node)| node.never_executed()), "{name}");
        // With every threshold at nothing the gate alone is left.
        let eager = Thresholds::default().share(0.0).time_ms(0.0).table_rows(0.0);
        let report = Analyzer::default().thresholds(eager).analyze(plan, &catalog());
        for finding in &report.findings {
            assert!(
                !report.plan.node(finding.node).unwrap().never_executed(),
                "{name}: {finding:?}"
            );
        }
    }
}

#[test]
fn a_table_expression_is_charged_to_those_who_read_it_once() {
    let plan = plan("cte_twice");
    let facts = Facts::of(&plan);
    let own: f64 = plan.nodes().filter_map(|(id, _)| facts.get(id)?.own_ms).sum();
    let root = facts.get(plan.roots().next().unwrap()).unwrap().time_ms.unwrap();
    assert!((own - root).abs() < root * 0.02, "{own} of {root}");
}

#[test]
fn a_value_computed_once_is_charged_to_the_node_that_asked_for_it() {
    let plan = plan("init_plan");
    let facts = Facts::of(&plan);
    let own = |label: &str, table: Option<&str>| {
        let node = plan.nodes().find(|(_, node)| {
            node.label == label
                && table.is_none_or(|table| node.relation.as_ref().is_some_and(|r| r.name == table))
        });
        facts.get(node.unwrap().0).unwrap().own_ms.unwrap()
    };
    // The scan of 400 people holds the average over 200 000 shifts; the sort above it does not.
    assert!(own("Seq Scan", Some("person")) < 1.0);
    assert!(own("Sort", None) < 1.0);
    assert!(own("Aggregate", None) > 10.0);
}

#[test]
fn triggers_and_settings_are_kept() {
    let trigger = plan("trigger");
    assert_eq!(trigger.triggers.len(), 1);
    assert_eq!(trigger.triggers[0].name, "shift_person_fkey");
    assert!(trigger.triggers[0].time_ms > 1.0);
    assert_eq!(
        plan("init_plan").settings,
        [("max_parallel_workers_per_gather".to_owned(), "0".to_owned())]
    );
}

#[test]
fn an_index_that_exists_is_not_proposed() {
    let shift = catalog().table(None, "shift").unwrap().clone();
    for columns in [vec!["person", "starts"], vec!["person", "starts", "kind"]] {
        let catalog = Catalog::default().with(shift.clone().index(Index::new("there", columns)));
        let report = analyze(plan("selective_scan"), &catalog);
        assert_eq!(rules(&report), ["seqscan-selective"]);
        assert!(report.advice.is_empty());
    }
    for index in [
        Index::new("other_order", ["starts", "person"]),
        Index::new("partial", ["person", "starts"]).partial(true),
        Index::new("hash", ["person", "starts"]).ordered(false),
        Index::new("expression", [] as [&str; 0]),
    ] {
        let catalog = Catalog::default().with(shift.clone().index(index));
        assert_eq!(analyze(plan("selective_scan"), &catalog).advice.len(), 1);
    }
}

#[test]
fn an_index_on_the_first_columns_is_named_as_replaced() {
    let shift = catalog().table(None, "shift").unwrap().clone();
    let catalog = Catalog::default().with(shift.index(Index::new("shift_by_person", ["person"])));
    assert_eq!(analyze(plan("selective_scan"), &catalog).advice[0].replaces, ["shift_by_person"]);
}

#[test]
fn small_plans_are_left_alone() {
    for name in ["trigger", "init_plan", "never_executed_join"] {
        assert!(report(name).advice.is_empty(), "{name}: {:?}", statements(&report(name)));
    }
}

#[test]
fn a_thousand_levels_and_a_hundred_thousand_are_read_and_judged() {
    for depth in [1_000, 100_000] {
        let open = r#"{"Node Type": "Materialize", "Total Cost": 1.5, "Plans": ["#;
        let text = format!(r#"[{{"Plan": {}{{}}{}}}]"#, open.repeat(depth), "]}".repeat(depth));
        let plan = parse::postgres_json(&text).unwrap();
        assert_eq!(plan.nodes().len(), depth + 1);
        let report = analyze(plan, &Catalog::default());
        assert_eq!(
            explain_analyzer::render::terminal(&report).matches("Materialize").count(),
            depth
        );
    }
}

#[test]
fn the_forms_that_tools_export_are_read() {
    let node = r#"{"Plan": {"Node Type": "Result", "Total Cost": 0.01}}"#;
    for text in [
        node.to_owned(),
        format!("[{node}]"),
        format!(r#"[{{"QUERY PLAN": [{node}]}}]"#),
        format!(r#"{{"Query Text": "SELECT 'a\"b'", {}"#, &node[1..]),
    ] {
        assert_eq!(parse::postgres_json(&text).unwrap().nodes().len(), 1, "{text}");
    }
    let logged = format!(r#"{{"Query Text": "SELECT 'a\"b'", {}"#, &node[1..]);
    assert_eq!(parse::postgres_json(&logged).unwrap().statement.as_deref(), Some("SELECT 'a\"b'"));
}

#[test]
fn text_without_a_plan_says_so() {
    use explain_analyzer::Error;
    assert!(matches!(parse::postgres_json("[]"), Err(Error::NoPlan)));
    assert!(matches!(parse::postgres_json(r#"{"Plans": [{}]}"#), Err(Error::NoPlan)));
    assert!(matches!(parse::postgres_json(""), Err(Error::Syntax { offset: 0, .. })));
    assert!(matches!(
        parse::postgres_json(r#"[{"Plan": {"#),
        Err(Error::Syntax { offset: 11, .. })
    ));
    assert!(matches!(parse::postgres_json("[{}] x"), Err(Error::Syntax { offset: 5, .. })));
}
