/** The server's time on this phone: cards run down by it, however wrong the phone's own clock is. */

let ahead = 0;
/** How little is known: the smaller, the better `ahead` is. */
let doubt = Infinity;

export const serverNow = () => Date.now() + ahead;

/** Milliseconds left until an instant; never negative. @param {string} iso */
export const leftMs = (iso) => Math.max(0, Date.parse(iso) - serverNow());

/**
 * Learn from an instant that the server named, which lay at most `slack` ms before the phone heard it.
 * @param {number} serverMs
 * @param {number} slack
 */
export function align(serverMs, slack) {
  if (!Number.isFinite(serverMs) || slack > doubt) return;
  doubt = slack;
  ahead = serverMs - Date.now();
}

/** Ask what time it is. The header names whole seconds: half of one is added, half the way back too. */
export async function askTime() {
  const sent = Date.now();
  try {
    const answer = await fetch("/healthz", { cache: "no-store" });
    const named = Date.parse(answer.headers.get("date") ?? "");
    const roundTrip = Date.now() - sent;
    align(named + 500 + roundTrip / 2, 500 + roundTrip);
  } catch {
    // Without an answer the phone's own clock stands.
  }
}

/** What a clock learnt before a long sleep is not worth much. */
export function forget() {
  doubt = Infinity;
}
