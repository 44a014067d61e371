import { readFileSync } from "node:fs";
import process from "node:process";

/**
 * The most memory that this process ever had resident, in bytes. Linux tells it in /proc; `maxRSS` counts there what the
 * process that started this one had as well, and serves where there is no /proc.
 */
export function peakBytes(): number {
  try {
    const kib = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    if (kib !== undefined) return Number(kib) * 1024;
  } catch {
    // Not on Linux.
  }
  return process.resourceUsage().maxRSS * 1024;
}
