// Says hello to whoever is named in the path.

import { log, router, settings } from "@basalt/plugin";

export default router({
  "GET /{name}": (_request, { name }) => {
    log.info(`greeting ${name}`);
    return { message: `${settings.get("greeting")}, ${name}!` };
  },
});
