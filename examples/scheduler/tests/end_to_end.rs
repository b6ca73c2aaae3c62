//! The program as its users run it, on the embedded default.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

#[path = "support/program.rs"]
mod program;

use std::time::{Duration, Instant};

use program::{Ended, Place, bundled, copy_data};
use scheduler::cli::Why;
use scheduler::db::Edition;
use scheduler::domain::{Activity, Assignment, Slot};
use scheduler::parts::Parts;
use scheduler::{figures, model, replan};

#[test]
fn a_first_run_publishes_a_legal_schedule_and_four_files() {
    let place = Place::new();
    let ended = place.run(&[]).with_code(0);
    assert!(ended.stdout.contains("legal: no violation"), "{}", ended.stdout);
    for file in ["schedule.csv", "schedule.ics", "schedule.html", "audit.json"] {
        assert!(place.out(file).metadata().unwrap().len() > 1000, "{file}");
    }
    let (version, schedule, audit) = place.published().unwrap();
    assert_eq!(version, 1);
    assert!(audit.is_clean(), "{:?}", audit.violations);
    assert!(audit.checks.iter().all(|c| c.cases > 0), "{:?}", audit.checks);
    let coverage = figures::coverage(&bundled(), &schedule);
    assert_eq!(coverage.filled, coverage.required);
}

#[test]
fn what_was_written_is_read_back_and_judged_alike() {
    let place = Place::new();
    place.run(&[]).with_code(0);
    let csv = place.out("schedule.csv");
    let published = std::fs::read(place.out("audit.json")).unwrap();
    let ended = place.run(&["audit", csv.to_str().unwrap()]).with_code(0);
    assert!(ended.stdout.contains("legal: no violation"), "{}", ended.stdout);
    // Without its calls a rotation's nights are not covered.
    let text = std::fs::read_to_string(&csv).unwrap();
    let without: Vec<_> = text.lines().filter(|line| !line.contains(",call,")).collect();
    let broken = place.path("broken.csv");
    std::fs::write(&broken, without.join("\n")).unwrap();
    let ended = place.run(&["audit", broken.to_str().unwrap()]).with_code(1);
    assert!(ended.stdout.contains("coverage"), "{}", ended.stdout);
    assert!(ended.stdout.contains("NOT LEGAL"), "{}", ended.stdout);
    assert!(ended.stdout.contains("out/audit-of-broken.json"), "{}", ended.stdout);
    let verdict = std::fs::read_to_string(place.out("audit-of-broken.json")).unwrap();
    assert!(verdict.contains("coverage"), "{verdict}");
    assert_eq!(std::fs::read(place.out("audit.json")).unwrap(), published);
    // A verdict that cannot be kept is told all the same.
    let kept = std::fs::read(&csv).unwrap();
    for (file, told) in [(&csv, "legal: no violation"), (&broken, "NOT LEGAL")] {
        let ended = place.run(&["audit", file.to_str().unwrap(), "--out", "broken.csv"]);
        let ended = ended.with_code(1);
        assert!(ended.stdout.contains(told), "{}", ended.stdout);
        assert!(
            ended.stdout.contains("FAILED     verdict: --out broken.csv: "),
            "{}",
            ended.stdout
        );
    }
    assert_eq!(std::fs::read(&csv).unwrap(), kept);
}

#[test]
fn a_second_run_writes_only_what_differs() {
    let place = Place::new();
    place.run(&["--seed", "1"]).with_code(0);
    let (_, before, _) = place.published().unwrap();
    let ended = place.run(&["--seed", "2"]).with_code(0);
    let (version, after, audit) = place.published().unwrap();
    assert_eq!(version, 2);
    assert!(audit.is_clean());
    let same = after.assignments.iter().filter(|a| before.assignments.contains(a)).count();
    assert!(ended.stdout.contains(&format!("{same} unchanged")), "{same}\n{}", ended.stdout);
}

