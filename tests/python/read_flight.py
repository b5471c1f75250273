"""Reads a completed run over Arrow Flight and compares it with its Parquet files, then asks for what must be refused.

usage: read_flight.py URL FEATURES_DIR RUN

URL is grpc://HOST:PORT, FEATURES_DIR the run's folder of feature files, RUN its id. RUN must be the latest run. Prints
what was checked, a line each; exits with 1 where something differs.
"""
import datetime
import json
import pathlib
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.flight as flight
import pyarrow.parquet as pq

NO_RUN = "0123456789abcdef-1"
FAILURES = []


def check(what, passed, detail=""):
    print(f"{'ok' if passed else 'DIFFERS'}: {what}{'' if passed else f': {detail}'}")
    if not passed:
        FAILURES.append(what)


def plain(table):
    """The table with dictionaries as their values, in one chunk, without metadata and without a say on nulls."""
    columns = [
        column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
        for column in table.columns
    ]
    return pa.table(columns, names=table.column_names).combine_chunks()


def check_same(what, read, written):
    read, written = plain(read), plain(written)
    check(f"{what}: schema of {written.num_columns} columns", read.schema.equals(written.schema), f"{read.schema} is not {written.schema}")
    check(f"{what}: {written.num_rows} rows", read.equals(written), f"{read.num_rows} rows, or other values")


def check_refused(what, errors, parts, ask):
    try:
        ask()
    except (flight.FlightError, pa.ArrowException) as error:
        text = str(error)
        check(f"refused: {what}", isinstance(error, errors) and all(part in text for part in parts), f"{type(error).__name__}: {text}")
    else:
        check(f"refused: {what}", False, "it was answered")


def ticket(**query):
    return flight.Ticket(json.dumps(query).encode())


def file_of(features, symbol):
    return pq.read_table(features / f"{symbol}.parquet", partitioning=None)


def check_lists(client, features, run, symbols):
    runs = [info.descriptor.path[0].decode() for info in client.list_flights()]
    check("list of runs: the run comes first", runs[:1] == [run], runs)
    for criteria in (run, "latest"):
        infos = list(client.list_flights(criteria.encode()))
        listed = [[part.decode() for part in info.descriptor.path] for info in infos]
        check(f"list of {criteria}: {len(symbols)} symbols in order", listed == [[run, symbol] for symbol in symbols], listed)
        sizes = [(features / f"{symbol}.parquet").stat().st_size for symbol in symbols]
        check(f"list of {criteria}: bytes", [info.total_bytes for info in infos] == sizes)
        rows = [pq.read_metadata(features / f"{symbol}.parquet").num_rows for symbol in symbols]
        check(f"list of {criteria}: rows", [info.total_records for info in infos] == rows)


