import {
  connectTimedOut,
  endedEarly,
  GREETING,
  passwordRequired,
} from "../connection/dial_errors.ts";
import { greeting, hello } from "../protocol/commands/handshake.ts";
import { PROTOCOL_VERSION, readGreeting } from "../protocol/handshake.ts";
import { Link } from "./link.ts";
import type { Settings } from "./options.ts";
import type { Passwords } from "./password.ts";

/** Opens a connection and completes the handshake within `connectTimeoutMs`. */
export async function open(settings: Settings, passwords: Passwords | undefined): Promise<Link> {
  const { clock, connectTimeoutMs, target, transport } = settings;
  const abandon = new AbortController();
  let link: Link | undefined;
  let cancelTimer = () => {};
  const timeout = new Promise<never>((_, reject) => {
    cancelTimer = clock.after(connectTimeoutMs, () => {
      const error = connectTimedOut(target, connectTimeoutMs, link?.isSilent === true);
      reject(error);
      abandon.abort(error);
    });
  });
  const opening = async () => {
    link = new Link(await transport.connect(target, { signal: abandon.signal }), settings);
    if (abandon.signal.aborted) link.end(abandon.signal.reason);
    await shakeHands(link, settings, passwords);
    return link;
  };
  try {
    return await Promise.race([opening(), timeout]);
  } catch (error) {
    link?.end(error as Error);
    throw error;
  } finally {
    cancelTimer();
  }
}

async function shakeHands(
  link: Link,
  { target, password, username }: Settings,
  passwords: Passwords | undefined,
): Promise<void> {
  const replyOrError = <T>(reply: Promise<T>, awaited: string) =>
    reply.catch((error) => {
      throw endedEarly(error, target, awaited);
    });
  const challenge = await replyOrError(link.expect(greeting(readGreeting)), GREETING);
  let pwdhash: string | undefined;
  if (challenge.s !== undefined) {
    if (password === undefined || passwords === undefined) throw passwordRequired(target);
    pwdhash = passwords.prove(password, challenge);
  }
  const payload = JSON.stringify({ v: PROTOCOL_VERSION, pwdhash, username });
  try {
    await replyOrError(link.send(hello(payload)), "its reply to HELLO");
  } catch (error) {
    throw passwords === undefined ? error : passwords.refused(error, target);
  }
  if (link.error !== undefined) throw endedEarly(link.error, target, "the first command");
}
