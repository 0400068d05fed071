// `dispatch` as a test scripts it.

import { send as exchange } from "../exchange.js";

export const send = (outgoing) => exchange("dispatch", outgoing);
