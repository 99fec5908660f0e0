/** The field names of the hash templates of a file (Redis 8.10), by id. */
export type TemplateNames = ReadonlyMap<number, readonly Uint8Array[]>;

export const NO_TEMPLATES: TemplateNames = new Map();
