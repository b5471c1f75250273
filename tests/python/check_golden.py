"""Compares a run's feature files with those that the original Python pipeline wrote.

usage: check_golden.py GOLDEN FEATURES
GOLDEN    a folder of Parquet files of the original pipeline, one a symbol
FEATURES  a run's market_data_with_features/ folder, made with the same window

Prices and medians must agree to 1e-12 relative, for the original read prices with a parser that is off by one unit in
the last place at times; volumes, their mean, next_day_volume, dates and names exactly; nulls in the same places.
Prints what differs, then `N passed, N failed`; exit 1 where any failed or there was nothing to compare.
"""
import pathlib
import sys
import numpy
import pyarrow
import pyarrow.parquet

CLOSE = ["Open", "High", "Low", "Close", "Adj Close", "adj_close_rolling_med"]
EXACT = ["Volume", "vol_moving_avg", "next_day_volume"]
TEXT = ["Date", "Symbol", "Security Name"]
RELATIVE = 1e-12


def numbers(table, name):
    """A column as float64, null as NaN. Volumes are far below 2**53."""
    return table[name].cast(pyarrow.float64()).to_numpy(zero_copy_only=False)


def texts(table, name):
    return [None if value is None else str(value) for value in table[name].to_pylist()]


def differences(golden, ours):
    if golden.num_rows != ours.num_rows:
        return [f"{ours.num_rows} rows where {golden.num_rows} are expected"]
    if golden.column_names != ours.column_names:
        return [f"columns {ours.column_names} where {golden.column_names} are expected"]
    found = [f"{name} differs" for name in TEXT if texts(golden, name) != texts(ours, name)]
    for name in CLOSE + EXACT:
        want, got = numbers(golden, name), numbers(ours, name)
        tolerance = RELATIVE if name in CLOSE else 0
        agree = numpy.isclose(got, want, rtol=tolerance, atol=0, equal_nan=True)
        if not agree.all():
            row = int(numpy.argmin(agree))
            found.append(f"{name} differs in {int((~agree).sum())} rows, first in row {row}: {got[row]!r}, not {want[row]!r}")
    return found


def main(golden_folder, features_folder):
    passed = failed = 0
    for path in sorted(pathlib.Path(golden_folder).glob("*.parquet")):
        ours = pathlib.Path(features_folder) / path.name
        if ours.exists():
            found = differences(pyarrow.parquet.read_table(path, partitioning=None), pyarrow.parquet.read_table(ours, partitioning=None))
        else:
            found = ["no feature file"]
        if found:
            failed += 1
            print(f"{path.stem}: {'; '.join(found)}")
        else:
            passed += 1
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if len(sys.argv) != 3:
    sys.exit(__doc__)
sys.exit(main(sys.argv[1], sys.argv[2]))
