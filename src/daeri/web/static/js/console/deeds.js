/** What staff do: asked for with a reason, done once, told at once. */

import { newKey, Problem, send } from "../phone/client.js";
import { area, button, notice } from "../phone/parts.js";
import { openSheet, toast } from "../phone/sheet.js";
import { html, nothing, t } from "../phone/view.js";

/**
 * Ask for a reason and send it; true when it was done. A refusal is shown where it was asked for.
 * @param {{ title: string, text?: string, yes: string, danger?: boolean, path: string, body?: (reason: string) => unknown, more?: (redraw: () => void) => unknown, isReady?: () => boolean, isReasonless?: boolean, method?: string }} deed
 * @returns {Promise<boolean>}
 */
export async function act({ title, text = "", yes, danger = false, path, body = (reason) => ({ reason }), more, isReady = () => true, isReasonless = false, method = "POST" }) {
  let [reason, wrong, isBusy, key] = ["", "", false, newKey()];
  const done = await openSheet(
    title,
    (/** @type {(value?: boolean) => void} */ close, redraw) => {
      const go = async () => {
        [isBusy, wrong] = [true, ""];
        redraw();
        try {
          await send(path, body(reason.trim()), { key, method });
          close(true);
        } catch (problem) {
          if (!(problem instanceof Problem)) throw problem;
          // What nobody answered may have been done: the same key asks for the same answer.
          if (!problem.isPassing) key = newKey();
          wrong = problem.detail;
        }
        isBusy = false;
        redraw();
      };
      const typed = (/** @type {string} */ value) => {
        reason = value;
        redraw();
      };
      return html`
        ${text ? html`<p class="sheet-text">${text}</p>` : nothing}
        ${more ? more(redraw) : nothing}
        ${isReasonless ? nothing : area("reason", t("ops.reason"), reason, typed, { maxlength: 500, hint: t("ops.reason.hint") })}
        ${wrong ? notice(wrong, "bad") : nothing}
        <div class="sheet-actions">
          ${button(t("ops.back"), () => close(false))}
          ${button(yes, go, { kind: danger ? "danger" : "primary", busy: isBusy, disabled: !isReady() || (!isReasonless && !reason.trim()) })}
        </div>`;
    },
    { kind: "dialog" },
  );
  if (done) toast(t("ops.done"));
  return done === true;
}
