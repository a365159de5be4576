/** The page of one call: its small map, and itself anew when the call changes. */

import { connect } from "./live/connect.js";
import { choose, drawAllDrivers, drawCalls, openMap } from "./map/map.js";
import { one } from "./words.js";

/** @typedef {import("./map/maplibre").GLMap} GLMap */
/** @typedef {import("./types").LiveState} LiveState */

const page = one("[data-call]");
const id = page.dataset.call ?? "";
const frame = one("[data-map]");

/** `lat,lon` as the map wants it. @param {string | undefined} text @returns {[number, number]} */
function point(text) {
  const [lat, lon] = (text ?? "").split(",").map(Number);
  return [lon ?? 0, lat ?? 0];
}

/** @param {[number, number]} a @param {[number, number]} b @returns {[[number, number], [number, number]]} */
function around(a, b) {
  const margin = 0.01;
  return [
    [Math.min(a[0], b[0]) - margin, Math.min(a[1], b[1]) - margin],
    [Math.max(a[0], b[0]) + margin, Math.max(a[1], b[1]) + margin],
  ];
}

/** Only the driver of this call is drawn. @param {GLMap} map @param {LiveState} state */
function drawDriver(map, state) {
  const driver = state.calls.get(id)?.driver_id;
  const mine = [...state.drivers].filter(([, each]) => driver && each.id === driver);
  drawAllDrivers(map, { ...state, drivers: new Map(mine) });
}

const from = point(frame.dataset.from);
const to = point(frame.dataset.to);
const map = await openMap(frame, around(from, to));
if (map) {
  drawCalls(map, [
    {
      id,
      number: "",
      version: 0,
      state: "requested",
      service: "",
      origin: { lon: from[0], lat: from[1], name: "" },
      destination: { lon: to[0], lat: to[1], name: "" },
      requested_at: 0,
      driver_id: null,
      driver_name: null,
    },
  ]);
  choose(map, "");
}

connect((state, message) => {
  if (map && message.type !== "connection") drawDriver(map, state);
  if (message.type !== "event" || message.event.name !== "call" || message.event.data.id !== id) return;
  for (const part of [page, one("#decisions")]) part.dispatchEvent(new Event("refresh"));
});
