/** One call: which of its faces is shown follows from its state alone, so a reload shows the same. */

import { html, t } from "../phone/view.js";
import { Problem } from "../phone/client.js";
import { call as readCall, quote as askQuote, progress as readProgress } from "./api.js";
import { empty, skeleton } from "../phone/parts.js";
import { head } from "./bits.js";
import { coming } from "./coming.js";
import { driving } from "./driving.js";
import { ended } from "./ended.js";
import { stopsOf, straight } from "./request.js";
import { metres } from "./search.js";
import { ENGAGED, RUNNING, withCall, withProgress } from "./states.js";
import { change, redraw, state } from "./store.js";
import { waiting } from "./waiting.js";

/** @typedef {import("./types").Call} Call */

const TICK_MS = 1_000;
const PROGRESS_EVERY = 4; // ticks

/** A face of the call: what is drawn, and what it does when it is left. @typedef {{ draw: (call: Call) => unknown, leave?: () => void }} Face */

/** @param {string} id @returns {import("./types").Screen} */
export function callScreen(id) {
  const faces = { waiting: waiting(id), coming: coming(id), driving: driving(id), ended: ended(id) };
  /** @type {[number, number][] | null} */
  let line = null;
  let isMissing = false;
  let isReading = false;
  let ticks = 0;

  async function read() {
    isReading = true;
    try {
      // The answer first: what is known by then may be newer than what was known before.
      const found = await readCall(id);
      change({ known: withCall(state.known, found) });
    } catch (problem) {
      isMissing = problem instanceof Problem && problem.status === 404;
      redraw();
    }
    isReading = false;
    void readLine();
  }

  /** The road of the trip; without it the map shows the straight way. */
  async function readLine() {
    const call = state.known.calls.get(id);
    if (!call || !RUNNING.has(call.state) || line) return;
    line = call.route ?? null;
    if (line) return;
    const { origin, destination, vias, service } = call;
    const bare = (/** @type {import("./types").Place} */ place) => ({ lat: place.lat, lon: place.lon, name: place.name });
    const quote = await askQuote({ origin: bare(origin), destination: bare(destination), vias: vias.map(bare), service }).catch(() => null);
    line = quote?.route ?? null;
    redraw();
  }

  /** Once a second: the clock of the waiting, and now and then how the search goes. */
  async function tick() {
    const call = state.known.calls.get(id);
    if (!call || !RUNNING.has(call.state) || document.hidden) return;
    redraw();
    if (call.state !== "requested" || ticks++ % PROGRESS_EVERY) return;
    const told = await readProgress(id).catch(() => null);
    if (told) change({ known: withProgress(state.known, id, told) });
  }

  function face() {
    const of = state.known.calls.get(id)?.state;
    if (of === "requested" || of === "reserved") return faces.waiting;
    if (of === "assigned" || of === "arrived") return faces.coming;
    return of === "driving" ? faces.driving : faces.ended;
  }

  void read().then(tick);
  const timer = setInterval(tick, TICK_MS);
  return {
    title: () => {
      const call = state.known.calls.get(id);
      return call ? t(`app.call.${call.state}`) : t("app.call.title");
    },
    hasMap: true,
    // A call that ended while the stream was away is in no snapshot.
    heard: () => void (!state.known.calls.has(id) && !isReading && !isMissing && state.isOnline && read()),
    scene: () => sceneOf(state.known.calls.get(id), line),
    draw: () => {
      const call = state.known.calls.get(id);
      if (call) return face().draw(call);
      return html`${head(t("app.call.title"), { home: true })}${isMissing ? empty(t("app.call.missing"), { glyph: "circle-question-mark", text: t("app.call.missing.about") }) : skeleton(5)}`;
    },
    leave: () => {
      clearInterval(timer);
      for (const one of Object.values(faces)) one.leave?.();
    },
  };
}

/** Changes each time that the distance is halved, so that the map comes closer with the driver. @param {import("./types").Position} driver @param {import("./types").Place} origin */
function nearness(driver, origin) {
  return Math.round(Math.log2(Math.max(100, metres(driver, origin))));
}

/** @param {Call | undefined} call @param {[number, number][] | null} line @returns {import("./types").Scene} */
function sceneOf(call, line) {
  if (!call) return {};
  const driver = ENGAGED.has(call.state) ? (state.known.positions.get(call.id) ?? call.driver?.position ?? null) : null;
  const searching = call.state === "requested";
  const isComing = call.state === "assigned" || call.state === "arrived";
  return {
    places: isComing || searching ? [{ place: call.origin, kind: "origin" }] : stopsOf(call),
    line: isComing || searching ? [] : (line ?? straight(call)),
    driver,
    radius: searching ? (state.known.progress.get(call.id)?.radius_m ?? null) : null,
    frame: `${call.id}-${call.state}-${driver && isComing ? nearness(driver, call.origin) : Boolean(driver)}-${Boolean(line)}`,
  };
}
