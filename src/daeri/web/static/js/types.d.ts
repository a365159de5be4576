/** The shapes of the live stream: twins of daeri/web/console/live.py. Instants are milliseconds since 1970 (UTC). */

export interface Place {
  lat: number;
  lon: number;
  name: string;
}

/** A call that is under way, or has just ended: its state says so, and the screen lets it go. */
export interface LiveCall {
  id: string;
  number: string;
  version: number;
  state: string;
  service: string;
  origin: Place;
  destination: Place;
  requested_at: number;
  driver_id: string | null;
  driver_name: string | null;
}

/** What dispatch does for one waiting call right now. */
export interface BoardFacts {
  id: string;
  asked: number;
  offered_to: string | null;
  radius_m: number;
  unmet: string | null;
}

/** Drivers by slot, in parallel columns; `ids` and `names` are empty where nobody new came into a slot. */
export interface DriverColumns {
  at: number;
  slots: number[];
  lat: number[];
  lon: number[];
  status: number[];
  ids: string[];
  names: string[];
}

export interface Figures {
  at: number;
  waiting: number;
  offered: number;
  driving: number;
  on_duty: number;
  finished_today: number;
  assign_p50_s: number | null;
}

export interface Snapshot {
  at: number;
  calls: LiveCall[];
  board: BoardFacts[];
  drivers: DriverColumns;
  figures: Figures;
}

export interface Board {
  at: number;
  rows: BoardFacts[];
}

/** An event of the stream as it was decoded. */
export type LiveEvent =
  | { name: "snapshot"; data: Snapshot }
  | { name: "call"; data: LiveCall }
  | { name: "drivers"; data: DriverColumns }
  | { name: "figures"; data: Figures }
  | { name: "board"; data: Board };

/** A driver as the map shows them; `status` is a DriverStatus, see live/state.js. */
export interface Driver {
  lat: number;
  lon: number;
  status: number;
  id: string;
  name: string;
}

/** What a screen knows: the snapshot with every later event applied. */
export interface LiveState {
  /** Server's time of the newest event. */
  at: number;
  calls: Map<string, LiveCall>;
  /** Versions of the calls that ended lately, so that a late event does not bring one back. */
  ended: Map<string, number>;
  board: Map<string, BoardFacts>;
  drivers: Map<number, Driver>;
  figures: Figures | null;
}

export interface Connection {
  status: "connecting" | "live" | "lost" | "signed_out";
  /** When this status began, by this browser's clock. */
  since: number;
}

/** What a page hears, from the shared worker or from its own stream. */
export type LiveMessage =
  | { type: "state"; state: LiveState; connection: Connection }
  | { type: "event"; event: LiveEvent }
  | { type: "connection"; connection: Connection };

export interface PageConfig {
  lang: "ko" | "en";
  /** Whose page this is: tabs share a stream only with tabs of the same account. */
  account: string;
  stream: string;
  session: string;
  basemap: { style_url: string | null; outline_url: string };
  mapWorker: string;
  words: Record<string, string>;
}
