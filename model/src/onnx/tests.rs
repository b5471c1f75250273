//! Reading: the identity, and refusals of files that were changed on purpose or at random.

use super::messages::{Attribute, Model, Operation};
use super::*;
use crate::forest::{Aggregate, Forest, ForestError, Link};
use crate::invented;
use crate::tree::{Node, Tree, TreeError};
use bytes::Bytes;
use proptest::prelude::*;
use prost::Message;
use std::collections::BTreeMap;

fn forest() -> Forest {
    let split = |feature, threshold, low, high| Node::Split {
        feature,
        threshold,
        nan_low: false,
        low,
        high,
    };
    let leaf = |value| Node::Leaf { value };
    let small = Tree::from_nodes(&[split(1, -0.5, 1, 2), leaf(1.0), leaf(2.0)]).unwrap();
    let large = [
        split(0, 1e9, 1, 4),
        split(1, 0.25, 2, 3),
        leaf(-3.5),
        leaf(f32::MAX),
        leaf(0.0),
    ];
    let large = Tree::from_nodes(&large).unwrap();
    let single = Tree::from_nodes(&[leaf(7.0)]).unwrap();
    Forest::new(
        vec!["volume, mean".into(), "price \"median\"".into()],
        vec![small, large, single],
    )
    .unwrap()
}

fn written() -> Vec<u8> {
    let metadata = BTreeMap::from([
        ("b".to_owned(), "2".to_owned()),
        ("a".to_owned(), "1".to_owned()),
    ]);
    write(
        &forest(),
        &Description {
            model_name: "test",
            doc_string: "",
            metadata: &metadata,
        },
    )
}

/// What reading gives after a change to the message.
fn read_changed(change: impl FnOnce(&mut Model)) -> Result<Forest, ReadError> {
    let mut model = Model::decode(written().as_slice()).unwrap();
    change(&mut model);
    read(&model.encode_to_vec()).map(|file| file.forest)
}

fn operation(model: &mut Model) -> &mut Operation {
    &mut model.graph.as_mut().unwrap().node[0]
}

/// What reading gives after a change to one attribute.
fn read_with(name: &str, change: impl FnOnce(&mut Attribute)) -> Result<Forest, ReadError> {
    read_changed(|model| {
        let mut attributes = operation(model).attribute.iter_mut();
        change(attributes.find(|attribute| attribute.name == name).unwrap());
    })
}

#[test]
fn reading_gives_what_was_written() {
    let file = read(&written()).unwrap();
    assert_eq!(file.forest, forest());
    assert_eq!(
        (file.input_name.as_str(), file.output_name.as_str()),
        (INPUT_NAME, OUTPUT_NAME)
    );
}

#[test]
fn metadata_stand_in_a_fixed_order() {
    let model = Model::decode(written().as_slice()).unwrap();
    let keys: Vec<&str> = model
        .metadata_props
        .iter()
        .map(|entry| entry.key.as_str())
        .collect();
    assert_eq!(keys, [FEATURE_NAMES_KEY, "a", "b"]);
    assert_eq!(model.producer_name, "tickermill");
}

#[test]
fn features_without_names_are_numbered() {
    let forest = read_changed(|model| model.metadata_props.clear()).unwrap();
    assert_eq!(forest.feature_names(), ["feature_0", "feature_1"]);
}

#[test]
fn sums_trees_and_sends_nan_where_the_file_says() {
    let forest_read = read_changed(|model| {
        let attributes = &mut operation(model).attribute;
        attributes.retain(|attribute| attribute.name != "aggregate_function");
        let name = |name: &str| Attribute {
            name: name.to_owned(),
            ..Attribute::default()
        };
        attributes.extend([
            Attribute {
                floats: vec![0.5],
                ..name("base_values")
            },
            Attribute {
                s: Bytes::from_static(b"NONE"),
                ..name("post_transform")
            },
            Attribute {
                ints: vec![1, 0, 0, 0, 0, 0, 0, 0, 0],
                ..name("nodes_missing_value_tracks_true")
            },
            Attribute {
                floats: vec![1.0; 9],
                ..name("nodes_hitrates")
            },
        ]);
    });
    let forest_read = forest_read.unwrap();
    assert_eq!(
        (forest_read.aggregate(), forest_read.base_value()),
        (Aggregate::Sum, 0.5)
    );
    assert!(forest_read.handles_missing());
    let of_nothing = [&forest_read, &forest()].map(|forest| forest.predict(&[f32::NAN; 2]));
    assert_eq!(
        of_nothing.to_vec(),
        [1.0 + 0.0 + 7.0 + 0.5, (2.0 + 0.0 + 7.0) / 3.0]
    );
}

