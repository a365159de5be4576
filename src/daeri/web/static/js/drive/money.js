/** The driver's prepaid balance as this phone knows it: read when asked for, and again once it must have moved. */

import { get, newKey, Problem, send } from "../phone/client.js";
import { won } from "../phone/view.js";
import { explain } from "./actions.js";
import { tell } from "./store.js";
import { signal } from "./wire.js";

/** @typedef {import("./money_shapes").Balance} Balance */

const OLD_MS = 60_000;
/** A drive is settled by a job after it: looked for a little later, and once more. */
const SETTLED_MS = [2_000, 8_000];

/** @type {{ balance: Balance | null, at: number, isReading: boolean }} */
const known = { balance: null, at: 0, isReading: false };

/** @returns {Promise<Balance>} */
export async function readBalance() {
  known.balance = /** @type {Balance} */ (await get("/driver/balance"));
  known.at = Date.now();
  return known.balance;
}

/** The balance as it was last read, which is read again by and by; null until it is known. */
export function knownBalance() {
  if (Date.now() - known.at > OLD_MS) void lookAgain();
  return known.balance;
}

async function lookAgain() {
  if (known.isReading) return;
  known.isReading = true;
  known.at = Date.now(); // one question a minute, answered or not
  try {
    await readBalance();
    signal();
  } catch {
    // What is known is shown until somebody answers.
  }
  known.isReading = false;
}

/** A drive has ended, or money was moved: what it left is read soon. */
export function balanceMoved() {
  for (const ms of SETTLED_MS) setTimeout(() => void lookAgain(), ms);
}

/** With its sign, also where it is added: `+20,000원`. @param {number} amount */
export const signed = (amount) => (amount > 0 ? `+${won(amount)}` : won(amount));

/** Commands that nobody answered, by what was asked: asked again, they are the same. @type {Map<string, string>} */
const unanswered = new Map();
/** What is being sent. @type {Set<string>} */
const sending = new Set();

/** @param {string} path */
export const isSending = (path) => sending.has(path);

/**
 * Do something with money, once; a refusal is told, and null.
 * @param {string} path @param {unknown} [body] @param {string} [method]
 */
export async function command(path, body, method = "POST") {
  if (sending.has(path)) return null;
  const what = `${method} ${path} ${JSON.stringify(body)}`;
  const key = unanswered.get(what) ?? newKey();
  unanswered.set(what, key);
  sending.add(path);
  signal();
  try {
    const answer = await send(path, body, { key, method });
    unanswered.delete(what);
    return answer ?? true;
  } catch (problem) {
    if (problem instanceof Problem && !problem.isPassing) unanswered.delete(what);
    explain(problem);
    return null;
  } finally {
    sending.delete(path);
    signal();
  }
}

/** A field of won: only its figures. @param {string} text */
export const figures = (text) => Number(text.replace(/[^0-9]/g, "").slice(0, 9));

/** @param {string} text */
export function copy(text) {
  navigator.clipboard?.writeText(text).then(
    () => tell("good", text),
    () => {},
  );
}
