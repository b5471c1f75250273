//! Makes the code of the `.proto` files. Its tests hold what is kept to what would be made.

use std::path::{Path, PathBuf};

const FILES: [&str; 5] = [
    "cluster/v1/attempt.proto",
    "cluster/v1/delivery.proto",
    "cluster/v1/runs.proto",
    "cluster/v1/sessions.proto",
    "externalscaler/externalscaler.proto",
];

/// The names that the generator gives the code of each package.
const GENERATED: [&str; 2] = ["tickermill.cluster.v1.rs", "externalscaler.rs"];

fn main() -> anyhow::Result<()> {
    for (name, code) in generate()? {
        std::fs::write(kept(name), code)?;
    }
    Ok(())
}

/// The folder of the `.proto` files, from which they name each other.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn kept(name: &str) -> PathBuf {
    root().join("src/generated").join(name)
}

/// The code of each package, with its name.
fn generate() -> anyhow::Result<Vec<(&'static str, String)>> {
    let made = tempfile::tempdir()?;
    let files = protox::compile(FILES, [root()])?;
    tonic_prost_build::configure()
        .out_dir(made.path())
        .compile_fds(files)?;
    let read = |name| Ok((name, std::fs::read_to_string(made.path().join(name))?));
    GENERATED.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{FILES, generate, kept, root};

    #[test]
    fn the_code_kept_is_what_the_proto_files_make() {
        for (name, code) in generate().unwrap() {
            assert!(
                fs::read_to_string(kept(name)).unwrap() == code,
                "{name} is behind the .proto files: run `just proto`, and commit what it writes"
            );
        }
    }

    #[test]
    fn every_message_field_and_call_has_a_comment() {
        for file in FILES {
            let text = fs::read_to_string(root().join(file)).unwrap();
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            for (place, pair) in lines.windows(2).enumerate() {
                let [before, line] = pair else { continue };
                let declares = ["message ", "enum ", "service ", "rpc ", "oneof "];
                let declares = declares.iter().any(|word| line.starts_with(word))
                    || line.contains(" = ") && !line.starts_with("syntax");
                assert!(
                    !declares || line.starts_with("//") || before.starts_with("//"),
                    "{file}:{}: `{line}` has no comment",
                    place + 2
                );
            }
        }
    }
}
