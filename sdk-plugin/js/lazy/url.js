// `URL` for those who use it: with its tables of domain names it makes a component a megabyte larger.

import URL from "core-js-pure/actual/url/index.js";

export { URL };
