/** What calls leave their driver: as the card said it, and once they are over, as the day's earnings have it. */

import { isoDate } from "../phone/view.js";
import { runsOf } from "./days.js";
import { signal } from "./wire.js";

/** @typedef {import("./types").Net} Net */
/** @typedef {import("./types").Call} Call */
/** @typedef {import("./types").Card} Card */

const KEY = "daeri.drive.nets";
const KEPT = 20;
const TRIES_MS = [500, 2_000, 5_000, 15_000];

/** @type {Map<string, Net>} */
const promised = new Map(read());
/** What the earnings say; null while they are asked. @type {Map<string, Net | null>} */
const earned = new Map();

/** @returns {[string, Net][]} */
function read() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "[]");
  } catch {
    return [];
  }
}

/** The card that was accepted said what it leaves: kept, as the call itself does not say it. @param {Card} card */
export function promise(card) {
  if (!card.net) return;
  promised.set(card.call_id, card.net);
  try {
    localStorage.setItem(KEY, JSON.stringify([...promised].slice(-KEPT)));
  } catch {
    // Kept as long as the app is open.
  }
}

/** What this call leaves; null where nobody said it. @param {Call} call @returns {Net | null} */
export function netOf(call) {
  if (call.net) return call.net;
  if (call.state === "completed") {
    const known = earned.get(call.id);
    if (known) return known;
    if (known === undefined) ask(call, 0);
  }
  const said = promised.get(call.id) ?? null;
  const isSame = !said || call.final_amount == null || call.final_amount === said.fare;
  return isSame ? said : null;
}

/** The day's list has it soon after the end. @param {Call} call @param {number} tries */
function ask(call, tries) {
  earned.set(call.id, null);
  setTimeout(async () => {
    const runs = await runsOf(isoDate(call.ended_at ?? Date.now())).catch(() => []);
    const run = runs.find((each) => each.call_id === call.id);
    if (run) {
      earned.set(call.id, run);
      signal();
    } else if (tries + 1 < TRIES_MS.length) ask(call, tries + 1);
  }, TRIES_MS[tries]);
}
