//! The bodies of the Open Inference Protocol, version 2: an inference's request and its answer. Pure.
//!
//! Sources: `docs/predict-api/v2/required_api.md` of the kserve repository for the protocol, and
//! `docs/protocol/extension_binary_data.md` of Triton's server for tensors that follow the JSON as bytes.

use bytes::Bytes;
use serde::de::{DeserializeSeed, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::refusal::Refusal;
use crate::served::ServedModel;

/// The one type of tensors here.
pub(crate) const FP32: &str = "FP32";

/// Bytes of a value of that type.
const FP32_BYTES: usize = size_of::<f32>();

/// What an inference asks: rows, and in which form the answer is to be.
#[derive(Debug, PartialEq)]
pub(crate) struct Inference {
    pub(crate) id: Option<String>,
    /// The rows, one after another.
    pub(crate) rows: Vec<f32>,
    /// Whether the predictions are to follow the JSON as bytes.
    binary: bool,
}

#[derive(Deserialize)]
struct Request {
    id: Option<String>,
    #[serde(default)]
    parameters: RequestParameters,
    inputs: Vec<Input>,
    #[serde(default)]
    outputs: Vec<Output>,
}

#[derive(Default, Deserialize)]
struct RequestParameters {
    #[serde(default)]
    binary_data_output: bool,
}

#[derive(Deserialize)]
struct Input {
    name: String,
    shape: Vec<u64>,
    datatype: String,
    #[serde(default)]
    parameters: InputParameters,
    data: Option<Values>,
}

#[derive(Default, Deserialize)]
struct InputParameters {
    binary_data_size: Option<usize>,
}

#[derive(Deserialize)]
struct Output {
    name: String,
    #[serde(default)]
    parameters: OutputParameters,
}

#[derive(Default, Deserialize)]
struct OutputParameters {
    binary_data: Option<bool>,
}

/// Numbers in lists that may be nested, in the order in which they stand.
#[derive(Default)]
struct Values(Vec<f32>);

impl Inference {
    /// Reads a body. `json_bytes` is how many of its bytes are JSON, where tensors follow as bytes.
    pub(crate) fn read(
        body: &Bytes,
        json_bytes: Option<usize>,
        model: &ServedModel,
        max_rows: usize,
    ) -> Result<Self, Refusal> {
        let json_bytes = json_bytes.unwrap_or(body.len());
        if json_bytes > body.len() {
            return Err(Refusal::bad(
                "Inference-Header-Content-Length",
                format!("{json_bytes} is more than the body has"),
                format!("at most {}", body.len()),
            ));
        }
        let (json, binary) = body.split_at(json_bytes);
        let request: Request = serde_json::from_slice(json).map_err(|error| {
            let expected = "an inference request of the Open Inference Protocol, version 2";
            Refusal::malformed(format!("the body cannot be read: {error}"), expected)
        })?;
        let [input] = <[Input; 1]>::try_from(request.inputs).map_err(|inputs| {
            let found = format!("{} tensors are given", inputs.len());
            Refusal::bad("inputs", found, format!("one tensor, `{}`", model.input))
        })?;
        let wants_binary = wants_binary(&request.outputs, &request.parameters, model)?;
        Ok(Self {
            id: request.id,
            rows: rows_of(input, binary, model, max_rows)?,
            binary: wants_binary,
        })
    }

    /// The body that answers, and how many of its bytes are JSON, where bytes follow.
    pub(crate) fn answer(
        &self,
        model: &ServedModel,
        predictions: &[f64],
    ) -> (Vec<u8>, Option<usize>) {
        // The tensor's type, which any ONNX runtime gives.
        let values: Vec<f32> = predictions.iter().map(|value| *value as f32).collect();
        let binary_data_size = self.binary.then_some(values.len() * FP32_BYTES);
        let answer = Answer {
            model_name: &model.name,
            model_version: &model.version,
            id: self.id.as_deref(),
            outputs: [AnsweredOutput {
                name: &model.output,
                datatype: FP32,
                shape: [values.len(), 1],
                parameters: binary_data_size.map(|size| BinaryDataSize {
                    binary_data_size: size,
                }),
                data: (!self.binary).then_some(&values),
            }],
        };
        let mut body = serde_json::to_vec(&answer).expect("our own types have a JSON form");
        if !self.binary {
            return (body, None);
        }
        let json_bytes = body.len();
        body.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        (body, Some(json_bytes))
    }
}

#[derive(Serialize)]
struct Answer<'a> {
    model_name: &'a str,
    model_version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    outputs: [AnsweredOutput<'a>; 1],
}

#[derive(Serialize)]
struct AnsweredOutput<'a> {
    name: &'a str,
    datatype: &'static str,
    shape: [usize; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<BinaryDataSize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Vec<f32>>,
}

#[derive(Serialize)]
struct BinaryDataSize {
    binary_data_size: usize,
}

fn wants_binary(
    outputs: &[Output],
    parameters: &RequestParameters,
    model: &ServedModel,
) -> Result<bool, Refusal> {
    if let Some(other) = outputs.iter().find(|output| output.name != model.output) {
        let found = format!(
            "there is no output `{}`",
            crate::question::shortened(&other.name)
        );
        return Err(Refusal::bad(
            "outputs",
            found,
            format!("`{}`", model.output),
        ));
    }
    if outputs.len() > 1 {
        return Err(Refusal::bad(
            "outputs",
            "an output is asked for twice",
            "each output once",
        ));
    }
    let own = outputs
        .first()
        .and_then(|output| output.parameters.binary_data);
    Ok(own.unwrap_or(parameters.binary_data_output))
}

fn rows_of(
    input: Input,
    binary: &[u8],
    model: &ServedModel,
    max_rows: usize,
) -> Result<Vec<f32>, Refusal> {
    let columns = model.inputs.len();
    if input.name != model.input {
        let found = format!(
            "there is no input `{}`",
            crate::question::shortened(&input.name)
        );
        return Err(Refusal::bad(
            "inputs[0].name",
            found,
            format!("`{}`", model.input),
        ));
    }
    if input.datatype != FP32 {
        let found = format!(
            "`{}` is not its type",
            crate::question::shortened(&input.datatype)
        );
        return Err(Refusal::bad("inputs[0].datatype", found, FP32));
    }
    let [rows, given_columns] = input.shape[..] else {
        let found = format!("a tensor of {} dimensions", input.shape.len());
        return Err(Refusal::bad(
            "inputs[0].shape",
            found,
            format!("[N, {columns}]"),
        ));
    };
    if given_columns != columns as u64 || rows == 0 {
        let found = format!("[{rows}, {given_columns}] is not its shape");
        let expected = format!("[N, {columns}], with N from 1");
        return Err(Refusal::bad("inputs[0].shape", found, expected));
    }
    if rows > max_rows as u64 {
        let found = format!("{rows} rows are too many");
        return Err(Refusal::bad(
            "inputs[0].shape",
            found,
            format!("at most {max_rows} rows"),
        ));
    }
    let values = rows as usize * columns;
    let rows = match (input.parameters.binary_data_size, input.data) {
        (Some(size), None) => {
            if size != binary.len() || size != values * FP32_BYTES {
                return Err(Refusal::bad(
                    "inputs[0].parameters.binary_data_size",
                    format!("{size}, and {} bytes follow the JSON", binary.len()),
                    format!("{}, and as many bytes", values * FP32_BYTES),
                ));
            }
            let (floats, _) = binary.as_chunks::<FP32_BYTES>();
            floats.iter().copied().map(f32::from_le_bytes).collect()
        }
        (None, Some(Values(data))) if !binary.is_empty() || data.len() != values => {
            let found = format!(
                "{} values, and {} bytes after the JSON",
                data.len(),
                binary.len()
            );
            return Err(Refusal::bad(
                "inputs[0].data",
                found,
                format!("{values} values alone"),
            ));
        }
        (None, Some(Values(data))) => data,
        (Some(_), Some(_)) | (None, None) => {
            return Err(Refusal::bad(
                "inputs[0].data",
                "data has to be given in one form",
                "either data, or parameters.binary_data_size and bytes after the JSON",
            ));
        }
    };
    check_finite(&rows, model)?;
    Ok(rows)
}

fn check_finite(rows: &[f32], model: &ServedModel) -> Result<(), Refusal> {
    let bad = |value: &&f32| !(value.is_finite() || value.is_nan() && model.takes_missing());
    match rows.iter().find(bad) {
        None => Ok(()),
        Some(value) => Err(Refusal::bad(
            "inputs[0].data",
            format!("{value} among the values"),
            if model.takes_missing() {
                "finite values, or NaN where one is missing"
            } else {
                "finite values"
            },
        )),
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut values = Self::default();
        Level(&mut values).deserialize(deserializer)?;
        Ok(values)
    }
}

/// One level of nested lists, whose numbers are appended.
struct Level<'a>(&'a mut Values);

