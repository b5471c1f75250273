"""Recomputes a run's `dataset_digest` from its feature files. usage: dataset_digest.py FEATURES_DIR"""
import pathlib
import sys
from blake3 import blake3

files = {path.stem: path for path in pathlib.Path(sys.argv[1]).glob("*.parquet")}
total = blake3()
for symbol in sorted(files):
    total.update(f"{symbol} {blake3(files[symbol].read_bytes()).hexdigest()}\n".encode())
print(total.hexdigest())
