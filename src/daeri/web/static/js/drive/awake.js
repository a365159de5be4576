/** Keeps the screen on while on duty, where the browser can; a lock ends with the page's visibility and is asked again. */

/** @type {WakeLockSentinel | null} */
let lock = null;
let isWanted = false;

/** @param {boolean} wanted */
export function keepAwake(wanted) {
  if (isWanted === wanted) return;
  isWanted = wanted;
  if (wanted) take();
  else release();
}

export const canKeepAwake = () => "wakeLock" in navigator;

document.addEventListener("visibilitychange", () => {
  if (isWanted && document.visibilityState === "visible") take();
});

async function take() {
  if (!canKeepAwake() || lock || document.visibilityState !== "visible") return;
  try {
    lock = await navigator.wakeLock.request("screen");
    lock.addEventListener("release", () => (lock = null));
    if (!isWanted) release();
  } catch {
    // A phone that saves power says no; the screen then goes dark as usual.
  }
}

function release() {
  lock?.release();
  lock = null;
}
