/** The last truth that was heard, kept on the phone: what a reload in a tunnel shows, marked as old. */

import { now } from "./store.js";

/** @typedef {import("./types").Truth} Truth */
/** @typedef {{ account: string, at: number, truth: Truth }} Kept */

const KEY = "daeri.drive.truth";

/** @param {string} account */
export function keepTruth(account) {
  const { truth } = now();
  if (!truth) return;
  /** @type {Kept} */
  const kept = { account, at: Date.now(), truth: { ...truth, offers: [], listed: [] } };
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // A browser that keeps nothing.
  }
}

/** What was kept for this account; null without. @param {string} account @returns {Kept | null} */
export function keptTruth(account) {
  try {
    const kept = /** @type {Kept | null} */ (JSON.parse(localStorage.getItem(KEY) ?? "null"));
    return kept?.account === account ? kept : null;
  } catch {
    return null;
  }
}

export function forgetTruth() {
  try {
    localStorage.removeItem(KEY);
  } catch {
    // Nothing was kept.
  }
}