def check_reads(client, features, run, symbols):
    # The ticker with the most rows has the most batches.
    symbol = max(symbols, key=lambda symbol: pq.read_metadata(features / f"{symbol}.parquet").num_rows)
    written = file_of(features, symbol)
    by_hand = client.do_get(ticket(run="latest", symbols=[symbol])).read_all()
    check_same(f"{symbol} by a ticket written by hand", by_hand, written)

    info = client.get_flight_info(flight.FlightDescriptor.for_path(run, symbol))
    check_same(f"{symbol} by the ticket of its flight", client.do_get(info.endpoints[0].ticket).read_all(), written)
    check(f"{symbol}: schema of its flight", info.schema.equals(by_hand.schema), info.schema)
    schema = client.get_schema(flight.FlightDescriptor.for_path("latest", symbol)).schema
    check(f"{symbol}: schema alone", schema.equals(by_hand.schema), schema)

    dates = written.column("Date").to_pylist()
    first, last = dates[len(dates) // 4], dates[len(dates) // 2]
    between = pc.and_(pc.greater_equal(written["Date"], first), pc.less_equal(written["Date"], last))
    asked = {"run": run, "symbols": [symbol], "from": first.isoformat(), "to": last.isoformat()}
    check_same(f"{symbol} from {first} to {last}", client.do_get(ticket(**asked)).read_all(), written.filter(between))
    columns = ["next_day_volume", "Date", "Security Name"]
    projected = client.do_get(ticket(**asked, columns=columns)).read_all()
    check_same(f"{symbol} from {first} to {last}, {', '.join(columns)}", projected, written.filter(between).select(columns))
    described = flight.FlightDescriptor.for_command(json.dumps({**asked, "columns": columns}).encode())
    info = client.get_flight_info(described)
    check_same(f"{symbol} as a command describes it", client.do_get(info.endpoints[0].ticket).read_all(), projected)
    before = (min(dates) - datetime.timedelta(days=1)).isoformat()
    nothing = client.do_get(ticket(run=run, symbols=[symbol], to=before)).read_all()
    check_same(f"{symbol} before {min(dates)}", nothing, written.slice(0, 0))

    some = symbols[:20]
    together = pa.concat_tables([plain(file_of(features, symbol)) for symbol in some])
    check_same(f"{len(some)} symbols in one stream", client.do_get(ticket(run=run, symbols=some[::-1])).read_all(), together)
    total = sum(pq.read_metadata(features / f"{symbol}.parquet").num_rows for symbol in symbols)
    seen, rows, order, longest = [], 0, True, 0
    for chunk in client.do_get(ticket(run=run, columns=["Symbol", "Date"])):
        for symbol in pc.unique(chunk.data["Symbol"]).to_pylist():
            order = order and (not seen or seen[-1] <= symbol)
            if not seen or seen[-1] != symbol:
                seen.append(symbol)
        rows += chunk.data.num_rows
        longest = max(longest, chunk.data.num_rows)
    check(f"all {total} rows of the run", rows == total, rows)
    check("all symbols of the run in order", order and seen == symbols, seen)
    check("batches of at most 8,192 rows", longest <= 8192, longest)


def check_refusals(client, run, symbol):
    invalid, missing = pa.ArrowInvalid, (pa.ArrowKeyError, KeyError)
    for what, made_up, errors, parts in [
        ("a ticket of no bytes", flight.Ticket(b""), invalid, ["expected JSON"]),
        ("a ticket of any bytes", flight.Ticket(b"\xff\x00\x80"), invalid, ["expected JSON"]),
        ("a ticket of text", flight.Ticket(b"AAPL"), invalid, ["expected JSON"]),
        ("a ticket without a run", ticket(symbols=[symbol]), invalid, ["missing field `run`"]),
        ("a ticket with an unknown member", ticket(run=run, limit=1), invalid, ["unknown field `limit`"]),
        ("a ticket for a path", ticket(run="../../../etc"), invalid, ["latest"]),
        ("a symbol that is a path", ticket(run=run, symbols=["../../x"]), invalid, ["is not a symbol"]),
        ("a run that is not there", ticket(run=NO_RUN), missing, [NO_RUN]),
        ("a symbol that is not there", ticket(run=run, symbols=["NOSUCHSYMBOL"]), missing, ["NOSUCHSYMBOL"]),
        ("a column that is not there", ticket(run=run, columns=["nothing"]), missing, ["nothing", "vol_moving_avg"]),
        ("a column twice", ticket(run=run, columns=["Date", "Date"]), invalid, ["twice"]),
        ("a date that is none", ticket(run=run, **{"from": "2019-02-29"}), invalid, ["YYYY-MM-DD"]),
        ("dates in reverse", ticket(run=run, **{"from": "2020-01-02", "to": "2020-01-01"}), invalid, ["after"]),
        ("a ticket of 300,000 bytes", flight.Ticket(b"x" * 300_000), invalid, ["are allowed"]),
    ]:
        check_refused(what, errors, parts, lambda: client.do_get(made_up).read_all())
    check_refused("the flight of a run that is not there", missing, [NO_RUN], lambda: client.get_flight_info(flight.FlightDescriptor.for_path(NO_RUN)))
    check_refused("a path of three parts", invalid, ["[RUN, SYMBOL]"], lambda: client.get_schema(flight.FlightDescriptor.for_path("a", "b", "c")))
    check_refused("criteria that are no run", invalid, ["latest"], lambda: list(client.list_flights(b"made up")))


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    url, features, run = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
    symbols = sorted(path.name.removesuffix(".parquet") for path in features.glob("*.parquet"))
    with flight.connect(url) as client:
        check_lists(client, features, run, symbols)
        check_reads(client, features, run, symbols)
        check_refusals(client, run, symbols[0])
    if FAILURES:
        sys.exit(f"{len(FAILURES)} checks failed")


main()
