/** An error with the text that the Go server would reply. */
export class GoError extends Error {}
