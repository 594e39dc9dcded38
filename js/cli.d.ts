/**
 * The command `prisma-guard`, synchronously: prints by itself.
 *
 * @param args what follows the command's name, for example `['scan', '--format', 'json']`.
 * @returns the exit code: 0 done, 1 the work failed or findings exist, 77 refused, 78 could not decide.
 */
declare function commandLine(args: string[]): number
export = commandLine
