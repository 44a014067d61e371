import type { Reply } from "../reply.ts";
import { type Command, parseOk, unexpected } from "./command.ts";

/** What a server says first, without being asked; `read` reads its text. */
export function greeting<T>(read: (text: string) => T): Command<T> {
  return {
    verb: "the greeting",
    payload: "",
    resend: "never",
    parse(reply: Reply) {
      if (reply.kind === "status") return read(reply.text);
      throw unexpected(reply, "a greeting");
    },
  };
}

/** HELLO: who the client is, and the proof of its password. */
export function hello(payload: string): Command<void> {
  return { verb: "HELLO", payload, resend: "never", parse: parseOk };
}
