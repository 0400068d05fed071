// What time it is. `Date.now()` and `performance.now()` ask here too, when the manifest wants the clock.

import { monotonic as elapsed, now as today } from "#host/clock";

/** Milliseconds since 1970, as `Date.now()` has them. */
export const now = () => Math.floor(today() / 1000);

/** Milliseconds since some moment, as `performance.now()` has them. */
export const monotonic = () => elapsed() / 1e6;
