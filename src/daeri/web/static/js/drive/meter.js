/** The meter of a drive whose fare plan has one: read every few seconds while driving. */

import { get, Problem } from "../phone/client.js";
import { now } from "./store.js";
import { signal } from "./wire.js";

/** @typedef {import("./types").Call} Call */
/** @typedef {{ amount: number, distance_m: number, duration_s: number, gaps: { from: string, to: string, s: number }[], is_trusted?: boolean }} Meter */

const EVERY_MS = 10_000;

/** @type {{ callId: string, read: Meter } | null} */
let known = null;
let hasNone = "";
let isReading = false;

/** @param {Call} call */
const isMetered = (call) => (call.fare?.plan ?? call.fare_plan) === "meter" && call.state === "driving" && hasNone !== call.id;

/** What the meter of this call said last; null where there is none. @param {Call} call */
export const meterOf = (call) => (known?.callId === call.id ? known.read : null);

/** Read again and again from now on. */
export function watchMeter() {
  setInterval(read, EVERY_MS);
  read();
}

export async function read() {
  const call = now().truth?.call;
  if (!call || !isMetered(call) || isReading || document.visibilityState !== "visible") return;
  isReading = true;
  try {
    known = { callId: call.id, read: /** @type {Meter} */ (await get(`/driver/calls/${call.id}/meter`)) };
    signal();
  } catch (problem) {
    if (problem instanceof Problem && (problem.status === 404 || problem.code === "no_meter")) hasNone = call.id;
  } finally {
    isReading = false;
  }
}
