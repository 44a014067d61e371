import { numbers } from "../../tests/faults/numbers.ts";
import type { TcpProxy } from "../../tests/faults/tcp_proxy.ts";

/** Shortest and longest time between two faults, in milliseconds. */
const LEAST_MS = 4000;
const MOST_MS = 10_000;

/** Breaks the connections of a proxy from time to time. Returns a function that ends the faults. */
export function injectFaults(proxy: TcpProxy): () => void {
  const random = numbers(1);
  let timer: ReturnType<typeof setTimeout>;
  const wait = () => {
    timer = setTimeout(() => {
      strike(proxy, random());
      wait();
    }, LEAST_MS + random() * (MOST_MS - LEAST_MS));
  };
  wait();
  return () => {
    clearTimeout(timer);
    proxy.cutNext(0);
  };
}

function strike(proxy: TcpProxy, chance: number): void {
  if (chance < 0.25) return void proxy.silence();
  // Only a new connection can be cut in its handshake, so the open ones are reset.
  if (chance < 0.5) proxy.cutNext(2);
  proxy.reset();
}
