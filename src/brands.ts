import {
  AuthenticationError,
  ConfigError,
  ConnectError,
  ConnectionLostError,
  EnterpriseOnlyError,
  FaktoryError,
  InvalidArgumentError,
  InvalidJobError,
  JobAbortedError,
  JobNotFoundError,
  NotUniqueError,
  ProtocolError,
  ServerError,
  ServerShutdownError,
  StateError,
  StoreError,
  TimeoutError,
  TlsError,
  UnknownWorkerError,
  VersionError,
} from "./errors.ts";
import { brand, insidesOf } from "./internal/brand.ts";
import { type Insides, Job, readForeign, readJob } from "./job/job.ts";

/*
 * Not where the classes are: bundles of `./edge`, which have one copy of everything, do without it. Bundlers leave out modules
 * of which nothing is used, so what must not go without it imports `brand` from here.
 */
brand({
  FaktoryError,
  ConfigError,
  InvalidJobError,
  InvalidArgumentError,
  ConnectError,
  TlsError,
  AuthenticationError,
  VersionError,
  ConnectionLostError,
  TimeoutError,
  ProtocolError,
  StateError,
  JobAbortedError,
  StoreError,
  ServerError,
  NotUniqueError,
  JobNotFoundError,
  UnknownWorkerError,
  EnterpriseOnlyError,
  ServerShutdownError,
});
brand({ Job }, readJob);
readForeign((job) => insidesOf<Insides>("Job", job));

export { brand };
