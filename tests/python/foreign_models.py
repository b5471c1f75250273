"""Makes models with scikit-learn and LightGBM, writes them as ONNX, and predicts rows with ONNX Runtime.

Into the folder go NAME.onnx and NAME.csv for each model: rows of features, NaN where the model takes them, and last
the prediction. Everything is seeded. Prints the names, one a line.
"""

import argparse
import csv
import pathlib

import lightgbm
import numpy
import onnx
import onnxmltools
import onnxruntime
import skl2onnx.common._container
from onnxmltools.convert.common.data_types import FloatTensorType
from skl2onnx import to_onnx
from sklearn import ensemble, tree

FEATURES = 4


def make_node(operator, inputs, outputs, make=skl2onnx.common._container.make_node, **attributes):
    """onnx's `make_node`, which refuses the booleans that skl2onnx gives it for HistGradientBoosting."""
    for name, values in attributes.items():
        if isinstance(values, list) and any(isinstance(value, bool) for value in values):
            attributes[name] = [int(value) for value in values]
    return make(operator, inputs, outputs, **attributes)


def rows(random, count, missing):
    features = random.normal(size=(count, FEATURES)).astype(numpy.float32)
    if missing:
        features[random.random(features.shape) < 0.1] = numpy.nan
    return features


def with_other_modes(random, model):
    """A model of the same trees with branches of all modes and NaN to either side, averaged, with a base value.

    Thresholds are quarters, as in `quarters`, so that values meet them.
    """
    regressor = onnx.ModelProto.FromString(model.SerializeToString())
    node = regressor.graph.node[0]
    attributes = {attribute.name: attribute for attribute in node.attribute}
    modes, thresholds = attributes["nodes_modes"].strings, attributes["nodes_values"].floats
    tracks_true = attributes["nodes_missing_value_tracks_true"].ints
    for index, mode in enumerate(modes):
        if mode != b"LEAF":
            modes[index] = random.choice([b"BRANCH_LEQ", b"BRANCH_LT", b"BRANCH_GT", b"BRANCH_GTE"])
            thresholds[index] = quarters(thresholds[index])
            tracks_true[index] = int(random.integers(2))
    node.attribute.append(onnx.helper.make_attribute("aggregate_function", "AVERAGE"))
    node.attribute.append(onnx.helper.make_attribute("base_values", [3.5]))
    return regressor


def quarters(values):
    return numpy.round(4.0 * values) / 4.0


def scikit_learn():
    """Name, model, and whether it takes NaN."""
    yield "random_forest", ensemble.RandomForestRegressor(20, random_state=1), False
    yield "extra_trees", ensemble.ExtraTreesRegressor(20, random_state=2), False
    yield "gradient_boosting", ensemble.GradientBoostingRegressor(n_estimators=20, random_state=3), False
    yield "histogram", ensemble.HistGradientBoostingRegressor(max_iter=20, random_state=4), False
    yield "histogram_missing", ensemble.HistGradientBoostingRegressor(max_iter=20, random_state=5), True
    yield "decision_tree", tree.DecisionTreeRegressor(max_depth=6, random_state=6), False


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path, help="where the files go")
    parser.add_argument("--rows", type=int, default=1000, help="rows to predict; default: 1000")
    arguments = parser.parse_args()

    skl2onnx.common._container.make_node = make_node
    random = numpy.random.default_rng(7)

    def write(name, missing, convert):
        features = rows(random, 500, missing)
        known = numpy.nan_to_num(features, nan=-3.0)
        target = 50.0 + 2.0 * known[:, 0] + numpy.sin(3.0 * known[:, 1]) + 0.1 * random.normal(size=len(known))
        content = convert(features, target.astype(numpy.float32)).SerializeToString()
        (arguments.folder / f"{name}.onnx").write_bytes(content)
        session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
        unseen = rows(random, arguments.rows, missing)
        unseen[::2] = quarters(unseen[::2])
        predicted = session.run(None, {session.get_inputs()[0].name: unseen})[0][:, 0]
        with open(arguments.folder / f"{name}.csv", "w", encoding="ascii", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(
                [*map(float, row), float(prediction)] for row, prediction in zip(unseen, predicted)
            )
        print(name)

    for name, model, missing in scikit_learn():
        write(name, missing, lambda features, target: to_onnx(model.fit(features, target), features[:1]))

    forest = ensemble.RandomForestRegressor(20, max_depth=8, random_state=9)
    write(
        "other_modes",
        True,
        lambda features, target: with_other_modes(random, to_onnx(forest.fit(features, target), features[:1])),
    )

    for name, objective, missing in [("lightgbm", "regression", False), ("lightgbm_missing", "regression_l1", True)]:
        parameters = {"objective": objective, "num_leaves": 15, "seed": 8, "verbose": -1}

        def convert(features, target):
            booster = lightgbm.train(parameters, lightgbm.Dataset(features, target), 20)
            return onnxmltools.convert_lightgbm(
                booster, initial_types=[("rows", FloatTensorType([None, FEATURES]))]
            )

        write(name, missing, convert)


if __name__ == "__main__":
    main()
