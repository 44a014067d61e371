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
import { brand, internalsOf } from "./internal/brand.ts";
import { Job, type JobInternals, readForeign, readJob } from "./job/job.ts";

// The classes are branded here, not where they are defined, to keep this code out of bundles of
// `./edge`, which contain only one copy of each class. Bundlers drop a module if nothing of it is
// used, so modules that need the brands import `brand` from this file.
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
readForeign((job) => internalsOf<JobInternals>("Job", job));

export { brand };
