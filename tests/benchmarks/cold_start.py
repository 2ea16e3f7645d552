"""A function's first moments, in a process of its own: loads it, calls it once, and tells how long that took.

Arguments: contender, function; the event comes on standard input. Nothing is imported before the clock runs.
"""

from time import perf_counter

begun = perf_counter()

import json  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402

from tests.benchmarks.contenders import load, seconds_sending  # noqa: E402
from tests.support import Context  # noqa: E402

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
event = json.load(sys.stdin)
handler = load(*sys.argv[1:])
loaded = perf_counter()
answer = handler(event, Context())
answered = perf_counter()
times = {"loading": loaded - begun, "both": answered - begun, "sending": seconds_sending(), "answer": answer}
print(json.dumps(times), file=answers, flush=True)
# What there is to tidy up is not part of it.
os._exit(0)
