//! Attributes of operators, by the type of their value.

use super::messages::{Attribute, AttributeType};
use bytes::Bytes;

fn attribute(name: &str, kind: AttributeType) -> Attribute {
    Attribute {
        name: name.to_owned(),
        r#type: kind.into(),
        ..Attribute::default()
    }
}

pub(super) fn float(name: &str, f: f32) -> Attribute {
    Attribute {
        f,
        ..attribute(name, AttributeType::Float)
    }
}

pub(super) fn int(name: &str, i: i64) -> Attribute {
    Attribute {
        i,
        ..attribute(name, AttributeType::Int)
    }
}

pub(super) fn ints(name: &str, ints: Vec<i64>) -> Attribute {
    Attribute {
        ints,
        ..attribute(name, AttributeType::Ints)
    }
}

pub(super) fn floats(name: &str, floats: Vec<f32>) -> Attribute {
    Attribute {
        floats,
        ..attribute(name, AttributeType::Floats)
    }
}

pub(super) fn string(name: &str, s: Bytes) -> Attribute {
    Attribute {
        s,
        ..attribute(name, AttributeType::String)
    }
}

pub(super) fn strings(name: &str, strings: Vec<Bytes>) -> Attribute {
    Attribute {
        strings,
        ..attribute(name, AttributeType::Strings)
    }
}
