/**
 * The connection string for `datasource.url` and `datasource.shadowDatabaseUrl` in `prisma.config.ts`: the real one where
 * the running Prisma command may have that target, and an inert one where the command needs no database or the process is
 * not the Prisma CLI (an editor, an import checker). Any other command ends the process with a refusal.
 *
 * @param nameOrUrl the name of an environment variable (`'DATABASE_URL'`), or a connection string.
 * @throws {import('../index.js').GuardError} where no such variable is set, or the native part is missing.
 */
export declare function databaseUrl(nameOrUrl: string): string
