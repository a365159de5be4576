/** What the apps' shell and the server say to each other. */

import type { PageConfig } from "../types";

export type AppName = "customer" | "driver";

/** The configuration of an app's page: that of every page, and what only apps need. */
export interface PhoneConfig extends PageConfig {
  app: AppName;
  /** Where the app lives: `/app`, `/drive`. */
  base: string;
  api: string;
  theme: "auto" | "light" | "dark";
  isDemo: boolean;
  icons: string;
  mapScript: string;
  mapStyles: string;
  serviceWorker: string;
  serviceWorkerScope: string;
}

export interface Account {
  id: string;
  role: AppName;
  company_id: string;
  name: string;
}

export interface Session {
  account: Account;
  csrf: string | null;
  language: "ko" | "en";
}

/** A refusal as RFC 9457 has it. */
export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  facts?: Record<string, any>;
  request_id?: string;
}

export interface Challenge {
  challenge_id: string;
  expires_at: string;
  /** In a demo the code itself. */
  code?: string;
}

/** A command that waits to be sent. */
export interface Queued {
  /** Its place in the queue. */
  id: number;
  /** The idempotency key: the same however often it is sent. */
  key: string;
  method: string;
  path: string;
  body: unknown;
  /** Milliseconds since 1970. */
  made_at: number;
  /** Who gave it: it is sent for nobody else. */
  account: string;
  /** What the app calls it: shown while it waits, and told with its answer. */
  name: string;
  attempts: number;
}

export interface OutboxState {
  pending: readonly Queued[];
  /** Whether the last attempt found no network or no server. */
  isStuck: boolean;
}

/** What became of a queued command: an answer, or a refusal. */
export interface Outcome {
  command: Queued;
  answer: any;
  problem: import("./client.js").Problem | null;
}

export interface Screen {
  /** What the screen shows now; called again on every redraw. */
  draw: () => unknown;
  title?: () => string;
  /** The screen is left: stop what it started. */
  leave?: () => void;
}

export type LiveStatus = "connecting" | "live" | "lost" | "signed_out";

export interface LatLon {
  lat: number;
  lon: number;
}

export interface MapMarks {
  origin?: LatLon | null;
  destination?: LatLon | null;
  vias?: readonly LatLon[];
  driver?: LatLon | null;
  /** Where this telephone is. */
  here?: LatLon | null;
  /** Points of the way, first to last, as [lat, lon]. */
  route?: readonly (readonly [number, number])[] | null;
}