#[test]
fn one_more_absence_changes_little_and_is_not_forgotten() {
    let place = Place::new();
    place.run(&[]).with_code(0);
    let one = place.easily_spared("2026-11-02", "2026-11-06");
    let absence = ["replan", "--person", &one, "--from", "2026-11-02", "--to", "2026-11-06"];
    let ended = place.run(&absence).with_code(0);
    assert!(ended.stdout.contains("of other people changed"), "{}", ended.stdout);
    assert!(away(&place, &one, "2026-11-02", "2026-11-06"));
    assert_eq!(place.published().unwrap().0, 2);
    // Neither the next absence nor a new schedule puts the first one back on duty.
    let other = place.easily_spared("2026-11-03", "2026-11-03");
    place
        .run(&["replan", "--person", &other, "--from", "2026-11-03", "--to", "2026-11-03"])
        .with_code(0);
    assert!(away(&place, &one, "2026-11-02", "2026-11-06"));
    place.run(&["--seed", "5"]).with_code(0);
    assert!(away(&place, &one, "2026-11-02", "2026-11-06"));
    assert!(away(&place, &other, "2026-11-03", "2026-11-03"));
    let ended = place.run(&absence).with_code(2);
    assert!(ended.stderr.contains("already away"), "{}", ended.stderr);
}

#[test]
fn an_absence_that_a_persons_own_past_excludes_is_told_without_a_long_search() {
    let place = Place::new();
    place.run(&[]).with_code(0);
    let (programme, (_, mut schedule, _)) = (bundled(), place.published().unwrap());
    let present = |person: usize| programme.absences.iter().all(|a| a.person != person);
    let call = schedule.assignments.iter().find_map(|a| {
        (matches!(a.duty, Activity::Call(_)) && present(a.person)).then_some((a.person, a.duty))
    });
    let (person, call) = call.unwrap();
    // On call all nights of the two weeks before: more than what is left of four weeks allows.
    let first = programme.block.date(14);
    let past_night = |a: &Assignment| a.slot == Slot::Night && a.date < first;
    schedule.assignments.retain(|a| a.person != person || !past_night(a));
    for day in 0..13 {
        let date = programme.block.date(day);
        schedule.assignments.push(model::cell(&programme, person, date, Slot::Night, call));
    }
    let id = &programme.people[person].id;
    let absence = replan::absence(&programme, id, first, programme.block.date(18), Why::Sick);
    let begun = Instant::now();
    let mended = replan::mend(&programme, &schedule, absence.unwrap(), replan::TIME, 1).unwrap();
    assert_eq!(mended.stuck, [person]);
    assert!(mended.failure().contains(&**id), "{}", mended.failure());
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
}

/// Whether somebody has no duty from one day to another in the published schedule.
fn away(place: &Place, id: &str, from: &str, to: &str) -> bool {
    let (_, schedule, _) = place.published().unwrap();
    let person = bundled().people.iter().position(|p| p.id == id).unwrap();
    let own = schedule.assignments.iter().filter(|a| a.person == person);
    let mut own = own.filter(|a| (from..=to).contains(&&*a.date.to_string()));
    own.all(|a| !a.duty.is_duty())
}

#[test]
fn a_failed_replan_leaves_the_block_free() {
    let place = Place::new().with("LOCK_TTL", "600");
    // A database without a publication.
    assert!(place.published().is_none());
    let absence = ["replan", "--person", "r105", "--from", "2026-11-02", "--to", "2026-11-06"];
    let ended = place.run(&absence).with_code(1);
    assert!(ended.stderr.contains("run `scheduler generate` first"), "{}", ended.stderr);
    place.run(&["--wait", "0"]).with_code(0);
}

#[test]
fn a_late_holder_publishes_nothing() {
    let place = Place::new();
    place.run(&[]).with_code(0);
    let (version, before, _) = place.published().unwrap();
    let programme = bundled();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let publish = |fence: u64, follows: i64| {
        let edition = Edition {
            block: &programme.block.id,
            programme: &programme.block.programme,
            follows,
            learnt: None,
            fenced: "a lock of this test",
            fence: dist_lock::FencingToken::new(fence),
            holder: "test",
        };
        let settings = place.settings();
        runtime.block_on(async {
            let parts = Parts::connect(&settings, &programme.block.id).await.unwrap();
            parts.writes.publish(edition, &[]).await
        })
    };
    // Somebody published since this one looked.
    let refused = publish(7, version - 1).unwrap_err().to_string();
    assert!(refused.contains("meanwhile"), "{refused}");
    assert_eq!(place.published().unwrap().1, before);
    publish(7, version).unwrap();
    // A token older than one that was seen is refused, whatever it follows.
    assert!(publish(6, version + 1).is_err());
    assert_eq!(place.published().unwrap().0, version + 1);
}

