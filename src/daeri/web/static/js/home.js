/** The console's first room: the live map, the board and the figures. */

import { showBoard, showFigures, tick } from "./board.js";
import { connect } from "./live/connect.js";
import { empty } from "./live/state.js";
import { SEOUL, answerClicks, choose, drawAllDrivers, drawCalls, drawDrivers, openMap, showWorkplace } from "./map/map.js";
import { one } from "./words.js";

/** @typedef {import("./types").LiveState} LiveState */
/** @typedef {import("./types").LiveMessage} LiveMessage */
/** @typedef {import("./map/maplibre").GLMap} GLMap */

/** Several events in one breath are drawn once. */
const BREATH_MS = 200;

/** @type {GLMap | null} */
let map = null;
let state = empty();
/** Server's time minus this browser's, so that waiting times are right on a wrong clock. */
let ahead = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let due;
let calls = false;
let board = false;
/** Whether the map was put where the drivers are: once, then it is the viewer's to move. */
let placed = false;

function draw() {
  due = undefined;
  if (calls && map) drawCalls(map, state.calls.values());
  if (board) showBoard(state);
  tick(Date.now() + ahead);
  calls = board = false;
}

/** @param {boolean} callsToo */
function soon(callsToo) {
  calls ||= callsToo;
  board = true;
  due ??= setTimeout(draw, BREATH_MS);
}

function drawWhole() {
  if (map) drawAllDrivers(map, state);
  if (map && !placed && state.drivers.size > 0) {
    showWorkplace(map, state);
    placed = true;
  }
  if (state.figures) showFigures(state.figures);
  if (state.at) soon(true);
}

/** @param {LiveState} latest @param {LiveMessage} message */
function changed(latest, message) {
  state = latest;
  if (message.type === "connection") return;
  if (message.type === "state" || message.event.name === "snapshot") {
    if (state.at) ahead = state.at - Date.now();
    drawWhole();
    return;
  }
  const { event } = message;
  if ("at" in event.data) ahead = event.data.at - Date.now();
  if (event.name === "drivers" && map) drawDrivers(map, state, event.data.slots);
  else if (event.name === "figures" && state.figures) showFigures(state.figures);
  else if (event.name === "call" || event.name === "board") soon(event.name === "call");
}

/** A row that has the focus or the pointer is ringed on the map. */
function ringRows() {
  const list = one("[data-board]");
  /** @param {Event} event */
  const ring = (event) => {
    const row = event.target instanceof Element ? event.target.closest(".board-row") : null;
    if (map) choose(map, row instanceof HTMLElement ? (row.dataset.id ?? "") : "");
  };
  for (const name of ["focusin", "pointerover"]) list.addEventListener(name, ring);
  for (const name of ["focusout", "pointerleave"]) list.addEventListener(name, () => map && choose(map, ""));
}

connect(changed);
ringRows();
setInterval(() => tick(Date.now() + ahead), 1000);
map = await openMap(one("[data-map]"), SEOUL);
if (map) answerClicks(map);
drawWhole();
