/** What the days have brought: fetched when asked for, kept for a moment. */

import { get } from "../phone/client.js";
import { now } from "./store.js";
import { signal } from "./wire.js";

/** @typedef {import("./types").Day} Day */
/** @typedef {import("./types").Line} Line */
/** @typedef {import("./types").Run} Run */
/** @typedef {{ days: Day[], total: Line }} Earnings */

const DAY_MS = 86_400_000;
const KST_MS = 9 * 3_600_000;
export const SHOWN_DAYS = 7;

/** The Korean day `ago` days before now, as YYYY-MM-DD. @param {number} [ago] */
export const koreanDay = (ago = 0) => new Date(Date.now() + KST_MS - ago * DAY_MS).toISOString().slice(0, 10);

/** @type {Earnings | null} */
let week = null;
let weekEnds = "";

/** @param {string} last the newest day, YYYY-MM-DD @returns {Promise<Earnings>} */
export async function earnings(last) {
  const from = new Date(Date.parse(`${last}T00:00:00Z`) - (SHOWN_DAYS - 1) * DAY_MS).toISOString().slice(0, 10);
  return whole(/** @type {Earnings} */ (await get(`/driver/earnings?from=${from}&to=${last}`)), from);
}

/** Every day of the span, also those without a run. @param {Earnings} read @param {string} from @returns {Earnings} */
function whole(read, from) {
  const first = Date.parse(`${from}T00:00:00Z`);
  const days = Array.from({ length: SHOWN_DAYS }, (_, at) => {
    const day = new Date(first + at * DAY_MS).toISOString().slice(0, 10);
    return read.days.find((each) => each.day === day) ?? { day, runs: 0, fares: 0, commission: 0, premium: 0, net: 0 };
  });
  return { days, total: read.total };
}

/** @param {string} day @returns {Promise<Run[]>} */
export async function runsOf(day) {
  return /** @type {{ calls: Run[] }} */ (await get(`/driver/earnings/${day}`)).calls;
}

/** Today's line for the home screen; null until it is known. */
export function today() {
  const day = koreanDay();
  if (weekEnds !== day && now().truth) {
    weekEnds = day;
    readToday();
  }
  return week?.days.find((each) => each.day === day) ?? null;
}

/** Read again, as after a finished call. */
export async function readToday() {
  try {
    week = await earnings(koreanDay());
    signal();
  } catch {
    week = null;
  }
}
