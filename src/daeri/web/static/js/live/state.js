/** A screen's state: the snapshot, then events. No page and no network here, so that a test can run it. */

/** @typedef {import("../types").LiveState} LiveState */
/** @typedef {import("../types").LiveEvent} LiveEvent */
/** @typedef {import("../types").LiveCall} LiveCall */
/** @typedef {import("../types").DriverColumns} DriverColumns */
/** @typedef {import("../types").BoardFacts} BoardFacts */

/** Twins of DriverStatus in daeri/web/console/live.py. */
export const DriverStatus = Object.freeze({ GONE: 0, IDLE: 1, OFFERED: 2, DRIVING: 3, STALE: 4 });
export const STATUS_NAMES = Object.freeze(["gone", "idle", "offered", "driving", "stale"]);

const ENDED = new Set(["completed", "cancelled_before_assignment", "cancelled_after_assignment", "expired"]);
const WAITING = new Set(["requested"]);
const ENDED_REMEMBERED = 1000;

/** @returns {LiveState} */
export function empty() {
  return { at: 0, calls: new Map(), ended: new Map(), board: new Map(), drivers: new Map(), figures: null };
}

/**
 * Change `state` by one event. Events may come twice or late: a call is taken by its version, figures and board by time.
 * @param {LiveState} state
 * @param {LiveEvent} event
 */
export function apply(state, event) {
  if (event.name === "snapshot") {
    Object.assign(state, empty(), { at: event.data.at, figures: event.data.figures });
    for (const call of event.data.calls) applyCall(state, call);
    applyDrivers(state, event.data.drivers);
    applyBoard(state, event.data.board);
    return;
  }
  if (event.name === "call") applyCall(state, event.data);
  else if (event.name === "drivers") applyDrivers(state, event.data);
  else if (event.name === "board") applyBoard(state, event.data.rows);
  else if (!state.figures || event.data.at >= state.figures.at) state.figures = event.data;
  if ("at" in event.data) state.at = Math.max(state.at, event.data.at);
}

/** @param {LiveState} state @param {LiveCall} call */
function applyCall(state, call) {
  const known = state.calls.get(call.id)?.version ?? state.ended.get(call.id) ?? -1;
  if (call.version <= known) return;
  if (!ENDED.has(call.state)) {
    state.calls.set(call.id, call);
    return;
  }
  state.calls.delete(call.id);
  state.board.delete(call.id);
  state.ended.set(call.id, call.version);
  const oldest = state.ended.keys().next();
  if (state.ended.size > ENDED_REMEMBERED && !oldest.done) state.ended.delete(oldest.value);
}

/** @param {LiveState} state @param {DriverColumns} columns */
function applyDrivers(state, columns) {
  columns.slots.forEach((slot, i) => {
    const status = columns.status[i] ?? DriverStatus.GONE;
    if (status === DriverStatus.GONE) {
      state.drivers.delete(slot);
      return;
    }
    const known = state.drivers.get(slot);
    const before = columns.ids[i] && columns.ids[i] !== known?.id ? undefined : known;
    state.drivers.set(slot, {
      lat: columns.lat[i] ?? 0,
      lon: columns.lon[i] ?? 0,
      status,
      id: columns.ids[i] || before?.id || "",
      name: columns.names[i] || before?.name || "",
    });
  });
}

/** @param {LiveState} state @param {BoardFacts[]} rows */
function applyBoard(state, rows) {
  state.board = new Map(rows.map((row) => [row.id, row]));
}

/**
 * The calls that wait for a driver, longest first.
 * @param {LiveState} state
 * @returns {LiveCall[]}
 */
export function waiting(state) {
  const calls = [...state.calls.values()].filter((call) => WAITING.has(call.state));
  return calls.sort((a, b) => a.requested_at - b.requested_at || a.id.localeCompare(b.id));
}
