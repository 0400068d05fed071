// What promise-polyfill looks for when it is loaded, and never uses here.

globalThis.setTimeout = undefined;
