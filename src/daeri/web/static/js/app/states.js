/** PURE: what the app knows of the customer's calls, and what each event of the stream changes in it. */

/** @typedef {import("./types").Call} Call */
/** @typedef {import("./types").Position} Position */
/** @typedef {import("./types").Progress} Progress */

/** @type {ReadonlySet<string>} */
export const RUNNING = new Set(["reserved", "requested", "assigned", "arrived", "driving"]);
/** @type {ReadonlySet<string>} A driver has the call. */
export const ENGAGED = new Set(["assigned", "arrived", "driving"]);
/** The most urgent first. */
const ORDER = ["driving", "arrived", "assigned", "requested", "reserved"];

/**
 * @typedef {object} Known
 * @property {Map<string, Call>} calls by id, running and lately ended
 * @property {Map<string, Position>} positions of drivers, by call
 * @property {Map<string, Progress>} progress of the search, by call
 */

/** @returns {Known} */
export function nothingKnown() {
  return { calls: new Map(), positions: new Map(), progress: new Map() };
}

/**
 * @param {Known} known @param {string} name of the event @param {any} data
 * @returns {Known}
 */
export function applied(known, name, data) {
  if (name === "snapshot") return withSnapshot(known, data.calls);
  if (name === "call") return withCall(known, data);
  if (name === "position") {
    const { call_id: id, lat, lon, at, eta_s = null, eta_to = null } = data;
    const call = known.calls.get(id);
    const calls = call ? new Map(known.calls).set(id, { ...call, eta_s, eta_to }) : known.calls;
    return { ...known, calls, positions: new Map(known.positions).set(id, { lat, lon, at }) };
  }
  if (name === "progress") return withProgress(known, data.call_id, data);
  if (name === "bill") return withBill(known, data.call_id, data.bill);
  return known;
}

/** What a ride has come to cost, and how far it is paid. @param {Known} known @param {string} id @param {import("./types").RideBill} bill @returns {Known} */
function withBill(known, id, bill) {
  const call = known.calls.get(id);
  return call ? { ...known, calls: new Map(known.calls).set(id, { ...call, bill }) } : known;
}

/** @param {Known} known @param {string} id @param {Progress} progress @returns {Known} */
export function withProgress(known, id, progress) {
  return { ...known, progress: new Map(known.progress).set(id, progress) };
}

/** A call as it was read or told; an older version changes nothing. @param {Known} known @param {Call} call */
export function withCall(known, call) {
  const before = known.calls.get(call.id);
  if (before && before.version > call.version) return known;
  // The stream tells of a bill by itself: a call that comes without one does not take it away.
  const calls = new Map(known.calls).set(call.id, { ...before, ...call, bill: call.bill ?? before?.bill ?? null });
  const positions = new Map(known.positions);
  if (!ENGAGED.has(call.state)) positions.delete(call.id);
  else if (call.driver?.position) positions.set(call.id, newer(positions.get(call.id), call.driver.position));
  return { ...known, calls, positions };
}

/** The snapshot names every running call: one that was running and is not named has ended unseen. @param {Known} known @param {Call[]} running */
function withSnapshot(known, running) {
  const named = new Set(running.map((call) => call.id));
  const kept = [...known.calls].filter(([id, call]) => named.has(id) || !RUNNING.has(call.state));
  return running.reduce(withCall, { ...known, calls: new Map(kept) });
}

/** @param {Position | undefined} a @param {Position} b */
function newer(a, b) {
  return a && a.at > b.at ? a : b;
}

/** The calls that have not ended, the most urgent first. @param {Known} known @returns {Call[]} */
export function running(known) {
  const found = [...known.calls.values()].filter((call) => RUNNING.has(call.state));
  return found.sort(
    (a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || b.requested_at.localeCompare(a.requested_at),
  );
}

/**
 * The places of earlier calls, newest first and each once: where people go again.
 * @param {Call[]} calls newest first @param {number} most
 */
export function recentPlaces(calls, most) {
  /** @type {Map<string, import("./types").Place>} */
  const found = new Map();
  for (const { destination, origin } of calls) {
    for (const place of [destination, origin]) {
      const key = `${place.lat.toFixed(4)},${place.lon.toFixed(4)}`;
      if (place.name && !found.has(key)) found.set(key, place);
    }
  }
  return [...found.values()].slice(0, most);
}

const SHORTEST_S = 60; // nobody is told of seconds

/**
 * Seconds until the driver is at `goal`; null while the server does not know.
 * @param {Call} call @param {...NonNullable<Call["eta_to"]>} goals
 */
export function arrivesIn(call, ...goals) {
  const isBound = call.eta_to && goals.includes(call.eta_to);
  return isBound && typeof call.eta_s === "number" ? Math.max(SHORTEST_S, call.eta_s) : null;
}

/** Whether the asking person may do this now; a server that does not say leaves it to the state. @param {Call} call @param {string} what @param {boolean} otherwise */
export function may(call, what, otherwise) {
  return call.can?.length ? call.can.includes(what) : otherwise;
}
