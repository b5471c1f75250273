//! Pointers to what is newest: put right where a process ended before it moved them.

use std::fs;

use tickermill_tests::market;

const LATEST: &str = "out/latest.json";
const CURRENT: &str = "out/models/volume-forest/current.json";
const TREES: [(&str, &str); 1] = [("MODEL__TREES", "10")];

#[test]
fn pointers_that_are_missing_are_restored_by_the_same_job() {
    let workplace = market::workplace_with_sample();
    let run = || {
        workplace
            .run_with("run --data market --json", &TREES)
            .completed()
    };
    let first = run();
    let before = (workplace.json(LATEST), workplace.json(CURRENT));
    for missing in [&[LATEST][..], &[CURRENT], &[LATEST, CURRENT]] {
        for file in missing {
            fs::remove_file(workplace.path(file)).unwrap();
        }
        let again = run();
        assert_eq!(again["unchanged"], true);
        assert_eq!(again["run_id"], first["run_id"]);
        assert_eq!(
            (workplace.json(LATEST), workplace.json(CURRENT)),
            before,
            "{missing:?}"
        );
    }
}

#[test]
fn the_pointer_to_the_newest_run_does_not_go_back_to_an_older_one() {
    let workplace = market::small_workplace();
    let first = "run --data market --no-train --json";
    let second = "run --data market --no-train --window 20 --json";
    workplace.run(first).completed();
    let newest = workplace.run(second).completed();
    let again = workplace.run(first).completed();
    assert_eq!(again["unchanged"], true);
    assert_eq!(workplace.json(LATEST)["run_id"], newest["run_id"]);
}

#[test]
fn a_failed_run_moves_no_pointer() {
    let workplace = market::workplace_with_sample();
    let arguments = "run --data market --json";
    workplace.run_with(arguments, &TREES).completed();
    let before = (workplace.json(LATEST), workplace.json(CURRENT));
    workplace.write("market/stocks/BAD.csv", "no header of ours\n");
    let failed = workplace.run_with(arguments, &TREES).expect_exit(3);
    assert_eq!(failed.json()["status"], "failed_quality");
    assert_eq!((workplace.json(LATEST), workplace.json(CURRENT)), before);
}
