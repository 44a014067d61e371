/**
 * Every `code` that a {@linkcode FaktoryError} can have, so that TypeScript checks a `switch` or a
 * table of codes. A later version may add codes: keep a `default` case.
 *
 * Configuration, found before anything is sent (`ConfigError`):
 * - `INVALID_URL`: the server's URL, or the URL of an `isolated` module, cannot be used.
 * - `INVALID_OPTION`: an option is unknown, or its value is invalid.
 * - `INVALID_MODULE`: the module of `isolated` cannot be loaded.
 * - `MISSING_VARIABLE`: the environment variable that `FAKTORY_PROVIDER` names is not set.
 * - `MISSING_PERMISSION`: Deno has not granted a permission that this needs.
 * - `UNSUPPORTED_RUNTIME`: the runtime lacks something that this needs, such as sockets.
 * - `FAKE_TIMERS`: fake timers stop the sockets of the embedded server.
 * - `INVALID_DATA`: the embedded server's data is damaged, or belongs to another program.
 * - `DATA_IN_USE`: another server has the data open.
 * - `DATA_UNAVAILABLE`: the data cannot be read or written now.
 *
 * Jobs (`InvalidJobError`):
 * - `INVALID_JID`, `INVALID_TYPE`, `INVALID_ARGS`, `INVALID_QUEUE`, `INVALID_RETRY`, `INVALID_AT`,
 * `INVALID_DELAY`, `INVALID_RESERVE_FOR`, `INVALID_BACKTRACE`, `INVALID_CUSTOM`, `INVALID_UNIQUE`,
 * `INVALID_EXPIRES`: this property of the job is invalid.
 * - `INVALID_JOB`: the value is not a job, or it has an unknown property.
 * - `JOB_TOO_LARGE`: the job takes more than 48 MiB as JSON.
 * - `SCHEMA_FAILED`: the schema of the job's type threw an error instead of reporting issues.
 *
 * Other arguments (`InvalidArgumentError`):
 * - `INVALID_ARGUMENT`: an argument is invalid.
 * - `INVALID_QUEUE`: the name of a queue is invalid.
 * - `INVALID_FILTER`: a filter of jobs is invalid.
 * - `FILTER_MATCHES_ALL`: the filter matches all jobs, and `all` was not passed.
 *
 * Connecting (`ConnectError`, `TlsError`, `AuthenticationError`, `VersionError`):
 * - `CONNECTION_REFUSED`: nothing listens at this address.
 * - `HOST_NOT_FOUND`: the host name cannot be resolved.
 * - `HOST_UNREACHABLE`: the network has no route to the host.
 * - `CONNECT_TIMEOUT`: the server did not answer in time.
 * - `CONNECT_FAILED`: the attempt failed for another reason.
 * - `TOO_MANY_CONNECTIONS`: the server accepts no more connections.
 * - `TLS_CERTIFICATE`: the server's certificate cannot be verified.
 * - `TLS_FAILED`: TLS could not be set up.
 * - `PASSWORD_REQUIRED`: the server wants a password, and none was passed.
 * - `PASSWORD_REFUSED`: the server refused the password.
 * - `PASSWORD_UNAVAILABLE`: the function that returns the password failed.
 * - `UNSUPPORTED_VERSION`: the server speaks another version of the protocol.
 * - `HANDSHAKE_REFUSED`: the server asks for a handshake that is not safe to make.
 *
 * Commands (`ConnectionLostError`, `TimeoutError`, `ProtocolError`, `ServerError`):
 * - `CONNECTION_LOST`: the connection ended before the reply.
 * - `COMMAND_TIMEOUT`: the server did not reply in time.
 * - `DEADLINE_PASSED`: there was no connection until the command's deadline.
 * - `TOO_MANY_WAITING`: too many commands wait for a connection.
 * - `CLOSE_TIMED_OUT`: the producer was closed, and gave up on the command.
 * - `PROTOCOL_VIOLATION`: the peer does not speak the Faktory protocol.
 * - `REPLY_TOO_LARGE`: a reply is larger than the limit.
 * - `UNEXPECTED_REPLY`: the reply does not fit the command.
 * - `UNSUPPORTED_COMMAND`: the server is too old to know the command.
 * - `SERVER_ERROR`: the server replied with an error.
 * - `STORE_FAILED`: the server's store failed. The command may have been executed.
 * - `NOT_UNIQUE`: a unique job like this one exists (Enterprise).
 * - `JOB_NOT_FOUND`: the server has no reservation of the job.
 * - `UNKNOWN_WORKER`: the server does not know the worker.
 * - `LATENCY_UNKNOWN`: the server cannot tell the age of a queue's oldest job.
 * - `ENTERPRISE_ONLY`: the command needs Faktory Enterprise.
 * - `SERVER_SHUTDOWN`: the server is shutting down.
 *
 * Use of an object in the wrong state (`StateError`):
 * - `CLOSED`: the object is closed.
 * - `ALREADY_RUNNING`: the consumer, schedule or supervisor is running.
 * - `NOT_REGISTERED`: no handler is registered for the job's type.
 * - `REQUEUE_REFUSED`: a worker requeued a job without a run, and the server refused it.
 * - `BATCH_COMMITTED`: the batch is committed and takes no more jobs.
 * - `ENQUEUE_ABORTED`: the call's `signal` was aborted before the job was sent.
 * - `NEXT_CALLED_TWICE`: a middleware called `next` twice.
 * - `NEXT_CALLED_LATE`: a middleware called `next` after it had returned.
 * - `NEXT_NOT_CALLED`: a middleware neither called `next` nor returned a jid.
 * - `INVALID_CHOICE`: the function for `queues` returned something else than names of queues.
 * - `THREAD_DIED`: the thread of an `isolated` handler crashed or could not be started.
 *
 * Aborted jobs (`JobAbortedError`):
 * - `RESERVATION_EXPIRED`: the job's reservation is about to end.
 * - `STOPPED`: the worker stops.
 * - `CRASHED`: the worker's program crashed.
 * - `TIMED_OUT`: the job exceeded its time limit.
 * - `CANCELLED`: the job was cancelled.
 *
 * Other entries:
 * - `WRITE_FAILED`: the embedded server could not save a change, and has ended (`StoreError`).
 * - `INVALID_JSON`, `INVALID_LINE`, `INVALID_UTF8`, `LINE_TOO_LONG`: a line is not a job
 *   (`NdjsonError`).
 * - `NOT_ENQUEUED`, `ENQUEUED`, `NEVER_EMPTY`: an assertion of a test failed (`AssertionError`).
 */
