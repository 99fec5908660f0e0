/** The reason of a failed file operation in a few words. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a directory',
  EEXIST: 'a file is in its place',
  ENOTDIR: 'a part of its path is a file',
  EROFS: 'the file system is read-only',
  ELOOP: 'its symbolic links lead in a circle',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'it is not UTF-8 text',
};

export function fileErrorText(cause: unknown): string {
  const { code } = cause as { code?: string };
  return REASONS[code ?? ''] ?? (cause instanceof Error ? cause.message : String(cause));
}
