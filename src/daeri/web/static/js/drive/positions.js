/** Where the phone is: watched while on duty, sent as it is now, never as it was. */

import { serverNow } from "./clock.js";
import { record } from "./records.js";
import { isOpen, sendFrame } from "./socket.js";
import { change, now } from "./store.js";
import { postPositions } from "./wire.js";

/** @typedef {import("./types").Fix} Fix */

/** A fix older than this is not where the phone is: it is thrown away, also when the way out comes back. */
const FRESH_MS = 15_000;
const SHORTEST_BEAT_MS = 1_000;

/** @type {number | null} */
let watch = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let beat;
let lastSentFix = 0;
let isPosting = false;

/** Watch and report from now on; again does nothing. */
export function start() {
  if (watch !== null) return;
  if (!("geolocation" in navigator)) return set({ status: "missing" });
  if (now().gps.status === "off") set({ status: "asking" });
  watch = navigator.geolocation.watchPosition(found, failed, { enableHighAccuracy: true, maximumAge: 1_000 });
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
    const options = { enableHighAccuracy: true, maximumAge: 10_000, timeout: 8_000 };
    navigator.geolocation.getCurrentPosition(
      (position) => {
        found(position);
        resolve(fixOf(position));
      },
      (error) => {
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

/** Seconds since a position last left the phone; null before the first. */
export function gapS() {
  const sentAt = now().gps.sentAt;
  return sentAt === null ? null : Math.round((Date.now() - sentAt) / 1000);
}

/** @param {GeolocationPosition} position @returns {Fix} */
function fixOf(position) {
  const { latitude, longitude, accuracy } = position.coords;
  // The age of the fix by the phone's clock, put under the server's.
  const at = serverNow() - Math.max(0, Date.now() - position.timestamp);
  return { at, lat: latitude, lon: longitude, accuracy };
}

/** @param {GeolocationPosition} position */
function found(position) {
  set({ status: "ok", fix: fixOf(position) });
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

/** Report once a cadence; a phone that stands still is asked where it is, so that its fix is not old. */
function tick() {
  const cadenceMs = Math.max(SHORTEST_BEAT_MS, (now().truth?.cadence_s ?? 3) * 1000);
  beat = setTimeout(() => {
    report();
    refresh(cadenceMs);
    tick();
  }, cadenceMs);
}

/** @param {number} cadenceMs */
function refresh(cadenceMs) {
  const fix = now().gps.fix;
  if (fix && serverNow() - fix.at < cadenceMs) return;
  const options = { enableHighAccuracy: true, maximumAge: cadenceMs, timeout: cadenceMs * 2 };
  navigator.geolocation.getCurrentPosition((position) => watch !== null && found(position), failed, options);
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
