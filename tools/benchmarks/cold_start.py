"""Load one function and call it once, in a process of its own, and report how long that takes.

Arguments: contender and function; the event comes on standard input. Only the clock is imported before it starts.
"""

from time import perf_counter

begun = perf_counter()

import json  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402

from tools.benchmarks.contenders import CONTEXT, load, seconds_sending  # noqa: E402

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
event = json.load(sys.stdin)
handler = load(*sys.argv[1:])
loaded = perf_counter()
answer = handler(event, CONTEXT)
answered = perf_counter()
times = {"init": loaded - begun, "first_response": answered - begun, "sending": seconds_sending(), "answer": answer}
print(json.dumps(times), file=answers, flush=True)
# Skip the interpreter's cleanup, which is not part of a cold start.
os._exit(0)
