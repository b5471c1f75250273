//! Published versions of a model, each told apart by the one number that it predicts, and versions that are broken.

use std::path::PathBuf;

use model::forest::Forest;
use model::onnx::{self, Description};
use model::tree::{Node, Tree};
use output::models::content_version;
use serde_json::{Value, json};

use crate::workplace::Workplace;

/// The model.
pub const NAME: &str = "volume-forest";

/// How many ways there are to break a version.
pub const WAYS: usize = 12;

/// A version that is in the store, and that nothing points at yet.
pub struct Version {
    /// Its version.
    pub version: String,
    /// The number that it predicts for every row, as JSON.
    pub value: String,
    onnx: Vec<u8>,
    card: Value,
}

/// A store to which versions are published.
pub struct Models<'a> {
    workplace: &'a Workplace,
    card: Value,
    current: Value,
}

impl<'a> Models<'a> {
    /// The store of a run that has published a model.
    pub fn of(workplace: &'a Workplace) -> Self {
        let current = workplace.json(&format!("out/models/{NAME}/current.json"));
        let version = current["version"].as_str().expect("a version");
        let card = workplace.json(&format!("out/models/{NAME}/{version}/card.json"));
        Self {
            workplace,
            card,
            current,
        }
    }

    /// A version that predicts `value` whatever it is asked.
    pub fn version(&self, value: u32) -> Version {
        self.described(value, |card| card)
    }

    /// The same, but for its card.
    fn described(&self, value: u32, change: impl FnOnce(Value) -> Value) -> Version {
        let value = value as f32;
        let tree = Tree::from_nodes(&[Node::Leaf { value }]).expect("a leaf is a tree");
        let inputs = &self.card["schema"]["input_columns"];
        let inputs: Vec<String> = serde_json::from_value(inputs.clone()).expect("a list of names");
        let forest = Forest::new(inputs, vec![tree]).expect("a tree makes a forest");
        let description = Description {
            model_name: NAME,
            doc_string: "",
            metadata: &std::collections::BTreeMap::new(),
        };
        let onnx = onnx::write(&forest, &description);
        let mut card = self.card.clone();
        card["onnx_digest"] = json!(blake3::hash(&onnx).to_hex().to_string());
        let golden = card["golden_rows"].as_array_mut().expect("a list of rows");
        for row in golden {
            row["output"] = json!(value);
        }
        card["version"] = json!("");
        let mut card = change(card);
        let version = content_version(&text(&card), "");
        card["version"] = json!(version);
        Version {
            version,
            value: format!("{value:?}"),
            onnx,
            card,
        }
    }

    /// Publishes a version: its files, then the pointer to it.
    pub fn publish(&self, version: &Version) {
        self.write(version, &version.onnx, text(&version.card).as_bytes());
        self.point_to(version);
    }

    /// Publishes a version that is broken in one of [`WAYS`] ways, and a little differently for each value.
    pub fn publish_broken(&self, way: usize, value: u32) {
        let good = self.version(value);
        let card = text(&good.card);
        match way {
            0 => self.write(
                &good,
                &good.onnx[..good.onnx.len() - 1 - value as usize % 50],
                card.as_bytes(),
            ),
            1 => self.write(&good, &flipped(&good.onnx, value), card.as_bytes()),
            2 => self.write(
                &good,
                &good.onnx,
                &card.as_bytes()[..card.len() / 2 - value as usize % 50],
            ),
            3 => self.write(
                &good,
                &good.onnx,
                card.replace("golden_rows", "other_rows").as_bytes(),
            ),
            4 => self.write(&good, b"", card.as_bytes()),
            5 => self.workplace.write(&path(&good, "model.onnx"), &good.onnx),
            6 => self.workplace.write(&path(&good, "card.json"), &card),
            7 => self.write(
                &good,
                &good.onnx,
                card.replacen("\"seed\": ", "\"seed\": 1", 1).as_bytes(),
            ),
            8 => {
                return self.publish(&self.described(value, |mut card| {
                    card["golden_rows"][3]["output"] = json!(value + 1);
                    card
                }));
            }
            9 => {
                return self.publish(&self.described(value, |mut card| {
                    card["schema"]["input_columns"] = json!(["other", "names"]);
                    card
                }));
            }
            10 => {
                return self.publish(&self.described(value, |mut card| {
                    card["features"]["features"] = json!([]);
                    card
                }));
            }
            _ => {
                let path = format!("out/models/{NAME}/current.json");
                return self.replace(&path, format!("{{\"version\": {value}").as_bytes());
            }
        }
        self.point_to(&good);
    }

    fn write(&self, version: &Version, onnx: &[u8], card: &[u8]) {
        self.workplace.write(&path(version, "model.onnx"), onnx);
        self.workplace.write(&path(version, "card.json"), card);
    }

    fn point_to(&self, version: &Version) {
        let mut current = self.current.clone();
        current["version"] = json!(version.version);
        current["digest"] = version.card["onnx_digest"].clone();
        let path = format!("out/models/{NAME}/current.json");
        self.replace(&path, text(&current).as_bytes());
    }

    /// Readers see the old bytes or the new ones.
    fn replace(&self, path: &str, bytes: &[u8]) {
        let staged = format!("{path}.staged");
        self.workplace.write(&staged, bytes);
        let path: PathBuf = self.workplace.path(path);
        std::fs::rename(self.workplace.path(&staged), path).expect("it can be renamed");
    }
}

fn path(version: &Version, file: &str) -> String {
    format!("out/models/{NAME}/{}/{file}", version.version)
}

/// One bit of it is another, somewhere in its second half.
fn flipped(bytes: &[u8], place: u32) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let half = bytes.len() / 2;
    bytes[half + place as usize % half] ^= 1;
    bytes
}

fn text(document: &Value) -> String {
    let mut text = serde_json::to_string_pretty(document).expect("it has a JSON form");
    text.push('\n');
    text
}
