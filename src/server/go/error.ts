/** What Go says of what it cannot do; its message is a client's reply. */
export class GoError extends Error {}