export type FaktoryErrorCode =
  | "INVALID_URL"
  | "INVALID_OPTION"
  | "INVALID_MODULE"
  | "MISSING_VARIABLE"
  | "MISSING_PERMISSION"
  | "UNSUPPORTED_RUNTIME"
  | "FAKE_TIMERS"
  | "INVALID_DATA"
  | "DATA_IN_USE"
  | "DATA_UNAVAILABLE"
  | "INVALID_JID"
  | "INVALID_TYPE"
  | "INVALID_ARGS"
  | "INVALID_QUEUE"
  | "INVALID_RETRY"
  | "INVALID_AT"
  | "INVALID_DELAY"
  | "INVALID_RESERVE_FOR"
  | "INVALID_BACKTRACE"
  | "INVALID_CUSTOM"
  | "INVALID_UNIQUE"
  | "INVALID_EXPIRES"
  | "INVALID_JOB"
  | "JOB_TOO_LARGE"
  | "SCHEMA_FAILED"
  | "INVALID_ARGUMENT"
  | "INVALID_FILTER"
  | "FILTER_MATCHES_ALL"
  | "CONNECTION_REFUSED"
  | "HOST_NOT_FOUND"
  | "HOST_UNREACHABLE"
  | "CONNECT_TIMEOUT"
  | "CONNECT_FAILED"
  | "TOO_MANY_CONNECTIONS"
  | "TLS_CERTIFICATE"
  | "TLS_FAILED"
  | "PASSWORD_REQUIRED"
  | "PASSWORD_REFUSED"
  | "PASSWORD_UNAVAILABLE"
  | "UNSUPPORTED_VERSION"
  | "HANDSHAKE_REFUSED"
  | "CONNECTION_LOST"
  | "COMMAND_TIMEOUT"
  | "DEADLINE_PASSED"
  | "TOO_MANY_WAITING"
  | "CLOSE_TIMED_OUT"
  | "PROTOCOL_VIOLATION"
  | "REPLY_TOO_LARGE"
  | "UNEXPECTED_REPLY"
  | "UNSUPPORTED_COMMAND"
  | "SERVER_ERROR"
  | "STORE_FAILED"
  | "NOT_UNIQUE"
  | "JOB_NOT_FOUND"
  | "UNKNOWN_WORKER"
  | "LATENCY_UNKNOWN"
  | "ENTERPRISE_ONLY"
  | "SERVER_SHUTDOWN"
  | "CLOSED"
  | "ALREADY_RUNNING"
  | "NOT_REGISTERED"
  | "REQUEUE_REFUSED"
  | "BATCH_COMMITTED"
  | "ENQUEUE_ABORTED"
  | "NEXT_CALLED_TWICE"
  | "NEXT_CALLED_LATE"
  | "NEXT_NOT_CALLED"
  | "INVALID_CHOICE"
  | "THREAD_DIED"
  | "RESERVATION_EXPIRED"
  | "STOPPED"
  | "CRASHED"
  | "TIMED_OUT"
  | "CANCELLED"
  | "WRITE_FAILED"
  | "INVALID_JSON"
  | "INVALID_LINE"
  | "INVALID_UTF8"
  | "LINE_TOO_LONG"
  | "NOT_ENQUEUED"
  | "ENQUEUED"
  | "NEVER_EMPTY";
