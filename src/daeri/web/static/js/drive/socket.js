/** The driver's socket: opened with a ticket, opened again when it breaks, honest about which of the two it is. */

import { askTime, forget } from "./clock.js";
import { change, hear, isWorkNews, now } from "./store.js";
import { newTicket } from "./wire.js";

/** @typedef {import("./types").Said} Said */

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
const WELCOME_WITHIN_MS = 8_000;
/** What was handed to the socket and has not left the phone after this long: there is no way out. */
const STUCK_AFTER_MS = 10_000;
const SIGNED_OUT = 4401;

/** @type {WebSocket | null} */
let socket = null;
let isWanted = false;
let isAsking = false;
let attempts = 0;
let stuckSince = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
/** @type {() => void} */
let whenWelcomed = () => {};
/** @type {() => void} */
let whenSignedOut = () => {};

/**
 * Keep a socket open from now on.
 * @param {{ welcomed: () => void, signedOut: () => void }} told
 */
export function open(told) {
  isWanted = true;
  whenWelcomed = told.welcomed;
  whenSignedOut = told.signedOut;
  connect();
  addEventListener("online", again);
  addEventListener("offline", lose);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && again());
}

export function close() {
  isWanted = false;
  clearTimeout(timer);
  socket?.close();
  socket = null;
}

/** Whether a position handed over now would leave at once. */
export function isOpen() {
  return socket?.readyState === WebSocket.OPEN && now().link.status === "live";
}

/** @param {ArrayBuffer} frame @returns {boolean} whether it left the phone, as far as anybody can tell */
export function sendFrame(frame) {
  if (!socket || !isOpen()) return false;
  if (socket.bufferedAmount > 0) {
    stuckSince ||= Date.now();
    if (Date.now() - stuckSince > STUCK_AFTER_MS) lose();
    return false;
  }
  stuckSince = 0;
  socket.send(frame);
  return true;
}

/** Do not wait for the pause: there may be a way now. */
export function again() {
  if (!isWanted || (socket && socket.readyState <= WebSocket.OPEN)) return;
  attempts = 0;
  connect();
}

function lose() {
  const old = socket;
  socket = null;
  old?.close();
  mark("lost");
  later();
}

async function connect() {
  clearTimeout(timer);
  if (isAsking) return;
  isAsking = true;
  if (now().link.status !== "lost") mark("connecting");
  forget();
  askTime();
  try {
    const ticket = await newTicket();
    if (isWanted) listen(new WebSocket(ticket.url), ticket.token);
  } catch (problem) {
    if (problem instanceof Object && "status" in problem && problem.status === 401) return endSession();
    mark("lost");
    later();
  } finally {
    isAsking = false;
  }
}

/** @param {WebSocket} opened @param {string} token */
function listen(opened, token) {
  const old = socket;
  socket = opened;
  old?.close();
  const patience = setTimeout(() => opened.close(), WELCOME_WITHIN_MS);
  opened.addEventListener("open", () => opened.send(JSON.stringify({ type: "hello", token })));
  opened.addEventListener("message", (event) => {
    if (socket !== opened || typeof event.data !== "string") return;
    const said = /** @type {Said} */ (JSON.parse(event.data));
    if (said.type === "welcome") {
      clearTimeout(patience);
      attempts = 0;
      stuckSince = 0;
      mark("live");
    }
    if (said.type === "drain") return setTimeout(() => socket === opened && connect(), Math.random() * 2_000);
    const isNews = said.type === "welcome" || (said.type === "work" && isWorkNews(said));
    hear(said);
    if (isNews) whenWelcomed(); // a message says what is so, the truth also why
  });
  opened.addEventListener("close", (event) => {
    clearTimeout(patience);
    if (socket !== opened) return;
    socket = null;
    if (event.code === SIGNED_OUT) return endSession();
    mark("lost");
    later();
  });
}

/** A ticket may have run out while it was used: only when the next one is refused too, the session is over. */
function endSession() {
  if (attempts++ < 2) return later();
  mark("signed_out");
  isWanted = false;
  whenSignedOut();
}

function later() {
  if (!isWanted) return;
  clearTimeout(timer);
  const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempts++);
  timer = setTimeout(connect, pause * (0.5 + Math.random() / 2));
}

/** @param {import("./types").LinkStatus} status */
function mark(status) {
  if (now().link.status !== status) change({ link: { status, since: Date.now() } });
}
