/** What a server has confirmed, and what it was seen to do against that. */
export class Ledger {
  /** PUSH was confirmed. */
  readonly enqueued = new Set<string>();
  /** FETCH gave it, and nothing was said of it since. */
  readonly fetched = new Set<string>();
  /** ACK was sent: unless it is confirmed, the job may be done or not. */
  readonly acknowledging = new Set<string>();
  /** ACK was confirmed. */
  readonly acknowledged = new Set<string>();
  /** What must not be, a line each. */
  readonly violations: string[] = [];

  /** A job was given out. */
  gave(jid: string): void {
    if (this.acknowledged.has(jid)) this.violations.push(`${jid} ran again after its ACK`);
    else if (this.fetched.has(jid)) this.violations.push(`${jid} ran while it was reserved`);
    this.fetched.add(jid);
  }

  /** Compares with everything that a server has. */
  compare(present: readonly string[]): void {
    const there = new Set(present);
    for (const jid of this.enqueued) {
      const isOpen = !this.acknowledged.has(jid) && !this.acknowledging.has(jid);
      if (isOpen && !there.has(jid)) this.violations.push(`${jid} was confirmed and is lost`);
    }
    for (const jid of there) {
      if (this.acknowledged.has(jid)) this.violations.push(`${jid} is there after its ACK`);
    }
    if (there.size < present.length) {
      this.violations.push(`${present.length - there.size} jobs are there twice`);
    }
  }
}
