/** Language and theme: kept in cookies, so that the next page comes right from the server. */

import { page } from "./page.js";
import { t } from "../words.js";
import { segments } from "./parts.js";

const THEMES = /** @type {const} */ (["auto", "light", "dark"]);

/** @param {{ lang?: string, theme?: string }} chosen */
async function keep(chosen) {
  const headers = { accept: "application/json" };
  await fetch("/preferences", { method: "POST", body: new URLSearchParams(chosen), headers }).catch(() => null);
}

/** The address of a page beside the app, which is asked to speak as the app does. @param {string} address */
export function inOurLanguage(address) {
  const url = new URL(address, location.href);
  url.searchParams.set("lang", page.lang);
  return url.href;
}

/** Change the theme at once. @param {string} theme */
export async function setTheme(theme) {
  page.theme = THEMES.find((each) => each === theme) ?? "auto";
  document.documentElement.dataset.theme = page.theme;
  dispatchEvent(new Event("daeri:theme"));
  await keep({ theme: page.theme });
}

/** Change the language; the page comes anew in it. @param {string} lang */
export async function setLanguage(lang) {
  await keep({ lang });
  location.reload();
}

/** Both choices, to put on any screen. @param {() => void} changed */
export function preferences(changed) {
  const languages = [{ value: "ko", label: "한국어" }, { value: "en", label: "English" }];
  const themes = [
    { value: "auto", label: t("phone.theme.auto") },
    { value: "light", label: t("phone.theme.light") },
    { value: "dark", label: t("phone.theme.dark") },
  ];
  return [
    segments(t("phone.language"), languages, page.lang, (lang) => void setLanguage(lang)),
    segments(t("phone.theme"), themes, page.theme, (theme) => {
      void setTheme(theme);
      changed();
    }),
  ];
}