#[test]
fn a_block_of_another_programme_is_not_touched() {
    let place = Place::new();
    place.run(&[]).with_code(0);
    let data = place.path("data");
    copy_data(&data);
    let settings = std::fs::read_to_string(data.join("settings.csv")).unwrap();
    let other = settings.replace("Lakeshore", "Riverside");
    std::fs::write(data.join("settings.csv"), other).unwrap();
    let ended = place.run(&["--data", data.to_str().unwrap()]).with_code(1);
    assert!(ended.stderr.contains("belongs to Lakeshore"), "{}", ended.stderr);
    assert_eq!(place.published().unwrap().0, 1);
}

#[test]
fn a_relabelled_night_is_still_a_night() {
    let place = Place::new();
    place.run(&[]).with_code(0);
    let text = std::fs::read_to_string(place.out("schedule.csv")).unwrap();
    let relabelled = place.path("relabelled.csv");
    std::fs::write(&relabelled, text.replace(",call,", ",night,")).unwrap();
    let ended = place.run(&["audit", relabelled.to_str().unwrap()]).with_code(1);
    assert!(ended.stdout.contains("cells "), "{}", ended.stdout);
}

#[test]
fn an_absence_that_cannot_be_is_refused() {
    let place = Place::new();
    let ends = |person: &str, from: &str, to: &str, says: &str| {
        let ended = place.run(&["replan", "--person", person, "--from", from, "--to", to]);
        assert!(ended.stderr.contains(says), "{}", ended.stderr);
        ended.code
    };
    let refused = |person, from, to, says| assert_eq!(ends(person, from, to, says), Some(2));
    refused("nobody", "2026-11-02", "2026-11-03", "the ids are in people.csv");
    refused("r105", "2026-11-03", "2026-11-02", "comes after");
    refused("r105", "2026-12-01", "2026-12-02", "the block goes from");
    refused("r104", "2026-10-20", "2026-10-21", "already away");
    assert_eq!(ends("r105", "2026-11-02", "2026-11-03", "no published schedule"), Some(1));
    // Nor is anything left behind.
    assert_eq!(std::fs::read_dir(place.path("")).unwrap().count(), 0);
}

#[test]
fn bad_input_stores_nothing() {
    let place = Place::new();
    let data = place.path("data");
    copy_data(&data);
    std::fs::write(data.join("demand.csv"), "rotation,days,slot,min,wanted\nmoon,weekday,AM,x,1\n")
        .unwrap();
    let ended = place.run(&["--data", data.to_str().unwrap()]).with_code(2);
    assert!(ended.stderr.contains("demand.csv:2"), "{}", ended.stderr);
    assert!(!place.path("rounds.db").exists());
}

#[test]
fn a_place_that_cannot_keep_the_result_is_refused_before_the_search() {
    let place = Place::new();
    std::fs::write(place.path("file"), "").unwrap();
    for out in ["file", "file/below"] {
        let ended = place.run(&["--out", out]).with_code(2);
        let told = format!("--out {out}: ");
        assert!(ended.stderr.contains(&told), "{}", ended.stderr);
        assert!(ended.stderr.contains("name a folder"), "{}", ended.stderr);
    }
    assert!(!place.path("rounds.db").exists());
    let nowhere = place.path("nowhere");
    let place = place.with("DATABASE_URL", &format!("sqlite://{}/x.db", nowhere.display()));
    let ended = place.run(&[]).with_code(2);
    assert!(ended.stderr.contains("DATABASE_URL: there is no folder"), "{}", ended.stderr);
    assert!(!nowhere.exists());
}

