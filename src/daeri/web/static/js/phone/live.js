/** An EventSource with its reconnections: a growing pause, and the question whether the session still lives. */

import { Problem, get } from "./client.js";
import { page } from "./page.js";

/** @typedef {import("./types").LiveStatus} LiveStatus */

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

/**
 * Follow a stream of events.
 * @param {string} url `/live/calls`; the app's name is added
 * @param {Record<string, (data: any) => void>} hear what to do on each event, by its name
 * @param {(status: LiveStatus) => void} [told] how the connection stands, when that changes
 * @returns {() => void} what ends it
 */
export function follow(url, hear, told = () => {}) {
  /** @type {EventSource | null} */
  let source = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let due;
  /** @type {LiveStatus | null} */
  let status = null;
  let wait = FIRST_WAIT_MS;
  let isOver = false;

  /** @param {LiveStatus} now */
  const become = (now) => {
    if (now === status || isOver) return;
    status = now;
    told(now);
  };

  const open = () => {
    clearTimeout(due);
    source?.close();
    const address = new URL(url, location.origin);
    address.searchParams.set("app", page.app);
    source = new EventSource(address);
    for (const [name, listener] of Object.entries(hear)) {
      source.addEventListener(name, (event) => {
        wait = FIRST_WAIT_MS;
        become("live");
        listener(JSON.parse(event.data));
      });
    }
    source.onerror = fail;
  };

  const fail = () => {
    source?.close();
    source = null;
    if (isOver) return;
    become("lost");
    clearTimeout(due);
    due = setTimeout(() => void retry(), wait * (0.75 + Math.random() / 2));
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  };

  const retry = async () => {
    try {
      await get("/session");
      if (!isOver) open();
    } catch (problem) {
      if (problem instanceof Problem && problem.status === 401) become("signed_out");
      else fail();
    }
  };

  /** The telephone woke up, or found a network: what waits need wait no longer. */
  const wake = () => {
    if (source || status === "signed_out" || document.hidden) return;
    wait = FIRST_WAIT_MS;
    clearTimeout(due);
    void retry();
  };

  addEventListener("online", wake);
  document.addEventListener("visibilitychange", wake);
  become("connecting");
  open();
  return () => {
    isOver = true;
    clearTimeout(due);
    source?.close();
    removeEventListener("online", wake);
    document.removeEventListener("visibilitychange", wake);
  };
}
