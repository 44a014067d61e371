import { onAbort } from "../internal/aborts.ts";
import type { Command } from "../protocol/commands/command.ts";

/**
 * A command on its way, and who waits for its reply.
 *
 * On the path of jobs these are instances of classes. An object literal with a getter would do, but
 * makes engines keep a hidden class for each one, and with it all that it refers to: half the time
 * went into collecting that.
 */
export interface Request<T = unknown> {
  readonly command: Command<T>;
  /** Takes what the reply says. */
  resolve(value: T): void;
  /** Takes the server's refusal, or why no reply came. */
  reject(error: unknown): void;
  /** Not to be sent after this time, in milliseconds since 1970. */
  readonly notAfter?: number | undefined;
  /** How much it is for the server to do, counted in commands such as PUSH. @default 1 */
  readonly weight?: number;
  /** Nobody waits any longer: not to be sent if it was not yet. */
  readonly cancelled?: boolean;
  /** It is about to be sent, perhaps not for the first time. */
  sending?(): void;
  /** Sent before on a connection that was lost, so that the server may know it already. */
  resent?: boolean;
}

/** Sends a command by `send` and gives what its reply says. */
export function request<T>(
  send: (request: Request) => void,
  command: Command<T>,
  options: { notAfter?: number | undefined; signal?: AbortSignal | undefined } = {},
): Promise<T> {
  const { notAfter, signal } = options;
  return new Promise<T>((resolve, reject) => {
    if (signal === undefined) {
      return send({ command, resolve, reject, notAfter } as Request);
    }
    if (signal.aborted) return reject(signal.reason);
    const entry = {
      command,
      notAfter,
      cancelled: false,
      resolve(value: T) {
        forget();
        resolve(value);
      },
      reject(error: unknown) {
        forget();
        reject(error);
      },
    };
    const forget = onAbort(signal, () => {
      entry.cancelled = true;
      reject(signal.reason);
    });
    send(entry as Request);
  });
}
