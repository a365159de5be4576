/** One question at a time over the screen, drawn again with the store. */

import { openSheet } from "../phone/sheet.js";
import { onChange } from "./store.js";

/** @type {(() => void) | null} */
let closeOpen = null;

/** @param {string} title @param {() => unknown} content */
export function openDialog(title, content) {
  closeDialog();
  let close = () => {};
  let redraw = () => {};
  const closed = openSheet(
    title,
    (/** @type {(value?: undefined) => void} */ toClose, /** @type {() => void} */ toRedraw) => {
      [close, redraw] = [() => toClose(), toRedraw];
      return content();
    },
    { kind: "dialog" },
  );
  const stop = onChange(() => redraw());
  const own = () => close();
  closeOpen = own;
  void closed.then(() => {
    stop();
    if (closeOpen === own) closeOpen = null;
  });
}

export function closeDialog() {
  closeOpen?.();
}
