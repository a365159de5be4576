/** What the page says of this app, and who uses it. */

import { me, signOut } from "../phone/client.js";
import { page } from "../phone/page.js";
import { forgetTruth } from "./kept.js";

/** Map links beside the phone's own, by setting. @typedef {{ name: string, url: string }} MapLink */

/** @type {readonly MapLink[]} */
export const navigation = /** @type {typeof page & { navigation?: MapLink[] }} */ (page).navigation ?? [];

export const account = () => me()?.account ?? { id: "", name: "" };

/** End the session on this phone; nothing of the driver stays on it. */
export async function leave() {
  forgetTruth();
  await signOut().catch(() => {});
}
