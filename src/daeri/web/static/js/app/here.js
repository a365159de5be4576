/** Where the customer is: asked for when they want it, and at once where they have allowed it before. */

import { placeAt } from "./api.js";
import { change, changeDraft, state } from "./store.js";

const WAIT_MS = 10_000;
const STALE_MS = 30_000;

/** Read the position without asking, where that is allowed already. */
export async function lookQuietly() {
  const allowed = await navigator.permissions?.query({ name: "geolocation" }).catch(() => null);
  if (allowed?.state === "granted") await look();
}

/** Ask where we are; the place, or null where the browser does not say. @returns {Promise<import("./types").Place | null>} */
export async function look() {
  if (!navigator.geolocation) {
    change({ hereState: "refused" });
    return null;
  }
  change({ hereState: "asking" });
  const found = await position();
  if (!found) {
    change({ hereState: "refused" });
    return null;
  }
  const here = await placeAt({ lat: found.coords.latitude, lon: found.coords.longitude });
  change({ here, hereState: "known" });
  if (!state.draft.origin) changeDraft({ origin: here });
  return here;
}

/** @returns {Promise<GeolocationPosition | null>} */
function position() {
  return new Promise((resolve) => {
    const options = { enableHighAccuracy: true, timeout: WAIT_MS, maximumAge: STALE_MS };
    navigator.geolocation.getCurrentPosition(resolve, () => resolve(null), options);
  });
}
