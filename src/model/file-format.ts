/** What a file that is loaded can be taken for. `resp` is commands, as in an AOF. */
export const FILE_FORMATS = ['rdb', 'aof', 'resp', 'jsonl', 'json'] as const;

export type FileFormat = (typeof FILE_FORMATS)[number];
