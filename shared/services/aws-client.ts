// How we call AWS: bounded in time, tried three times.

/** Our tables, executions and buses answer in milliseconds; a function must not hang on one of them. */
export const AWS_CLIENT = {
  maxAttempts: 3,
  requestHandler: {
    connectionTimeout: 2_000,
    /** Until the answer begins. */
    requestTimeout: 5_000,
    throwOnRequestTimeout: true,
    /** Between two pieces of it. */
    socketTimeout: 5_000,
  },
};
