/** One EventSource with its reconnections, told as LiveMessages. Runs in the shared worker, or in a page without one. */

import { apply, empty } from "./state.js";

/** @typedef {import("../types").LiveEvent} LiveEvent */
/** @typedef {import("../types").LiveMessage} LiveMessage */
/** @typedef {import("../types").Connection} Connection */

/** @type {LiveEvent["name"][]} */
const NAMES = ["snapshot", "call", "drivers", "figures", "board"];
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;
/** The server writes at least once a second; a silence this long is a dead line that nobody reported. */
const SILENCE_MS = 15_000;

export class LiveStream {
  /**
   * @param {string} url
   * @param {string} sessionUrl answers 401 when the session is over
   * @param {(message: LiveMessage) => void} tell
   */
  constructor(url, sessionUrl, tell) {
    this.url = url;
    this.sessionUrl = sessionUrl;
    this.tell = tell;
    this.state = empty();
    /** @type {Connection} */
    this.connection = { status: "connecting", since: Date.now() };
    this.wait = FIRST_WAIT_MS;
    this.heard = Date.now();
    /** @type {EventSource | null} */
    this.source = null;
    setInterval(() => this.watch(), 5000);
    this.open();
  }

  open() {
    const source = new EventSource(this.url);
    this.source = source;
    this.heard = Date.now();
    for (const name of NAMES) {
      source.addEventListener(name, (message) => this.hear({ name, data: JSON.parse(message.data) }));
    }
    source.onerror = () => this.fail();
  }

  /** @param {LiveEvent} event */
  hear(event) {
    this.heard = Date.now();
    apply(this.state, event);
    this.tell({ type: "event", event });
    if (event.name === "snapshot") {
      this.wait = FIRST_WAIT_MS;
      this.become("live");
    }
  }

  /** A page that has just been opened has a session: try again at once when the last one was over. */
  wake() {
    if (this.connection.status === "signed_out") void this.retry();
  }

  watch() {
    if (this.source && Date.now() - this.heard > SILENCE_MS) this.fail();
  }

  /** The browser's own retry keeps no growing pause and never asks why: close, ask, and try again ourselves. */
  fail() {
    this.source?.close();
    this.source = null;
    this.become("lost");
    const pause = this.wait * (0.75 + Math.random() / 2);
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT_MS);
    setTimeout(() => void this.retry(), pause);
  }

  async retry() {
    const answer = await fetch(this.sessionUrl, { cache: "no-store" }).catch(() => null);
    if (answer?.status === 401) {
      this.become("signed_out");
    } else if (answer?.ok) {
      this.open();
    } else {
      this.fail();
    }
  }

  /** @param {Connection["status"]} status */
  become(status) {
    if (status === this.connection.status) return;
    this.connection = { status, since: Date.now() };
    this.tell({ type: "connection", connection: this.connection });
  }
}