#[test]
fn branches_of_other_modes_are_normalised() {
    let forest_read = read_with("nodes_modes", |attribute| {
        attribute.strings[0] = Bytes::from_static(b"BRANCH_GT");
    });
    let forest_read = forest_read.unwrap();
    let first = |value| forest_read.trees()[0].predict(&[0.0, value]);
    assert_eq!([-0.5, -0.4, f32::NAN].map(first).to_vec(), [2.0, 1.0, 2.0]);
}

#[test]
fn identity_may_follow_and_any_name_will_do() {
    let renamed = |model: &mut Model, tensor_read: &str| {
        let graph = model.graph.as_mut().unwrap();
        graph.input[0].name = "X".into();
        graph.node[0].input = vec!["X".into()];
        graph.output[0].name = "variable".into();
        graph.node.push(Operation {
            input: vec![tensor_read.into()],
            output: vec!["variable".into()],
            op_type: "Identity".into(),
            ..Operation::default()
        });
    };
    let mut model = Model::decode(written().as_slice()).unwrap();
    renamed(&mut model, OUTPUT_NAME);
    let file = read(&model.encode_to_vec()).unwrap();
    assert_eq!(file.forest, forest());
    assert_eq!(
        (file.input_name, file.output_name),
        ("X".into(), "variable".into())
    );

    let past_the_trees = read_changed(|model| renamed(model, "X"));
    assert_eq!(past_the_trees, Err(ReadError::Chain));
    let unread =
        read_changed(|model| model.graph.as_mut().unwrap().output[0].name = "other".into());
    assert_eq!(unread, Err(ReadError::Chain));
    let no_output = read_changed(|model| model.graph.as_mut().unwrap().output.clear());
    assert_eq!(no_output, Err(ReadError::Output));
}

#[test]
fn rows_of_an_unnamed_number_are_read() {
    let forest_read = read_changed(|model| {
        let input = model.graph.as_mut().unwrap().input[0].r#type.as_mut();
        let tensor = input.unwrap().tensor_type.as_mut().unwrap();
        tensor.shape.as_mut().unwrap().dim[0].value = None;
    });
    assert_eq!(forest_read.unwrap(), forest());
}

#[test]
fn refuses_another_operator_by_name() {
    let refusal = read_changed(|model| {
        operation(model).op_type = "LinearRegressor".to_owned();
    });
    assert_eq!(
        refusal.unwrap_err().to_string(),
        "the operator is `ai.onnx.ml.LinearRegressor`: give a model that is a single ai.onnx.ml.TreeEnsembleRegressor"
    );
    let refusal = read_changed(|model| {
        let node = &mut model.graph.as_mut().unwrap().node;
        node.push(Operation {
            op_type: "Exp".into(),
            ..Operation::default()
        });
    });
    let exponential = ReadError::Operator {
        domain: String::new(),
        operator: "Exp".into(),
    };
    assert_eq!(
        exponential.to_string(),
        "the operator is `Exp`: give a model that is a single ai.onnx.ml.TreeEnsembleRegressor"
    );
    assert_eq!(refusal, Err(exponential));
    let refusal = read_changed(|model| model.graph.as_mut().unwrap().node.clear());
    assert_eq!(refusal, Err(ReadError::OperatorCount { operators: 0 }));
    assert_eq!(
        read_changed(|model| model.graph = None),
        Err(ReadError::NoGraph)
    );
    assert_eq!(read(&[]), Err(ReadError::NoGraph));
}

