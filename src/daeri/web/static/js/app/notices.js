/** What the company tells its customers. */

import { clock, day, html, t } from "../phone/view.js";
import { empty } from "../phone/parts.js";
import { head } from "./bits.js";
import { state } from "./store.js";

/** @returns {import("./types").Screen} */
export function noticesScreen() {
  return {
    title: () => t("app.notices"),
    draw: () => html`${head(t("app.notices"))}
      <div class="scroll pad stack">
        ${state.notices.length
          ? state.notices.map((notice) => html`<article class="card tight"><h2>${notice.title}</h2><p class="hint">${day(notice.at)} ${clock(notice.at)}</p><p class="body-text">${notice.body}</p></article>`)
          : empty(t("app.notices.none"), { glyph: "bell" })}
      </div>`,
  };
}
