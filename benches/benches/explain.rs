//! A large measured plan of PostgreSQL, from text to typed nodes.

use std::fmt::Write as _;

use criterion::{Criterion, criterion_group, criterion_main};
use explain_analyzer::parse;
use rounds_benches::pair;
use rustcmdpev_core::{parser::parse_explain_document, structure::data::plan::Plan};

/// Partitions below the root, each read by [`NODES_EACH`] nodes.
const PARTITIONS: usize = 300;
const NODES_EACH: usize = 5;

/// What both parsers must have read: nodes, their estimated rows, their measured rows and loops.
#[derive(Debug, Default, PartialEq)]
struct Totals {
    nodes: usize,
    planned: f64,
    rows: f64,
    loops: f64,
}

/// A query over a partitioned table that joins each partition with the people in it.
fn document() -> String {
    let mut random = fastrand::Rng::with_seed(7);
    let mut text = String::from("[{\"Plan\": {");
    numbers(&mut text, "Append", "", &mut random);
    text.push_str(", \"Plans\": [");
    for partition in 0..PARTITIONS {
        if partition > 0 {
            text.push_str(", ");
        }
        join(&mut text, partition, &mut random);
    }
    text.push_str("]}, \"Planning\": {\"Shared Hit Blocks\": 812, \"Shared Read Blocks\": 4}, ");
    text.push_str("\"Planning Time\": 41.207, \"Triggers\": [], \"Execution Time\": 918.455}]");
    text
}

fn join(text: &mut String, partition: usize, random: &mut fastrand::Rng) {
    let extra = ", \"Join Type\": \"Inner\", \"Inner Unique\": true, \
                 \"Hash Cond\": \"(a.person_id = p.id)\"";
    open(text, "Hash Join", extra, random);
    let index = format!(
        ", \"Scan Direction\": \"Forward\", \"Index Name\": \"assignments_{partition}_day_idx\", \
         \"Relation Name\": \"assignments_{partition}\", \"Alias\": \"a_{partition}\", \
         \"Index Cond\": \"((a.day >= '2027-07-01'::date) AND (a.day < '2027-07-29'::date))\", \
         \"Rows Removed by Index Recheck\": 0, \"Filter\": \"(a.rotation_id = ANY ('{{3,5,8}}'::bigint[]))\", \
         \"Rows Removed by Filter\": 118"
    );
    leaf(text, "Index Scan", &index, random);
    text.push_str(", ");
    let hash = ", \"Hash Buckets\": 1024, \"Original Hash Buckets\": 1024, \"Hash Batches\": 1, \
                \"Original Hash Batches\": 1, \"Peak Memory Usage\": 40";
    open(text, "Hash", hash, random);
    let sort = ", \"Sort Key\": [\"p.name\", \"p.id\"], \"Sort Method\": \"quicksort\", \
                \"Sort Space Used\": 31, \"Sort Space Type\": \"Memory\"";
    open(text, "Sort", sort, random);
    let scan = ", \"Relation Name\": \"people\", \"Alias\": \"p\", \
                \"Filter\": \"((p.year)::text = 'PGY2'::text)\", \"Rows Removed by Filter\": 44";
    leaf(text, "Seq Scan", scan, random);
    text.push_str("]}]}]}");
}

fn open(text: &mut String, kind: &str, extra: &str, random: &mut fastrand::Rng) {
    text.push('{');
    numbers(text, kind, extra, random);
    text.push_str(", \"Plans\": [");
}

fn leaf(text: &mut String, kind: &str, extra: &str, random: &mut fastrand::Rng) {
    text.push('{');
    numbers(text, kind, extra, random);
    text.push('}');
}

/// The fields that `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)` prints for every node.
fn numbers(text: &mut String, kind: &str, extra: &str, random: &mut fastrand::Rng) {
    let mut any = |limit| random.u32(..limit);
    write!(
        text,
        "\"Node Type\": \"{kind}\", \"Parent Relationship\": \"Outer\", \"Parallel Aware\": false, \
         \"Async Capable\": false, \"Startup Cost\": {}.29, \"Total Cost\": {}.57, \
         \"Plan Rows\": {}, \"Plan Width\": {}, \"Actual Startup Time\": 0.{:03}, \
         \"Actual Total Time\": {}.{:03}, \"Actual Rows\": {}, \"Actual Loops\": {}{extra}, \
         \"Shared Hit Blocks\": {}, \"Shared Read Blocks\": {}, \"Shared Dirtied Blocks\": 0, \
         \"Shared Written Blocks\": 0, \"Local Hit Blocks\": 0, \"Local Read Blocks\": 0, \
         \"Local Dirtied Blocks\": 0, \"Local Written Blocks\": 0, \"Temp Read Blocks\": 0, \
         \"Temp Written Blocks\": 0",
        any(9),
        any(9_000),
        any(50_000),
        any(200),
        any(999),
        any(99),
        any(999),
        any(50_000),
        1 + any(4),
        any(9_000),
        any(900),
    )
    .expect("a string takes all");
}

fn ours(text: &str) -> Totals {
    let plan = parse::postgres_json(text).expect("a plan");
    let mut totals = Totals::default();
    for (_, node) in plan.nodes() {
        let actual = node.actual.unwrap_or_default();
        totals.add(node.estimate.map_or(0.0, |estimate| estimate.rows), actual.rows, actual.loops);
    }
    totals
}

#[expect(clippy::cast_precision_loss, reason = "the document holds small numbers")]
fn peer(text: &str) -> Totals {
    fn visit(plan: &Plan, totals: &mut Totals) {
        let (planned, actuals) = (plan.estimates.plan_rows, &plan.actuals);
        totals.add(planned as f64, actuals.actual_rows as f64, actuals.actual_loops as f64);
        plan.plans.iter().for_each(|child| visit(child, totals));
    }
    let mut totals = Totals::default();
    visit(&parse_explain_document(text).expect("a plan").plan, &mut totals);
    totals
}

impl Totals {
    fn add(&mut self, planned: f64, rows: f64, loops: f64) {
        self.nodes += 1;
        self.planned += planned;
        self.rows += rows;
        self.loops += loops;
    }
}

fn plans(criterion: &mut Criterion) {
    let text = document();
    assert_eq!(ours(&text).nodes, 1 + PARTITIONS * NODES_EACH);
    pair(criterion, "parse-plan", ("ours", || ours(&text)), ("rustcmdpev", || peer(&text)));
}

criterion_group!(benches, plans);
criterion_main!(benches);
