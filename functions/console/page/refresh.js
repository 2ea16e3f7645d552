/** Refreshes the page while it is visible. */

import { Problem, Unreachable } from "./api.js";
import { fill } from "./dom.js";
import { moment } from "./format.js";

const INTERVAL_MILLISECONDS = 5000;
const MAX_INTERVAL_MILLISECONDS = 60000;

/** Repeats a task, with exponential backoff on failure. @returns {function(): Promise} runs it at once */
export function keepRefreshing(task) {
  let timer = 0;
  let interval = INTERVAL_MILLISECONDS;
  let running = false;
  let last = new Date();

  async function run() {
    clearTimeout(timer);
    if (running || document.hidden) return;
    running = true;
    try {
      await task();
      last = new Date();
      interval = INTERVAL_MILLISECONDS;
      showBanner(null);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      interval = Math.min(2 * interval, MAX_INTERVAL_MILLISECONDS);
      showBanner(error, last);
    } finally {
      running = false;
      timer = setTimeout(run, interval);
    }
  }

  document.addEventListener("visibilitychange", run);
  addEventListener("online", run);
  addEventListener("offline", () => showBanner(new Unreachable(), last));
  timer = setTimeout(run, interval);
  return run;
}

function showBanner(problem, last) {
  const banner = document.getElementById("connection");
  banner.hidden = !problem;
  if (problem) fill(banner, `${problem.title}. Last updated `, moment(last), ".");
}
