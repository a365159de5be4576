/** The configuration of this page, as an app's shell carries it. */

import { config } from "../words.js";

export const page = /** @type {import("./types").PhoneConfig} */ (config);
