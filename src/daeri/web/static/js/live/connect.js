/** A page's end of the live stream, and the words that say how it stands. */

import { clock, config, t } from "../words.js";
import { apply, empty } from "./state.js";
import { LiveStream } from "./stream.js";

/** @typedef {import("../types").LiveState} LiveState */
/** @typedef {import("../types").LiveMessage} LiveMessage */
/** @typedef {import("../types").Connection} Connection */

/**
 * Follow the stream: `changed` is called after each message with the state and what changed in it.
 * @param {(state: LiveState, message: LiveMessage) => void} changed
 */
export function connect(changed) {
  let state = empty();
  /** @param {LiveMessage} message @param {boolean} applied */
  const hear = (message, applied = false) => {
    if (message.type === "state") state = message.state;
    if (message.type === "event" && !applied) apply(state, message.event);
    if (message.type !== "event") showConnection(message.connection);
    changed(state, message);
  };
  if (!("SharedWorker" in globalThis)) {
    const stream = new LiveStream(config.stream, config.session, (message) => {
      state = stream.state;
      hear(message, true);
    });
    return;
  }
  const name = `daeri-live-${config.account}`;
  const worker = new SharedWorker(new URL("./worker.js", import.meta.url), { type: "module", name });
  worker.port.onmessage = (message) => hear(message.data);
  worker.port.postMessage({ url: config.stream, sessionUrl: config.session });
  addEventListener("pagehide", () => worker.port.postMessage("bye"));
  addEventListener("pageshow", (event) => {
    if (event.persisted) worker.port.postMessage({ url: config.stream, sessionUrl: config.session });
  });
}

/** @param {Connection} connection */
function showConnection(connection) {
  for (const element of document.querySelectorAll("[data-connection]")) {
    if (!(element instanceof HTMLElement)) continue;
    element.dataset.status = connection.status;
    const words = element.querySelector("[data-connection-text]");
    if (words) words.textContent = t(`live.${connection.status}`, { since: clock(connection.since) });
  }
}
