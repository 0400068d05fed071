// Says hello.

import { log, router } from "@basalt/plugin";

export default router({
  "GET /{name}": (request, { name }) => {
    log.info("said hello", { name });
    return `hello, ${name}`;
  },
});
