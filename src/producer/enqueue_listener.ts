/** Receives the result of a job that is being enqueued. */
export interface EnqueueListener {
  /** Called when the server has accepted the job. */
  done(jid: string): void;
  /** Called when the server has refused the job, or may not have received it. */
  failed(jid: string, error: unknown): void;
  /** True if the caller no longer waits. A job that is not sent yet is then dropped. */
  readonly cancelled?: boolean;
}
