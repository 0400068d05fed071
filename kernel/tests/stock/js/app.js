// A component for any host of wasi:http, written for none in particular: fetch events in, fetch out.
addEventListener("fetch", (event) => event.respondWith(handle(event.request)));

async function handle(request) {
  const { pathname, searchParams } = new URL(request.url);
  console.log(`${request.method} ${pathname}`);
  if (searchParams.has("from")) return relay(searchParams.get("from"), request);
  return Response.json({
    path: pathname,
    query: Object.fromEntries(searchParams),
    role: request.headers.get("x-basalt-role"),
    mount: request.headers.get("x-basalt-mount"),
    mine: request.headers.get("x-mine"),
    body: await request.text(),
    unlike: crypto.randomUUID(),
  }, { status: 203, headers: { "x-made-by": "javascript" } });
}

async function relay(url, request) {
  try {
    const body = request.method === "POST" ? await request.text() : undefined;
    const answer = await fetch(url, { method: request.method, headers: { "x-relayed": "yes" }, body });
    return Response.json({ status: answer.status, body: await answer.text() });
  } catch (fault) {
    console.error(`no answer: ${fault}`);
    return Response.json({ fault: `${fault}` }, { status: 502 });
  }
}
