/** Keeping what is on the page up to date, while somebody looks at it. */

import { Problem, Unreachable } from "./api.js";
import { fill } from "./dom.js";
import { moment } from "./format.js";

const MILLISECONDS = 5000;
const LONGEST_MILLISECONDS = 60000;

/** Does some work now and then, ever later while it fails. @returns {function(): Promise} does it now */
export function keepFresh(work) {
  let timer = 0;
  let pause = MILLISECONDS;
  let running = false;
  let last = new Date();

  async function run() {
    clearTimeout(timer);
    if (running || document.hidden) return;
    running = true;
    try {
      await work();
      last = new Date();
      pause = MILLISECONDS;
      tell(null);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      pause = Math.min(2 * pause, LONGEST_MILLISECONDS);
      tell(error, last);
    } finally {
      running = false;
      timer = setTimeout(run, pause);
    }
  }

  document.addEventListener("visibilitychange", run);
  addEventListener("online", run);
  addEventListener("offline", () => tell(new Unreachable(), last));
  timer = setTimeout(run, pause);
  return run;
}

function tell(problem, last) {
  const banner = document.getElementById("connection");
  banner.hidden = !problem;
  if (problem) fill(banner, `${problem.title}. What you see is from `, moment(last), ".");
}