impl<'de> DeserializeSeed<'de> for Level<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a number of float32, or a list of them")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Level(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        let narrow = value as f32;
        if narrow.is_infinite() {
            return Err(E::custom(format_args!("{value:e} is beyond float32")));
        }
        self.0.0.push(narrow);
        Ok(())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.visit_f64(value as f64)
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.visit_f64(value as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::served::constant;
    use serde_json::{Value, json};

    fn read(body: &[u8], json_bytes: Option<usize>) -> Result<Inference, Refusal> {
        Inference::read(&Bytes::copy_from_slice(body), json_bytes, &constant(), 10)
    }

    fn request(data: &Value, shape: &Value) -> String {
        let input = json!({ "name": "features", "datatype": "FP32", "shape": shape, "data": data });
        json!({ "id": "7", "inputs": [input] }).to_string()
    }

    #[test]
    fn values_are_read_flat_or_nested() {
        let shape = json!([2, 2]);
        for data in [json!([1, 2.5, -3, 4]), json!([[1, 2.5], [-3, 4]])] {
            let inference = read(request(&data, &shape).as_bytes(), None).unwrap();
            assert_eq!(inference.rows, [1.0, 2.5, -3.0, 4.0]);
            let (answer, json_bytes) = inference.answer(&constant(), &[7.0, 7.0]);
            assert_eq!(json_bytes, None);
            let answer: Value = serde_json::from_slice(&answer).unwrap();
            assert_eq!(answer["id"], "7");
            let output = &answer["outputs"][0];
            assert_eq!(
                (&output["shape"], &output["data"]),
                (&json!([2, 1]), &json!([7.0, 7.0]))
            );
        }
    }

    #[test]
    fn values_are_read_and_written_as_bytes() {
        let head = json!({
            "parameters": { "binary_data_output": true },
            "inputs": [{
                "name": "features", "datatype": "FP32", "shape": [1, 2], "parameters": { "binary_data_size": 8 },
            }],
        })
        .to_string();
        let mut body = head.clone().into_bytes();
        body.extend([1.5_f32, 2.0].map(f32::to_le_bytes).concat());
        let inference = read(&body, Some(head.len())).unwrap();
        assert_eq!(inference.rows, [1.5, 2.0]);
        let (answer, json_bytes) = inference.answer(&constant(), &[7.0]);
        let (json, bytes) = answer.split_at(json_bytes.unwrap());
        assert_eq!(bytes, 7.0_f32.to_le_bytes());
        let json: Value = serde_json::from_slice(json).unwrap();
        assert_eq!(json["outputs"][0]["parameters"]["binary_data_size"], 4);
        let refusal = read(&body[..body.len() - 1], Some(head.len())).unwrap_err();
        let field = "inputs[0].parameters.binary_data_size";
        assert_eq!(refusal.field.as_deref(), Some(field));
        assert!(read(&body, Some(body.len() + 1)).is_err());
    }

    #[test]
    fn tensors_that_do_not_fit_are_refused_by_name() {
        let field = |data: Value, shape: Value| {
            let refusal = read(request(&data, &shape).as_bytes(), None).unwrap_err();
            assert_eq!(refusal.status, 400);
            refusal.field
        };
        let shape = Some("inputs[0].shape".to_owned());
        let data = Some("inputs[0].data".to_owned());
        assert_eq!(field(json!([1, 2]), json!([1, 3])), shape);
        assert_eq!(field(json!([1, 2]), json!([2])), shape);
        assert_eq!(field(json!([]), json!([0, 2])), shape);
        assert_eq!(field(json!([]), json!([u64::MAX, 2])), shape);
        assert_eq!(field(json!([1]), json!([1, 2])), data);
        assert_eq!(field(json!([1, 2, 3]), json!([1, 2])), data);
        assert_eq!(field(Value::Null, json!([1, 2])), data);
        assert_eq!(field(json!([1, 1e39]), json!([1, 2])), None);
        assert_eq!(field(json!([1, "2"]), json!([1, 2])), None);
    }
}
