//! The generated code is what the `.proto` files make. With `TICKERMILL_GENERATE=1` it is written anew.

use std::fs;
use std::path::Path;

const FILES: [&str; 4] = [
    "cluster/v1/attempt.proto",
    "cluster/v1/delivery.proto",
    "cluster/v1/runs.proto",
    "cluster/v1/sessions.proto",
];
const GENERATED: &str = "tickermill.cluster.v1.rs";

#[test]
fn is_what_the_proto_files_make() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let made = tempfile::tempdir().unwrap();
    let files = protox::compile(FILES, [root]).unwrap();
    let builder = tonic_prost_build::configure().out_dir(made.path());
    builder.compile_fds(files).unwrap();
    let made = fs::read_to_string(made.path().join(GENERATED)).unwrap();
    let kept = root.join("src/generated").join(GENERATED);
    if std::env::var_os("TICKERMILL_GENERATE").is_some() {
        fs::write(&kept, &made).unwrap();
    }
    let kept = fs::read_to_string(kept).unwrap_or_default();
    assert!(
        kept == made,
        "the generated code is behind the .proto files: run `just proto` and commit what it writes"
    );
}

#[test]
fn every_message_field_and_call_has_a_comment() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in FILES {
        let text = fs::read_to_string(root.join(file)).unwrap();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (number, pair) in lines.windows(2).enumerate() {
            let says_something = |line: &str| {
                let declares = ["message ", "enum ", "service ", "rpc ", "oneof "];
                declares.iter().any(|word| line.starts_with(word))
                    || line.contains(" = ") && line.ends_with(';')
            };
            let is_code = says_something(pair[1]) && !pair[1].starts_with("syntax");
            assert!(
                !is_code || pair[0].starts_with("//"),
                "{file}:{}: `{}` has no comment",
                number + 2,
                pair[1]
            );
        }
    }
}
