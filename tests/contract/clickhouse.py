"""Runs log SQL as the hosted service does, on the ClickHouse of the rig, over rows that are handed in.

Reads JSON from standard input: {"rig": folder, "from": seconds, "to": seconds, "rows": [...], "queries": [...]}
and writes one JSON list: for each query the rows that it finds, or the words with which it is refused.
With "literals" instead of queries it writes what the database makes of each expression.
"""
import argparse
import datetime as dt
import json
import sys

given = json.load(sys.stdin)
sys.path.insert(0, given["rig"])
import logs

UTC = dt.timezone.utc
settings = argparse.Namespace(seed=1, ref="abcdefghijklmnopqrst", now=dt.datetime.fromtimestamp(given["to"], UTC), hours=1, rows=0, live=False, quote64=False)
store = logs.Store(settings)


def time(micros):
    return dt.datetime.fromtimestamp(micros // 1_000_000, UTC) + dt.timedelta(microseconds=micros % 1_000_000)


store.insert([{"id": r["uuid"], "timestamp": time(int(r["us"])), "event_message": r["said"], "severity_text": r["severity"], "source": r["src"], "log_attributes": r["attributes"]} for r in given.get("rows", [])])
low, high = (dt.datetime.fromtimestamp(given[k], UTC) for k in ("from", "to"))
answers = []
for sql in given.get("queries", []):
    try:
        answers.append(store.query(sql, low, high, True, 1000))
    except logs.Refused as error:
        answers.append(str(error))
    except Exception as error:
        answers.append(logs.GENERIC if "nknown" not in str(error) else "Field: " + str(error)[:200])
for literal in given.get("literals", []):
    printed, _ = logs.reprint(f"select hex({literal}) as v")
    answers.append(store.run(printed)["data"][0]["v"])
json.dump(answers, sys.stdout)