#[test]
fn a_log_that_nobody_watches_has_no_colours() {
    let place = Place::new();
    let data = place.path("data");
    copy_data(&data);
    std::fs::remove_file(data.join("history.csv")).unwrap();
    let absence = ["--person", "r105", "--from", "2026-11-02", "--to", "2026-11-02"];
    let arguments = [&["--data", data.to_str().unwrap(), "replan"][..], &absence].concat();
    let ended = place.run(&arguments).with_code(1);
    assert!(ended.stderr.contains(" WARN "), "{}", ended.stderr);
    assert!(!ended.stderr.contains('\u{1b}'), "{}", ended.stderr);
}

#[test]
fn bad_settings_are_named_and_shown_without_secrets() {
    let place = Place::new().with("DB_POOL_SIZE", "many");
    let ended = place.run(&[]).with_code(2);
    assert!(ended.stderr.contains("DB_POOL_SIZE"), "{}", ended.stderr);
    let place = Place::new().with("REDIS_URL", "redis://:hunter2@localhost:1");
    let ended = place.run(&["settings"]).with_code(0);
    assert!(ended.stdout.contains("redis://:***@localhost:1"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("hunter2"));
}

#[test]
fn of_two_processes_one_publishes_and_the_other_waits() {
    let place = Place::new();
    let both = [place.start(&["--wait", "300"]), place.start(&["--wait", "300", "--seed", "2"])];
    let ended = both.map(|child| Ended::of(child.wait_with_output().unwrap()).with_code(0));
    let waited = ended.iter().filter(|e| e.stdout.contains("published the block meanwhile"));
    assert_eq!(waited.count(), 1, "{}\n{}", ended[0].stdout, ended[1].stdout);
    assert_eq!(
        ended.iter().filter(|e| e.stderr.contains("The block is held by process")).count(),
        1
    );
    let (version, _, audit) = place.published().unwrap();
    assert_eq!(version, 1);
    assert!(audit.is_clean());
}

#[test]
fn who_does_not_want_to_wait_leaves() {
    let place = Place::new();
    let first = place.start(&["--seconds", "3"]);
    until_held(&place);
    let ended = place.run(&["--wait", "0"]).with_code(3);
    assert!(ended.stderr.contains("The block is held by process"), "{}", ended.stderr);
    Ended::of(first.wait_with_output().unwrap()).with_code(0);
    assert_eq!(place.published().unwrap().0, 1);
}

#[test]
fn killed_at_any_moment_the_published_schedule_stays_whole() {
    let place = Place::new();
    place.run(&[]).with_code(0);
    // Short for those that are killed, so that the next ones come to work; a busy machine may not
    // renew such a lease in time, so those that have to end well keep the usual one.
    let place = place.with("LOCK_TTL", "1.5");
    let (mut version, ..) = place.published().unwrap();
    for (attempt, percent) in [10, 60, 90, 115].into_iter().enumerate() {
        let mut child = place.start(&["--seed", &attempt.to_string()]);
        let _ = wait_up_to(&mut child, Duration::from_millis(1000) * percent / 60);
        child.kill().unwrap();
        child.wait().unwrap();
        let (now, _, audit) = place.published().unwrap();
        assert!(audit.is_clean(), "{:?}", audit.violations);
        assert!(now == version || now == version + 1, "{version} to {now}");
        version = now;
    }
    // The lease of the last one killed has at most its time to live left.
    let place = place.with("LOCK_TTL", "10");
    place.run(&["--seed", "9", "--wait", "10"]).with_code(0);
    assert_eq!(place.published().unwrap().0, version + 1);
}

/// Waits until the block is held: until a start that does not wait is told so.
fn until_held(place: &Place) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let parts = Parts::connect(&place.settings(), &bundled().block.id).await;
        let lock = parts.unwrap().lock;
        let held = async {
            while lock.holder().await.unwrap().is_none() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), held).await.expect("nobody took the block");
    });
}

/// Polls until the child ends or the time is over.
fn wait_up_to(child: &mut std::process::Child, limit: Duration) -> bool {
    let started = Instant::now();
    while started.elapsed() < limit {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
    false
}
