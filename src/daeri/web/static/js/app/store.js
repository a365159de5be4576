/** What the app knows, in one place. Screens read `state`; `change` draws them anew, once a frame. */

import { toast } from "../phone/sheet.js";
import { emptyDraft } from "./draft.js";
import { nothingKnown } from "./states.js";

/**
 * @typedef {object} State
 * @property {import("./types").Customer | null} customer
 * @property {import("./states").Known} known
 * @property {boolean} isKnown whether the calls were read since the page was loaded
 * @property {import("./types").Call[]} past the newest calls, for recent places
 * @property {import("./types").Cancellations | null} cancellations
 * @property {import("./types").Notice[]} notices
 * @property {import("./types").Cards | null} cards
 * @property {import("./types").OwedPage | null} owed
 * @property {import("./types").Draft} draft
 * @property {import("./types").Place | null} here
 * @property {"unknown" | "asking" | "known" | "refused"} hereState
 * @property {boolean} isOnline
 * @property {"connecting" | "live" | "lost" | "signed_out"} live
 * @property {ReadonlySet<string>} busy what is being done now
 */

const DRAFT = "daeri.draft";
const CALLS = "daeri.calls";

/** @type {State} */
export const state = {
  customer: null,
  known: nothingKnown(),
  isKnown: false,
  past: [],
  cancellations: null,
  notices: [],
  cards: null,
  owed: null,
  draft: { ...emptyDraft(), ...kept(DRAFT) },
  here: null,
  hereState: "unknown",
  isOnline: navigator.onLine,
  live: "connecting",
  busy: new Set(),
};

/** @type {Set<() => void>} */
const listeners = new Set();

/** @param {() => void} listener */
export function onChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** @param {Partial<State>} patch */
export function change(patch) {
  Object.assign(state, patch);
  if (patch.draft) keep(DRAFT, patch.draft);
  if (patch.known) keep(CALLS, [...patch.known.calls.values()]);
  for (const listener of listeners) listener();
}

/** Draw again: something that a screen keeps for itself has changed. */
export function redraw() {
  change({});
}

/** @param {Partial<import("./types").Draft>} patch */
export function changeDraft(patch) {
  change({ draft: { ...state.draft, ...patch } });
}

/** The calls as this tab knew them before it was reloaded: shown at once, and read again. @returns {import("./types").Call[]} */
export function callsBefore() {
  const calls = kept(CALLS);
  return Array.isArray(calls) ? calls : [];
}

/** Forget everything that is a person's own. */
export function forget() {
  sessionStorage.clear();
}

/** Tell one sentence. @param {"good" | "bad"} kind @param {string} text */
export function tell(kind, text) {
  toast(text, kind);
}

/** @param {string} name @param {unknown} value */
function keep(name, value) {
  try {
    sessionStorage.setItem(name, JSON.stringify(value));
  } catch {
    // A full or forbidden storage costs a reload its memory, nothing else.
  }
}

/** @param {string} name */
function kept(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name) ?? "null");
  } catch {
    return null;
  }
}
