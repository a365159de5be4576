/** All calls, newest first, and those of one kind. */

import { html, nothing, repeat, t } from "../phone/view.js";
import { calls as readCalls, sentence } from "./api.js";
import { empty, segments, skeleton } from "../phone/parts.js";
import { callRow } from "./bits.js";
import { redraw, tell } from "./store.js";

/** @typedef {import("./types").Call} Call */

const FILTERS = /** @type {const} */ (["all", "completed", "cancelled", "reserved"]);
const STATES = { all: undefined, completed: "completed", cancelled: undefined, reserved: "reserved" };

/** @returns {import("./types").Screen} */
export function historyScreen() {
  /** @type {(typeof FILTERS)[number]} */
  let filter = "all";
  /** @type {Call[] | null} */
  let calls = null;
  /** @type {string | null} */
  let cursor = null;
  let asked = 0;

  async function read() {
    const mine = ++asked;
    try {
      const page = await readCalls({ state: STATES[filter], cursor });
      if (mine !== asked) return;
      calls = [...(calls ?? []), ...page.items];
      cursor = page.next_cursor;
    } catch (problem) {
      if (mine !== asked) return;
      calls ??= [];
      tell("bad", sentence(problem));
    }
    redraw();
  }

  /** @param {string} one */
  function choose(one) {
    [filter, calls, cursor] = [FILTERS.find((each) => each === one) ?? "all", null, null];
    redraw();
    void read();
  }

  void read();
  return {
    title: () => t("app.history"),
    hasTabs: true,
    draw: () => {
      const shown = filter === "cancelled" ? calls?.filter((call) => call.state.startsWith("cancelled") || call.state === "expired") : calls;
      return html`
        <header class="top-bar"><h1 tabindex="-1">${t("app.history")}</h1><div class="top-bar-end"><a class="button quiet" href="/app/cancellations">${t("app.cancellations")}</a></div></header>
        <div class="pad">${segments(t("app.history.filter"), FILTERS.map((value) => ({ value, label: t(`app.history.${value}`) })), filter, choose)}</div>
        <div class="scroll">
          ${!shown ? skeleton(5) : shown.length ? html`<ul class="rows" data-history>${repeat(shown, (call) => call.id, callRow)}</ul>` : empty(t("app.history.empty"), { text: t("app.history.empty.about") })}
          ${cursor ? html`<div class="pad"><button type="button" class="button plain wide" @click=${read}>${t("app.history.more")}</button></div>` : nothing}
        </div>
      `;
    },
  };
}
