// A login, in as little as it takes.

import { identity, router } from "@basalt/plugin";

const signed = async (proof) => ({ method: proof.method, email: proof.user.email, session: await proof.startSession() });

export default router({
  "POST /signup": async (request) => {
    const { email, password } = await request.json();
    return signed(await identity.signUp({ email }, password));
  },
  "POST /login": async (request) => {
    const { email, password } = await request.json();
    return signed(await identity.verifyPassword({ email }, password));
  },
  "GET /me": async () => identity.current(),
  "GET /sessions": async () => identity.sessions(identity.current().sub),
  "POST /logout": async () => {
    await identity.signOut("all");
  },
});
