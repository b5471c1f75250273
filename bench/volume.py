"""What the boosted trees `volume` are worth: by input, by rows that they train on and their drawing, beside LightGBM.

usage: bench/volume.py DATA [inputs] [rows] [peer]      all three by default

DATA is a folder of price files. Needs the release binary (TICKERMILL_BIN, default target/release/tickermill) and, for
`peer`, TICKERMILL_PEER, a script that is called with a glob of feature files and a number of trees, in turn with a run.
Prints a line for each run: skill on the latest dates, mean of the folds, on tickers that never trained; seconds of the
stage `train`. The seed is that of the configuration, so that all of them judge the same rows of the same folds, but for
what an input's window needs.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
BINARY = Path(os.environ.get("TICKERMILL_BIN", REPOSITORY / "target/release/tickermill")).resolve()
# What is left out together, by the beginnings of names.
GROUPS = {
    "nothing": (),
    "the day before": ("volume_day_before",),
    "means of volume": ("volume_mean",),
    "deviation of volume": ("volume_deviation",),
    "ranges": ("range",),
    "return": ("return",),
    "gap": ("gap",),
    "price": ("price",),
    "the next session": ("next_",),
}
ROWS = (10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000)
SAMPLINGS = ("uniform", "stratified")


def inputs():
    """The inputs in force, as tables of the configuration."""
    ended = subprocess.run([BINARY, "config", "--json"], capture_output=True, text=True, check=True)
    values = {key["key"]: key["value"] for key in json.loads(ended.stdout)}
    return tomllib.loads(f"inputs = {values['volume.inputs']}")["inputs"]


def table(feature):
    """A declared feature in TOML."""
    values = {key: json.dumps(value) for key, value in feature.items()}
    return "".join(["[[volume.inputs]]\n", *(f"{key} = {value}\n" for key, value in values.items())])


def run(data, features, work, **settings):
    """The summary of a run with these inputs."""
    config = work / "tickermill.toml"
    config.write_text("".join(map(table, features)))
    variables = {f"TICKERMILL__VOLUME__{key.upper()}": str(value) for key, value in settings.items()}
    environment = {**os.environ, **variables}
    # A live version of another recipe would be trained beside it.
    shutil.rmtree(work / "out" / "models", ignore_errors=True)
    command = [BINARY, "run", "--data", data, "--out", work / "out", "--config", config, "--json", "--force"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(ended.stdout)


def line(what, summary):
    forward = summary["models"][-1]["walk_forward"]
    skills = [forward[part] for part in ("last_fold", "mean", "unseen")]
    figures = " | ".join(f"{it['skill']:.4f} ({it['low']:.3f} to {it['high']:.3f})" for it in skills)
    print(f"| {what} | {figures} | {summary['seconds']['train']:.1f} |", flush=True)


def head(first):
    print(f"\n| {first} | latest dates | mean of folds | new tickers | train, s |\n| --- | --- | --- | --- | ---: |")


def main():
    data, *parts = sys.argv[1:] or sys.exit(__doc__)
    parts = parts or ["inputs", "rows", "peer"]
    with tempfile.TemporaryDirectory(prefix="tickermill-bench.") as folder:
        work, features = Path(folder), inputs()
        if "inputs" in parts:
            head("left out")
            for name, starts in GROUPS.items():
                kept = [feature for feature in features if not feature["name"].startswith(starts or ("-",))]
                line(name, run(data, kept, work))
        if "rows" in parts:
            head("rows")
            for rows in ROWS:
                for sampling in SAMPLINGS:
                    summary = run(data, features, work, max_train_rows=rows, sampling=sampling)
                    line(f"{rows:,} {sampling}", summary)
        if "peer" in parts and "TICKERMILL_PEER" in os.environ:
            for _ in range(3):
                began = time.perf_counter()
                summary = run(data, features, work)
                print(f"\nwhole run {time.perf_counter() - began:.1f} s")
                files = f"{summary['features_dir']}/*.parquet"
                subprocess.run([sys.executable, os.environ["TICKERMILL_PEER"], files, "100"], check=True)


if __name__ == "__main__":
    main()
