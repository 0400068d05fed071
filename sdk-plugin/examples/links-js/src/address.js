// What a link may lead to.

import { problem } from "@basalt/plugin";

/**
 * An address of the web. Nothing else: a link to `javascript:` would run in the page that shows it.
 * @param {unknown} url
 */
export function address(url) {
  const isWeb = typeof url === "string" && /^https?:\/\/[^\s/?#]+[^\s]*$/i.test(url);
  if (!isWeb) throw problem("request.invalid", "`url` has to be an address that begins with http:// or https://");
  return url;
}