/// A forest with a link, what its operators are in the file, and what reading gives after a change to the message.
fn read_linked(
    change: impl FnOnce(&mut Model),
) -> (Forest, Vec<String>, Result<Forest, ReadError>) {
    let linked = forest().with_link(Link::LogRatio { log_today: 1 }).unwrap();
    let description = Description {
        model_name: "test",
        doc_string: "",
        metadata: &BTreeMap::new(),
    };
    let mut model = Model::decode(write(&linked, &description).as_slice()).unwrap();
    let operators = model.graph.as_ref().unwrap().node.iter();
    let operators = operators.map(|node| node.op_type.clone()).collect();
    change(&mut model);
    let read = read(&model.encode_to_vec()).map(|file| file.forest);
    (linked, operators, read)
}

#[test]
fn a_link_is_written_as_operators_and_read_back() {
    let (linked, operators, read) = read_linked(|_| {});
    let after_the_trees = [
        "Constant", "Gather", "Add", "Exp", "Constant", "Sub", "Relu",
    ];
    assert_eq!(operators[0], OPERATOR);
    assert_eq!(operators[1..], after_the_trees);
    assert_eq!(read.unwrap(), linked);
}

#[test]
fn refuses_operators_that_are_nearly_a_link() {
    let refusal = |change: fn(&mut Vec<Operation>)| {
        let (_, _, read) = read_linked(|model| change(&mut model.graph.as_mut().unwrap().node));
        read.unwrap_err()
    };
    let constant = ReadError::Operator {
        domain: String::new(),
        operator: "Constant".into(),
    };
    assert_eq!(refusal(|node| node[5].attribute[0].f = 2.0), constant);
    assert_eq!(refusal(|node| node[1].attribute[0].ints[0] = -1), constant);
    assert_eq!(refusal(|node| node[2].attribute[0].i = 0), constant);
    assert_eq!(refusal(|node| drop(node.pop())), constant);
    assert_eq!(refusal(|node| node.swap(3, 4)), constant);
    let beyond = refusal(|node| node[1].attribute[0].ints[0] = 2);
    assert_eq!(
        beyond,
        ReadError::Forest(ForestError::LinkFeatureOutOfRange {
            feature: 2,
            features: 2
        })
    );
    let past_the_trees = refusal(|node| node[0].output[0] = "other".into());
    assert_eq!(past_the_trees, ReadError::Chain);
    let no_trees = refusal(|node| drop(node.remove(0)));
    assert_eq!(no_trees, ReadError::OperatorCount { operators: 0 });
}

#[test]
fn refuses_what_would_change_predictions() {
    let refusal = read_with("aggregate_function", |attribute| {
        attribute.s = Bytes::from_static(b"MAX");
    });
    assert_eq!(
        refusal,
        Err(ReadError::Aggregate {
            aggregate: "MAX".into()
        })
    );
    let refusal = read_with("nodes_modes", |attribute| {
        attribute.strings[0] = Bytes::from_static(b"BRANCH_EQ");
    });
    assert_eq!(
        refusal,
        Err(ReadError::Mode {
            mode: "BRANCH_EQ".into()
        })
    );
    assert_eq!(
        read_with("n_targets", |attribute| attribute.i = 2),
        Err(ReadError::SeveralTargets)
    );
    let refusal = read_with("n_targets", |attribute| {
        attribute.name = "base_values_as_tensor".into();
    });
    assert_eq!(
        refusal,
        Err(ReadError::Attribute {
            attribute: "base_values_as_tensor".into()
        })
    );
    let refusal = read_with("n_targets", |attribute| {
        attribute.name = "post_transform".into();
        attribute.s = Bytes::from_static(b"LOGISTIC");
    });
    assert_eq!(
        refusal,
        Err(ReadError::Attribute {
            attribute: "post_transform".into()
        })
    );
    for (base_values, refused) in [
        (
            vec![f32::INFINITY],
            ReadError::Forest(ForestError::BaseValueNotFinite),
        ),
        (
            vec![1.0, 2.0],
            ReadError::AttributeLength {
                attribute: "base_values",
                entries: 2,
                expected: 1,
            },
        ),
    ] {
        let refusal = read_with("n_targets", |attribute| {
            attribute.name = "base_values".into();
            attribute.floats = base_values;
        });
        assert_eq!(refusal, Err(refused));
    }
    let refusal = read_changed(|model| model.graph.as_mut().unwrap().input.clear());
    assert_eq!(refusal, Err(ReadError::Input));
    let refusal = read_changed(|model| model.metadata_props[0].value = "[\"one\"]".into());
    assert_eq!(refusal, Err(ReadError::FeatureNames { features: 2 }));
}

