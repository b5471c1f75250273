//! Completions, manual pages and help.

use tickermill_tests::workplace::Workplace;

const COMMANDS: [&str; 11] = [
    "run",
    "plan",
    "audit",
    "tune",
    "runs",
    "show",
    "prune",
    "synth",
    "config",
    "completions",
    "man",
];

#[test]
fn completions_know_every_command() {
    let workplace = Workplace::empty();
    for shell in ["bash", "zsh", "fish"] {
        let script = workplace
            .run(&format!("completions {shell}"))
            .expect_exit(0)
            .stdout;
        assert!(script.contains("tickermill"), "{shell}");
        for command in COMMANDS {
            let words = script.split(|byte: char| !byte.is_ascii_alphanumeric());
            assert!(
                words.into_iter().any(|word| word == command),
                "{shell}: {command}"
            );
        }
    }
}

#[test]
fn manual_pages_are_written_for_every_command() {
    let workplace = Workplace::empty();
    workplace.run("man pages").expect_exit(0);
    let pages = workplace.files("pages");
    assert!(pages.contains_key("tickermill.1"), "{pages:?}");
    for command in COMMANDS {
        let page = workplace.read(&format!("pages/tickermill-{command}.1"));
        let page = page.unwrap_or_else(|| panic!("{command} has no page"));
        assert!(
            page.starts_with(b".ie") || page.starts_with(b".TH"),
            "{command}"
        );
    }
}

#[test]
fn help_tells_the_exit_status_and_the_version_is_the_packages() {
    let workplace = Workplace::empty();
    let help = workplace.run("--help").expect_exit(0).stdout;
    assert!(help.contains("3 stopped by a data-quality limit"), "{help}");
    for command in COMMANDS {
        assert!(help.contains(command), "{command}");
        workplace.run(&format!("{command} --help")).expect_exit(0);
    }
    let version = workplace.run("--version").expect_exit(0).stdout;
    assert_eq!(
        version.trim(),
        format!("tickermill {}", env!("CARGO_PKG_VERSION"))
    );
}
