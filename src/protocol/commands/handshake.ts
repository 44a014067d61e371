import type { Reply } from "../reply.ts";
import { type Command, parseOk, unexpected } from "./command.ts";

/** The greeting, which a server sends without a command. `read` parses its text. */
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

/** HELLO: identifies the client, with the proof of its password. */
export function hello(payload: string): Command<void> {
  return { verb: "HELLO", payload, resend: "never", parse: parseOk };
}
