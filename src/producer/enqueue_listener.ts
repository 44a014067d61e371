/** Who waits for what becomes of a job. */
export interface EnqueueListener {
  /** The server has it. */
  done(jid: string): void;
  /** The server refused it, or it is unknown whether it has it. */
  failed(jid: string, error: unknown): void;
  /** Nobody waits any longer: not to be sent if it was not yet. */
  readonly cancelled?: boolean;
}
