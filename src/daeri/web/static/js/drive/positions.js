/** Where the phone is: watched while on duty, sent as it is now, never as it was. */

import { serverNow } from "./clock.js";
import { record } from "./records.js";
import { isOpen, sendFrame } from "./socket.js";
import { change, now } from "./store.js";
import { postPositions } from "./wire.js";

/** @typedef {import("./types").Fix} Fix */

/** A fix older than this is not where the phone is: it is thrown away, also when the way out comes back. */
const FRESH_MS = 15_000;
/** A phone from which nothing came for this long is asked again. */
const REPEAT_MS = 7_000;
const SHORTEST_BEAT_MS = 1_000;
const FIND_WITHIN_MS = 8_000;
/** Some phones answer neither way, and a question about rights may stay open: duty waits no longer, the watch goes on. */
const UNANSWERED_MS = 10_000;

/** @type {number | null} */
let watch = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let beat;
let lastSentFix = 0;
let startedAt = 0;
let watchedSince = 0;
let isPosting = false;

/** Watch and report from now on; again does nothing. */
export function start() {
  if (watch !== null) return;
  if (!("geolocation" in navigator)) return set({ status: "missing" });
  startedAt = Date.now();
  if (now().gps.status === "off") set({ status: "asking" });
  watchAnew();
  tick();
}

export function stop() {
  if (watch !== null) navigator.geolocation.clearWatch(watch);
  watch = null;
  clearTimeout(beat);
  set({ status: "off", fix: null, sentAt: null });
}

/** Where the phone is at this moment, for going on duty; null when it does not know. @returns {Promise<Fix | null>} */
export function findOnce() {
  const known = now().gps.fix;
  if (known && serverNow() - known.at < FRESH_MS) return Promise.resolve(known);
  if (!("geolocation" in navigator)) return Promise.resolve(null);
  return new Promise((resolve) => {
    const options = { enableHighAccuracy: true, maximumAge: 0, timeout: FIND_WITHIN_MS };
    const askedAt = Date.now();
    const unanswered = setTimeout(() => resolve(null), UNANSWERED_MS);
    navigator.geolocation.getCurrentPosition(
      (position) => {
        clearTimeout(unanswered);
        found(position, askedAt);
        resolve(fixOf(position, askedAt));
      },
      (error) => {
        clearTimeout(unanswered);
        failed(error);
        resolve(null);
      },
      options,
    );
  });
}

/** How old the newest fix is, in whole seconds; null without one. */
export function ageS() {
  const fix = now().gps.fix;
  return fix ? Math.max(0, Math.round((serverNow() - fix.at) / 1000)) : null;
}

/** Seconds since a position last left the phone, or since it should first have; null while none should. */
export function gapS() {
  if (watch === null) return null;
  return Math.round((Date.now() - (now().gps.sentAt ?? startedAt)) / 1000);
}

/**
 * A fix by the server's clock. One that was asked for afresh is no older than the question, whatever its stamp says:
 * phones that stand still repeat their last one.
 * @param {GeolocationPosition} position
 * @param {number} [askedAt] this phone's clock
 * @returns {Fix}
 */
function fixOf(position, askedAt = 0) {
  const { latitude, longitude, accuracy } = position.coords;
  const measuredAt = Math.max(position.timestamp, askedAt);
  const at = serverNow() - Math.max(0, Date.now() - measuredAt);
  return { at, lat: latitude, lon: longitude, accuracy };
}

/** @param {GeolocationPosition} position @param {number} [askedAt] */
function found(position, askedAt) {
  set({ status: "ok", fix: fixOf(position, askedAt) });
}

/** @param {GeolocationPositionError} error */
function failed(error) {
  if (error.code === error.PERMISSION_DENIED) set({ status: "denied" });
  else if (now().gps.status !== "ok") set({ status: "missing" });
}

/** @param {Partial<import("./types").Gps>} part */
function set(part) {
  change({ gps: { ...now().gps, ...part } });
}

/** Report once a cadence, and see that there is something to report. */
function tick() {
  const cadenceMs = Math.max(SHORTEST_BEAT_MS, (now().truth?.cadence_s ?? 3) * 1000);
  beat = setTimeout(() => {
    report();
    refresh();
    tick();
  }, cadenceMs);
}

/** Phones that stand still fall silent: a watch that is begun anew answers with where they are. */
function refresh() {
  const fix = now().gps.fix;
  if (fix && serverNow() - fix.at < REPEAT_MS) return;
  if (Date.now() - watchedSince >= REPEAT_MS) watchAnew();
}

function watchAnew() {
  if (watch !== null) navigator.geolocation.clearWatch(watch);
  let askedAt = Date.now();
  watchedSince = askedAt;
  const told = (/** @type {GeolocationPosition} */ position) => {
    found(position, askedAt);
    askedAt = 0; // what comes later has its own time
  };
  watch = navigator.geolocation.watchPosition(told, failed, { enableHighAccuracy: true, maximumAge: 0 });
}

function report() {
  const fix = now().gps.fix;
  if (!fix || fix.at <= lastSentFix || serverNow() - fix.at > FRESH_MS) return;
  const frame = record(fix);
  if (isOpen()) {
    if (sendFrame(frame)) left(fix);
  } else if (!isPosting && navigator.onLine) {
    post(frame, fix);
  }
}

/** The way by HTTP, one at a time: what cannot leave now is dropped. @param {ArrayBuffer} frame @param {Fix} fix */
async function post(frame, fix) {
  isPosting = true;
  try {
    if (await postPositions(frame, FRESH_MS)) left(fix);
  } finally {
    isPosting = false;
  }
}

/** @param {Fix} fix */
function left(fix) {
  lastSentFix = fix.at;
  set({ sentAt: Date.now() });
}
