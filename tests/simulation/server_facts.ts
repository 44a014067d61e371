/** The faults of the server of a world, for the rules. */
export class ServerFacts {
  /** Simulated time at which it was last paused or down; `Infinity` while it is down. */
  troubledAt = -Infinity;
  /** The same, without pauses for which clients keep their connections. */
  lostAt = -Infinity;
  /** Simulated time at which its clock was last set. */
  jumpedAt = -Infinity;
  /** Simulated time at which its clock was last set without a restart. */
  setAt = -Infinity;
  /** Simulated time of the last FLUSH. */
  flushedAt = -Infinity;
  /** A server had kept nothing, or its disk had lied. */
  hasLostJobs = false;
  /** A server had not saved its last changes when it ended. */
  hasLostChanges = false;

  /** Records a fault that lasts until `untilMs`. */
  troubled(untilMs: number, isShortPause = false): void {
    this.troubledAt = Math.max(this.troubledAt, untilMs);
    if (!isShortPause) this.lostAt = Math.max(this.lostAt, untilMs);
  }

  /** Records that it is down, until it is up again. */
  down(): void {
    this.troubled(Infinity);
  }

  up(nowMs: number): void {
    this.troubledAt = this.lostAt = nowMs;
  }
}
