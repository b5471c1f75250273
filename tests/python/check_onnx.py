"""Checks a published model with onnx's checker and ONNX Runtime.

The golden rows of the card, and the rows of a CSV whose last column is our own prediction, must come
out to 1e-5 relative. Exit 1 where anything differs.
"""

import argparse
import json
import sys

import numpy
import onnx
import onnxruntime


def differing(session, output, inputs, expected, tolerance):
    """The numbers of the rows whose prediction is not the expected one."""
    name = session.get_inputs()[0].name
    predicted = session.run([output], {name: inputs})[0][:, 0].astype(numpy.float64)
    return numpy.flatnonzero(~numpy.isclose(predicted, expected, rtol=tolerance, atol=0.0))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="model.onnx")
    parser.add_argument("card", help="card.json")
    parser.add_argument("rows", help="a CSV of inputs and, last, predictions, with a header")
    parser.add_argument("--tolerance", type=float, default=1e-5, help="relative; default: 1e-5")
    arguments = parser.parse_args()

    onnx.checker.check_model(onnx.load(arguments.model), full_check=True)
    with open(arguments.card, encoding="utf-8") as file:
        card = json.load(file)
    session = onnxruntime.InferenceSession(arguments.model, providers=["CPUExecutionProvider"])
    output = card["schema"]["output"]
    if session.get_inputs()[0].name != card["schema"]["input"]:
        sys.exit(f"the input is {session.get_inputs()[0].name}, not {card['schema']['input']}")

    golden = numpy.array([row["inputs"] for row in card["golden_rows"]], dtype=numpy.float32)
    golden_outputs = numpy.array([row["output"] for row in card["golden_rows"]])
    table = numpy.loadtxt(arguments.rows, delimiter=",", skiprows=1, ndmin=2)
    rows, predictions = table[:, :-1].astype(numpy.float32), table[:, -1]

    problems = []
    for kind, inputs, expected in [("golden rows", golden, golden_outputs), ("rows", rows, predictions)]:
        wrong = differing(session, output, inputs, expected, arguments.tolerance)
        if len(wrong):
            problems.append(f"{len(wrong)} of {len(expected)} {kind} differ, the first is row {wrong[0]}")
    if problems:
        sys.exit("\n".join(problems))
    print(f"{len(golden)} golden rows and {len(rows)} rows agree")


if __name__ == "__main__":
    main()
