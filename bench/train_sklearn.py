"""Times scikit-learn's random forest on rows of our feature files, beside the `train` seconds of our own runs.

usage: train_sklearn.py FEATURES_FOLDER [ROUNDS]
FEATURES_FOLDER  a run's market_data_with_features folder
Takes 10,000 rows at random, the first 8,000 by date to train on, float32, 100 trees, at least 5 rows a leaf, and prints the
median seconds of fit alone for one job (the default) and two. Needs numpy, pyarrow and scikit-learn.
"""
import statistics
import sys
import time

import numpy as np
import pyarrow.dataset
from sklearn.ensemble import RandomForestRegressor

rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
names = ["Date", "vol_moving_avg", "adj_close_rolling_med", "next_day_volume"]
table = pyarrow.dataset.dataset(sys.argv[1], format="parquet").to_table(columns=names)
table = table.filter(
    pyarrow.compute.and_kleene(
        pyarrow.compute.is_valid(table["vol_moving_avg"]), pyarrow.compute.is_valid(table["next_day_volume"])
    )
)
rows = np.random.default_rng(42).choice(table.num_rows, 10_000, replace=False)
table = table.take(rows).sort_by("Date").slice(0, 8_000)
inputs = np.column_stack([table[name].to_numpy().astype(np.float32) for name in names[1:3]])
target = table["next_day_volume"].to_numpy().astype(np.float64)
for jobs in [None, 2]:
    seconds = []
    for round in range(rounds + 1):
        forest = RandomForestRegressor(n_estimators=100, min_samples_leaf=5, n_jobs=jobs, random_state=round)
        start = time.perf_counter()
        forest.fit(inputs, target)
        seconds.append(time.perf_counter() - start)
    print(f"n_jobs={jobs}: {statistics.median(seconds[1:]):.3f} s to fit 100 trees on 8,000 rows")
