"""Asks a predictor for random rows of random tickers, and compares what it says with the run's own files.

usage: predictor_parity.py URL FEATURES_FOLDER MODEL_ONNX PAIRS

The features served have to be those of the Parquet files bit for bit, and the predictions those of ONNX Runtime on them
within 1e-5 relative. Rows without all features have to be refused.
"""

import http.client
import json
import pathlib
import random
import sys
import urllib.parse

import numpy
import onnxruntime
import pyarrow.parquet

url, folder, model, pairs = sys.argv[1:]
features = ["vol_moving_avg", "adj_close_rolling_med"]
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
files = sorted(pathlib.Path(folder).glob("*.parquet"))
chance = random.Random(20261125)
tables = {}
connection = http.client.HTTPConnection(urllib.parse.urlparse(url).netloc)


def table_of(file):
    if file not in tables:
        tables[file] = pyarrow.parquet.read_table(file, columns=["Date", *features]).to_pydict()
    return tables[file]


answered = refused = 0
rows, served = [], []
while answered + refused < int(pairs):
    file = chance.choice(files)
    symbol, table = file.name.removesuffix(".parquet"), table_of(file)
    if not table["Date"]:
        continue
    row = chance.randrange(len(table["Date"]))
    expected = [table[feature][row] for feature in features]
    query = urllib.parse.urlencode({"symbol": symbol, "date": table["Date"][row], "explain": "true"})
    connection.request("GET", f"/predict?{query}")
    answer = connection.getresponse()
    said = json.loads(answer.read())
    if None in expected:
        assert answer.status == 422, (symbol, row, answer.status, said)
        refused += 1
        continue
    assert answer.status == 200, (symbol, row, answer.status, said)
    got = [said["features"][feature] for feature in features]
    assert [value.hex() for value in map(float, got)] == [value.hex() for value in expected], (symbol, row, got, expected)
    rows.append(expected)
    served.append(said["prediction"])
    answered += 1
name = session.get_inputs()[0].name
predicted = session.run(None, {name: numpy.array(rows, dtype=numpy.float32)})[0].ravel()
worst = float(numpy.max(numpy.abs(predicted - served) / numpy.maximum(1.0, numpy.abs(predicted))))
assert worst < 1e-5, worst
assert answered > refused, (answered, refused)
print(json.dumps({"answered": answered, "refused": refused, "tickers": len(tables), "worst": worst}))
