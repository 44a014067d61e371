import { onAbort } from "../internal/aborts.ts";
import type { Command } from "../protocol/commands/command.ts";

/**
 * A command with the callbacks for its reply.
 *
 * On the path of jobs these are instances of classes. With an object literal that has a getter,
 * engines keep a hidden class for each object, and everything it refers to; collecting that took
 * half of the time.
 */
export interface Request<T = unknown> {
  readonly command: Command<T>;
  /** Called with the parsed reply. */
  resolve(value: T): void;
  /** Called with the server's error, or the reason why there is no reply. */
  reject(error: unknown): void;
  /** The command is not sent after this time, in milliseconds since 1970. */
  readonly notAfter?: number | undefined;
  /** Amount of work for the server, in commands such as PUSH. @default 1 */
  readonly weight?: number;
  /** True if the caller no longer waits. The command is then not sent, if it was not sent yet. */
  readonly cancelled?: boolean;
  /** Called each time before the command is sent. */
  sending?(): void;
  /**
   * True if the command was sent before on a lost connection, so that the server may have executed
   * it.
   */
  resent?: boolean;
}

/** Sends a command with `send` and returns the parsed reply. */
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
        removeListener();
        resolve(value);
      },
      reject(error: unknown) {
        removeListener();
        reject(error);
      },
    };
    const removeListener = onAbort(signal, () => {
      entry.cancelled = true;
      reject(signal.reason);
    });
    send(entry as Request);
  });
}