#[test]
fn refuses_nodes_that_make_no_tree() {
    let refusal = read_with("nodes_falsenodeids", |attribute| attribute.ints[0] = 99);
    assert_eq!(
        refusal,
        Err(ReadError::Id {
            attribute: "nodes_falsenodeids",
            id: 99
        })
    );
    let refusal = read_with("nodes_truenodeids", |attribute| attribute.ints[0] = 0);
    assert_eq!(
        refusal,
        Err(ReadError::Tree {
            tree: 0,
            source: TreeError::ReachedTwice { node: 0 }
        })
    );
    let refusal = read_with("nodes_nodeids", |attribute| attribute.ints[1] = 0);
    assert_eq!(
        refusal,
        Err(ReadError::Repeated {
            attribute: "nodes_nodeids",
            tree: 0,
            id: 0
        })
    );
    let refusal = read_with("nodes_treeids", |attribute| attribute.ints[8] = 0);
    assert_eq!(
        refusal,
        Err(ReadError::Repeated {
            attribute: "nodes_treeids",
            tree: 0,
            id: 0
        })
    );
    let refusal = read_with("nodes_featureids", |attribute| attribute.ints[0] = -1);
    assert_eq!(
        refusal,
        Err(ReadError::Id {
            attribute: "nodes_featureids",
            id: -1
        })
    );
    let refusal = read_with("nodes_featureids", |attribute| attribute.ints[0] = 2);
    assert!(matches!(refusal, Err(ReadError::Forest(_))));
    let refusal = read_with("nodes_values", |attribute| attribute.floats[0] = f32::NAN);
    assert_eq!(
        refusal,
        Err(ReadError::Tree {
            tree: 0,
            source: TreeError::Threshold { node: 0 }
        })
    );
}

#[test]
fn refuses_lists_and_leaves_that_do_not_match() {
    let refusal = read_with("nodes_values", |attribute| attribute.floats.push(0.0));
    assert_eq!(
        refusal,
        Err(ReadError::AttributeLength {
            attribute: "nodes_values",
            entries: 10,
            expected: 9
        })
    );
    let refusal = read_with("target_nodeids", |attribute| attribute.ints[0] = 0);
    assert_eq!(
        refusal,
        Err(ReadError::Id {
            attribute: "target_nodeids",
            id: 1
        })
    );
    let refusal = read_with("target_nodeids", |attribute| attribute.ints[0] = 2);
    assert_eq!(
        refusal,
        Err(ReadError::Repeated {
            attribute: "target_nodeids",
            tree: 0,
            id: 2
        })
    );
}

proptest! {
    #[test]
    fn reading_gives_any_forest_that_was_written(forest in invented::forest()) {
        let description = Description {
            model_name: "test",
            doc_string: "",
            metadata: &BTreeMap::new(),
        };
        prop_assert_eq!(read(&write(&forest, &description)).unwrap().forest, forest);
    }

    #[test]
    fn changed_bytes_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        keep in any::<prop::sample::Index>(),
        cut_off: bool,
    ) {
        let mut bytes = written();
        for (index, value) in changes {
            let position = index.index(bytes.len());
            bytes[position] = value;
        }
        if cut_off {
            bytes.truncate(keep.index(bytes.len()));
        }
        if let Ok(ModelFile { forest, .. }) = read(&bytes) {
            forest.predict(&vec![0.0; forest.feature_count()]);
        }
    }
}
