/** The shared worker: one stream for every tab of this browser. */

import { LiveStream } from "./stream.js";

/** @typedef {import("../types").LiveMessage} LiveMessage */

/** @type {Set<MessagePort>} */
const ports = new Set();
/** @type {LiveStream | null} */
let stream = null;

/** @param {LiveMessage} message */
function tellAll(message) {
  for (const port of ports) port.postMessage(message);
}

/** @param {MessagePort} port @param {{ url: string, sessionUrl: string } | "bye"} words */
function hear(port, words) {
  if (words === "bye") {
    ports.delete(port);
    return;
  }
  stream ??= new LiveStream(words.url, words.sessionUrl, tellAll);
  stream.wake();
  ports.add(port);
  port.postMessage({ type: "state", state: stream.state, connection: stream.connection });
}

self.addEventListener("connect", (event) => {
  const [port] = /** @type {MessageEvent} */ (event).ports;
  if (!port) return;
  port.onmessage = (message) => hear(port, message.data);
});
