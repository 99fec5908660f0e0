/** The logger that every part gets handed in; pino's shape, so that a pino logger is one. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Says nothing; for tests and for library users who want silence. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
