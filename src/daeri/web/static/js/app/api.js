/** The routes that the app uses. Reads whose route a server does not have yet give null. */

import { Problem, get, send } from "../phone/client.js";
import { t } from "../phone/view.js";
import { done, keyFor } from "./intents.js";
import { change, state, tell } from "./store.js";

/** @typedef {import("./types").Call} Call */

/** @template T @param {Promise<T>} reading @returns {Promise<T | null>} */
async function orNull(reading) {
  try {
    return await reading;
  } catch (problem) {
    if (problem instanceof Problem && (problem.status === 404 || problem.status === 405)) return null;
    throw problem;
  }
}

/** @returns {Promise<import("./types").Customer | null>} */
export const customer = () => orNull(get("/customer"));
/** @returns {Promise<import("./types").Cancellations | null>} */
export const cancellations = () => orNull(get("/customer/cancellations"));
/** @returns {Promise<{ items: import("./types").Notice[] } | null>} */
export const notices = () => orNull(get("/notices"));
/** @returns {Promise<{ items: import("./types").CaseRow[] } | null>} */
export const cases = () => orNull(get("/customer/cases"));

/** @returns {Promise<import("./types").Cards | null>} */
export const cards = () => orNull(get("/me/cards"));
/** @returns {Promise<import("./types").OwedPage | null>} */
export const owed = () => orNull(get("/me/bills"));

/** @param {string} id @returns {Promise<Call>} */
export const call = (id) => get(`/calls/${id}`);
/** @param {{ state?: string, cursor?: string | null, limit?: number }} asked @returns {Promise<{ items: Call[], next_cursor: string | null }>} */
export function calls({ state: wanted, cursor, limit = 20 }) {
  const query = new URLSearchParams({ limit: String(limit) });
  if (wanted) query.set("state", wanted);
  if (cursor) query.set("cursor", cursor);
  return get(`/calls?${query}`);
}
/** @param {string} id @returns {Promise<import("./types").Progress | null>} */
export const progress = (id) => orNull(get(`/calls/${id}/progress`));
/** @param {string} id @returns {Promise<import("./types").Receipt | null>} */
export const receipt = (id) => orNull(get(`/calls/${id}/receipt`));
/** @param {string} id @returns {Promise<import("./types").Rating | null>} */
export const rating = (id) => orNull(get(`/calls/${id}/rating`));
/** @param {string} id @returns {Promise<{ never_meet: boolean } | null>} */
export const neverMeet = (id) => orNull(get(`/calls/${id}/never-meet`));

/** @param {string} words @param {import("./types").Place | null} near @returns {Promise<{ items: import("./types").Place[] } | null>} */
export function places(words, near) {
  const query = new URLSearchParams({ q: words });
  if (near) {
    query.set("lat", near.lat.toFixed(5));
    query.set("lon", near.lon.toFixed(5));
  }
  return orNull(get(`/places?${query}`));
}

/** The place at a point, by its own name where somebody knows it. @param {{ lat: number, lon: number }} at @returns {Promise<import("./types").Place>} */
export async function placeAt({ lat, lon }) {
  const found = await orNull(get(`/places/at?lat=${lat.toFixed(6)}&lon=${lon.toFixed(6)}`));
  return { ...found, lat, lon, name: found?.name || found?.address || t("app.place.unnamed") };
}

/** @param {{ lat: number, lon: number }} at @returns {Promise<{ level: string, reason: string | null } | null>} */
export const shortage = ({ lat, lon }) => orNull(get(`/shortage?lat=${lat.toFixed(5)}&lon=${lon.toFixed(5)}`));

/** @param {unknown} body @returns {Promise<import("./types").Quote>} */
export const quote = (body) => send("/quotes", body, {});

/**
 * Do one thing, once: while it is done the same name does nothing, and its key stays until it was answered.
 * What went wrong is told at the top of the screen; then the answer is undefined.
 * @param {string} name of the intention @param {string} path @param {unknown} [body] @param {string} [method]
 * @returns {Promise<any>}
 */
export async function command(name, path, body, method = "POST") {
  if (state.busy.has(name)) return undefined;
  change({ busy: new Set([...state.busy, name]) });
  try {
    const answer = await send(path, body, { key: keyFor(name, body), method });
    done(name);
    return answer ?? {};
  } catch (problem) {
    // A refusal is an answer: the next press is another command. Where nobody answered, it is still this one.
    if (problem instanceof Problem && !problem.isPassing) done(name);
    tell("bad", sentence(problem));
    return undefined;
  } finally {
    change({ busy: new Set([...state.busy].filter((other) => other !== name)) });
  }
}

/** What went wrong, for people. @param {unknown} problem */
export function sentence(problem) {
  return (problem instanceof Problem && problem.detail) || t("app.failed");
}
