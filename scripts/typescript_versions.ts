/**
 * The versions of TypeScript that the package's declarations are checked with, pinned, from the oldest that has
 * `AsyncDisposable`; beside the project's own. `docs/requirements.md` names the oldest.
 */
export const typescriptVersions = ["5.2.2", "5.4.5", "5.7.3", "5.9.3", "7.0.2"] as const;
