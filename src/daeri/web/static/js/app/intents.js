/** One key for one intention: pressing twice, or again after a reload, is still the same command. */

import { newKey } from "../phone/client.js";

const PREFIX = "daeri.intent.";

/**
 * The idempotency key of what somebody means to do now. The same name and body give the same key until `done`.
 * @param {string} name what is done, and to which row @param {unknown} [body]
 */
export function keyFor(name, body = null) {
  const meant = JSON.stringify(body);
  const kept = read(name);
  if (kept && kept.meant === meant) return kept.key;
  const key = newKey();
  sessionStorage.setItem(PREFIX + name, JSON.stringify({ key, meant }));
  return key;
}

/** The intention was answered: the next one is another. @param {string} name */
export function done(name) {
  sessionStorage.removeItem(PREFIX + name);
}

/** @param {string} name @returns {{ key: string, meant: string } | null} */
function read(name) {
  try {
    return JSON.parse(sessionStorage.getItem(PREFIX + name) ?? "null");
  } catch {
    return null;
  }
}
