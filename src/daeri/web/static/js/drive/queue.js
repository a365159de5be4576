/** The outbox as this app sees it: steps of a drive that wait, and what became of them. */

import { Problem } from "../phone/client.js";
import { onOutcome, put, watch } from "../phone/outbox.js";
import { t } from "../phone/view.js";
import { readToday } from "./days.js";
import { balanceMoved } from "./money.js";
import { change, isOver, setCall, tell } from "./store.js";

/** @typedef {import("./types").Pending} Pending */
/** @typedef {import("./types").Call} Call */
/** @typedef {import("../phone/types").Queued} Queued */

const PATH = /^\/driver\/calls\/([^/]+)\//;
/** Refusals of a step that was done already, as on another device: nothing is wrong. */
const DONE_ALREADY = ["illegal_move"];

/** @param {{ path: string, body?: object | undefined, what: string }} command */
export function queue({ path, body, what }) {
  // What becomes of it is heard by `listen`, also after a reload.
  put(what, path, body).catch(() => {});
}

/** @param {() => Promise<void>} refresh reads the truth anew */
export function listen(refresh) {
  watch(({ pending }) => change({ pending: pending.map(pendingOf) }));
  onOutcome(({ command, answer, problem }) => {
    if (problem) refused(command, problem);
    else if (isCall(answer)) heard(answer);
    refresh().catch(() => {});
  });
}

/** @param {Queued} command @returns {Pending} */
function pendingOf(command) {
  const index = /** @type {{ index?: number } | null} */ (command.body ?? null)?.index;
  return { key: command.key, what: command.name, callId: PATH.exec(command.path)?.[1] ?? null, at: command.made_at, ...(index === undefined ? {} : { index }) };
}

/** @param {any} answer @returns {answer is Call} */
const isCall = (answer) => typeof answer?.id === "string" && typeof answer.state === "string";

/** @param {Call} call */
function heard(call) {
  setCall(call);
  if (!isOver(call)) return;
  readToday();
  balanceMoved();
}

/** @param {Queued} command @param {Problem} problem */
function refused(command, problem) {
  if (DONE_ALREADY.includes(problem.code) && command.attempts > 1) return;
  tell("bad", t("drive.pending.refused", { what: t(`drive.pending.${command.name}`), why: problem.detail }));
}
