//! Makes the code of `cluster/v1/*.proto`. Its tests hold what is kept to what would be made.

use std::path::{Path, PathBuf};

const FILES: [&str; 4] = [
    "cluster/v1/attempt.proto",
    "cluster/v1/delivery.proto",
    "cluster/v1/runs.proto",
    "cluster/v1/sessions.proto",
];

/// The name that the generator gives the code of our package.
const GENERATED: &str = "tickermill.cluster.v1.rs";

fn main() -> anyhow::Result<()> {
    std::fs::write(kept(), generate()?)?;
    Ok(())
}

/// The folder of the `.proto` files, from which they name each other.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn kept() -> PathBuf {
    root().join("src/generated").join(GENERATED)
}

fn generate() -> anyhow::Result<String> {
    let made = tempfile::tempdir()?;
    let files = protox::compile(FILES, [root()])?;
    tonic_prost_build::configure()
        .out_dir(made.path())
        .compile_fds(files)?;
    Ok(std::fs::read_to_string(made.path().join(GENERATED))?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{FILES, generate, kept, root};

    #[test]
    fn the_code_kept_is_what_the_proto_files_make() {
        assert!(
            fs::read_to_string(kept()).unwrap() == generate().unwrap(),
            "the generated code is behind the .proto files: run `just proto`, and commit what it writes"
        );
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
