/** What the library leaves to the app: positions over HTTP, and a way to say that a screen should be drawn anew. */

import { send } from "../phone/client.js";
import { change } from "./store.js";

/** @typedef {{ token: string, expires_at: string, url: string }} Ticket */

const POSITIONS = "/api/v1/driver/positions";
/** A ticket is not used in its last seconds. */
const SPARE_MS = 10_000;
const TICKET_LIVES_MS = 60_000;

/** @type {{ token: string, until: number } | null} */
let ticket = null;

/** Draw again: something that no state names has come. */
export const signal = () => change({});

/** A token of a minute that opens the socket and carries positions. @returns {Promise<Ticket>} */
export async function newTicket() {
  const made = /** @type {Ticket} */ (await send("/driver/socket-ticket"));
  ticket = { token: made.token, until: Date.now() + TICKET_LIVES_MS - SPARE_MS };
  return made;
}

/**
 * Report positions without the socket; whether they were taken. What is not answered in time is given up.
 * @param {ArrayBuffer} records
 * @param {number} withinMs
 */
export async function postPositions(records, withinMs) {
  try {
    if (!ticket || ticket.until < Date.now()) await newTicket();
    const headers = { authorization: `Bearer ${ticket?.token}`, "content-type": "application/octet-stream" };
    const answer = await fetch(POSITIONS, { method: "POST", body: records, headers, credentials: "omit", signal: AbortSignal.timeout(withinMs) });
    if (answer.status === 401) ticket = null;
    return answer.ok;
  } catch {
    return false;
  }
}
